"""Generation: read the answer's deltas in a thread of its own, within limits of silence, time and size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from libs.coach_conversation.errors import ModelFailed, ModelSilent, ModelStreamInterrupted
from libs.coach_conversation.inbox import SILENCE, Inbox
from libs.coach_conversation.ports import Delta, Executor, Metered, ModelCall, Stop
from libs.coach_conversation.types import Limits, Usage

MAX_PIECE_BYTES: Final = 32_768
BYTES_A_CHARACTER: Final = 4


@dataclass(frozen=True, slots=True)
class Generated:
    """How generation ended."""

    stop_reason: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class _Ended:
    """The reader is done; `failure` says why where it did not end by itself."""

    failure: BaseException | None


def _read(call: ModelCall, inbox: Inbox) -> None:
    failure: BaseException | None = None
    try:
        for event in call.events():
            inbox.put((call, event))
    except BaseException as error:  # noqa: BLE001 - carried to the turn's thread, which raises it
        failure = error
    inbox.put((call, _Ended(failure)))


def generate(call: ModelCall, inbox: Inbox, executor: Executor, limits: Limits) -> Iterator[str | Generated]:
    """Yield the answer's deltas as they come, then one `Generated`.

    The queue between the threads has no bound of its own: whoever takes from it waits for no
    client, and the answer's size is limited.

    Raises  ModelStreamInterrupted: silence, no stop, no text; other TurnFailed as the call raises them
    """
    reader = executor.submit(lambda: _read(call, inbox))
    try:
        yield from _within_limits(call, inbox, limits)
    finally:
        if not reader.done():
            call.abandon()
            reader.result()


def _within_limits(call: ModelCall, inbox: Inbox, limits: Limits) -> Iterator[str | Generated]:
    room, timeout_s = limits.max_answer_bytes, limits.first_delta_timeout_s
    stop_reason: str | None = None
    usage = Usage(model_calls=1)
    held = ""
    while True:
        arrived = inbox.take(timeout_s)
        if arrived is SILENCE:
            silence = ModelSilent(f"the model said nothing for {timeout_s:g} s; ask again")
            arrived = call, _Ended(silence)
        match _of(call, arrived):
            case Delta(piece):
                text, held = _whole_characters(held + piece)
                data = text.encode()
                size = len(data)
                if size > min(room, MAX_PIECE_BYTES):
                    yield from _pieces(data[:room])
                elif text:
                    yield text
                if size > room:
                    yield Generated("max_tokens", usage)
                    return
                room -= size
                timeout_s = limits.delta_timeout_s
            case Stop(reason):
                stop_reason = reason
            case Metered(metered):
                usage = metered
            case _Ended(failure):
                answered = room < limits.max_answer_bytes
                yield _generated(failure, stop_reason, usage, answered=answered)
                return


def _whole_characters(text: str) -> tuple[str, str]:
    """Return the text without a first half of a surrogate pair at its end, and that half, held back.

    A half that is alone is replaced.
    """
    if text.isascii():
        return text, ""
    held = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    whole = text.removesuffix(held)
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), held


def _pieces(data: bytes) -> Iterator[str]:
    """Cut a text between characters, into pieces that fit any log entry; a torn last character goes."""
    text = data.decode(errors="ignore")
    step = MAX_PIECE_BYTES // BYTES_A_CHARACTER
    return (text[start : start + step] for start in range(0, len(text), step))


def _of(call: ModelCall, arrived: object) -> object:
    """Return what this call's reader put; what others left in the inbox is nothing."""
    return arrived[1] if isinstance(arrived, tuple) and arrived[0] is call else None


def _generated(
    failure: BaseException | None, stop_reason: str | None, usage: Usage, *, answered: bool
) -> Generated:
    """Return how the answer ended; one that was stopped is whole, whatever went wrong after its stop."""
    if failure is not None and (stop_reason is None or not isinstance(failure, ModelFailed)):
        raise failure
    if stop_reason is None:
        raise ModelStreamInterrupted("the model's answer broke off; ask again")
    if not answered and stop_reason == "end_turn":
        raise ModelStreamInterrupted("the model ended without an answer; ask again")
    return Generated(stop_reason, usage)
