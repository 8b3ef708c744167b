"""A model that falls silent in its answer: the line is kept open, then the turn ends with what was said."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.conftest import Figures
from tests.stack.client import Stack, Stream, eventually
from tests.stack.conftest import IMPATIENT
from tests.stack.sse import check_stream
from tests.stack.watching import watch

pytestmark = pytest.mark.stack

TEXT: Final = "/say one two three four"
KEEP_ALIVE_S: Final = float(IMPATIENT["KEEP_ALIVE_S"])
LIMIT_S: Final = float(IMPATIENT["DELTA_TIMEOUT_S"])
EARLY_S: Final = 0.3
LATE_S: Final = 2.5
"""How much sooner or later a piece of the stream may be read on a loaded machine."""


def _comments(told: Stream) -> int:
    """Return how many comments came between the last chunk and the end."""
    chunk_s, end_s = told.of("chunk")[-1].at_s, told.events[-1].at_s
    return sum(chunk_s < at_s < end_s for at_s in told.keep_alives)


def test_silence_is_bridged_by_comments_and_ended_at_its_limit(
    impatient_stack: Stack, figures: Figures
) -> None:
    impatient_stack.emulator.fail("silence", after_deltas=3, times=None)
    conversation = impatient_stack.person().begin()
    told = conversation.say(TEXT)
    comments, silent_s = _comments(told), told.events[-1].at_s - told.of("chunk")[-1].at_s
    figures(f"a model silent for {silent_s:.2f} s (limit {LIMIT_S:g} s): {comments} keep-alives")
    assert LIMIT_S - EARLY_S <= silent_s < LIMIT_S + LATE_S
    assert 2 <= comments <= silent_s / KEEP_ALIVE_S + 1
    assert (told.last["code"], told.last["retryable"]) == ("MODEL_STREAM_INTERRUPTED", True)
    assert told.answer == "one two three "
    assert told.last["savedContent"] == told.text
    _, partial = conversation.stored()
    assert (partial["status"], partial["content"]) == ("partial", told.text)
    eventually(lambda: impatient_stack.emulator.calls()[-1]["closedEarly"])


def test_who_watches_a_silent_turn_from_elsewhere_is_kept_on_the_line_too(impatient_stack: Stack) -> None:
    impatient_stack.emulator.fail("silence", after_deltas=3, times=None)
    conversation = impatient_stack.person().begin()
    with conversation.stream(TEXT) as stream, ThreadPoolExecutor(1) as threads:
        stream.until("start")
        watcher = threads.submit(watch, conversation)
        stream.read()
        watched = watcher.result()
    check_stream(watched.events)
    assert watched.replay() == stream.replay()
    assert watched.keep_alives
