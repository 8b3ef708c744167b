"""Twenty turns at once: each is a stream of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation, Stack, Stream

pytestmark = pytest.mark.stack

TURNS = 20
WORDS = 20


def _text(number: int) -> str:
    return " ".join(f"turn-{number}-word-{word}" for word in range(WORDS))


def _say_together(conversations: list[Conversation]) -> list[tuple[float, Stream]]:
    """Say something in each at the same moment; each stream comes with the time of its request."""
    gate = threading.Barrier(len(conversations))

    def say(number: int, conversation: Conversation) -> tuple[float, Stream]:
        gate.wait()
        stream = conversation.say(f"/say {_text(number)}")
        return stream.sent_s, stream

    with ThreadPoolExecutor(len(conversations)) as threads:
        return list(threads.map(say, range(len(conversations)), conversations))


def test_twenty_turns_at_once_stream_side_by_side_and_never_mix(stack: Stack, figures: Figures) -> None:
    stack.emulator.play(routerMs=50, firstTokenMs=500, interTokenMs=120)
    conversations = [stack.person().begin() for _ in range(TURNS)]
    told = _say_together(conversations)
    for number, (conversation, (_, stream)) in enumerate(zip(conversations, told, strict=True)):
        assert stream.answer == _text(number)
        assert stream.last["aiMessage"]["content"] == stream.text
        assert stream.events[0].data["conversationId"] == conversation.id
    assert len({stream.turn_id for _, stream in told}) == TURNS
    first_chunks = [sent_s + stream.of("chunk")[0].at_s for sent_s, stream in told]
    completes = [sent_s + stream.events[-1].at_s for sent_s, stream in told]
    lead_s = min(completes) - max(first_chunks)
    figures(f"{TURNS} turns at once: the last first chunk {lead_s:.2f} s before the first `complete`")
    assert lead_s > 0
    assert len(stack.emulator.calls()) == 2 * TURNS
