"""Chatting: a client's own messages answered at once, by one call of one model; nothing is stored."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace

from libs.coach_conversation import prompts
from libs.coach_conversation.answering import answer
from libs.coach_conversation.care import Care
from libs.coach_conversation.chats import chats
from libs.coach_conversation.endings import Meter
from libs.coach_conversation.errors import StoreUnavailable, TurnCancelled, TurnError, TurnFailed, Unforeseen
from libs.coach_conversation.feed import TurnFeed
from libs.coach_conversation.generation import Generated
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.personal_data import tombstones
from libs.coach_conversation.ports import Ports, Prompt
from libs.coach_conversation.store import allowance
from libs.coach_conversation.store.table import ConditionFailed
from libs.coach_conversation.turn import NOTICES
from libs.coach_conversation.types import Chat, Usage, UserId
from libs.streaming.events import Chunk, Complete, Error, Notice, Start, Terminal, TurnEvent, is_terminal


@dataclass(frozen=True, slots=True)
class Chatting:
    """An answer under way: its feed, and when its model call will have ended."""

    feed: TurnFeed
    inbox: Inbox
    ended: Future[None]

    def leave(self) -> None:
        """Give the model call up if it still runs, and wait for its end: nobody would ever read it."""
        self.inbox.put(TurnCancelled("nobody listens any more"))
        self.ended.result()


def count(user_id: UserId, ports: Ports) -> None:
    """Count the chat as a turn of the person's allowance: all that is written, and nothing without a limit.

    Raises  RateLimited, BudgetExceeded, StoreUnavailable
    """
    now_ms = ports.clock.now_ms()
    writes = allowance.asked(user_id, now_ms, ports.limits)
    try:
        if writes:
            ports.table.commit(writes)
    except ConditionFailed as failed:
        raise allowance.refusal(failed, writes, now_ms) or Unforeseen() from None


def _spend(user_id: UserId, usage: Usage, ports: Ports) -> None:
    """Add what the chat cost to the person's day; a cost that cannot be written is forgotten."""
    cost = allowance.spent(user_id, usage, ports.clock.now_ms(), ports.limits)
    with suppress(ConditionFailed, StoreUnavailable):
        if cost:
            ports.table.commit([*cost, tombstones.unless_deleting(user_id)])


def prompt_of(chat: Chat, ports: Ports) -> Prompt:
    """Return the call that answers the chat: the service's own model, and its own system prompt first."""
    ours = ports.chat_system or prompts.render("chat_system")
    model_id = ports.chat_model_id or ports.answer_model_id
    system = "\n\n".join(text for text in (ours.strip(), chat.system) if text)
    return chats.build_prompt(replace(chat, model_id=model_id, system=system), ports)


def start(
    chat: Chat, ports: Ports, *, message_id: str, deadline_s: float, user_id: UserId | None
) -> Chatting:
    """Answer beside the caller. Units: `deadline_s` on the clock's monotonic scale.

    Shape   `user_id`: who pays for it; None where the service's owner invoked the function
    """
    feed, inbox = TurnFeed(), Inbox(ports.clock, deadline_s)
    prompt, need = prompt_of(chat, ports), chats.need_of(chat)

    def run() -> None:
        meter = Meter(ports.clock.monotonic_s())
        for event in _events(prompt, need, message_id, inbox, meter, ports):
            feed.publish(event)
            if is_terminal(event):
                _report(event, message_id, meter, ports)
        if user_id is not None:
            _spend(user_id, meter.usage, ports)

    return Chatting(feed, inbox, ports.executor.submit(run))


def _events(
    prompt: Prompt, need: Care | None, message_id: str, inbox: Inbox, meter: Meter, ports: Ports
) -> Iterator[TurnEvent]:
    """Yield `start`, the answer as it comes, and how it ended. No turn: what would name one is empty."""
    yield Start("", "", message_id)
    if need is not None:
        yield Notice("safety", need.line)
    try:
        for piece in answer(prompt, inbox, meter, ports):
            match piece:
                case Generated(stop_reason, usage):
                    meter.usage += usage
                    if stop_reason in NOTICES:
                        yield NOTICES[stop_reason]
                    yield _complete(message_id, stop_reason, meter, ports)
                case Notice():
                    yield piece
                case text:
                    meter.first_delta(ports.clock.monotonic_s())
                    yield Chunk(text)
    except TurnFailed as failure:
        yield _error(failure)
    except Exception:  # noqa: BLE001 - the feed must end, or its reader would wait for ever
        ports.journal.unexpected("chat")
        yield _error(Unforeseen())


def _complete(message_id: str, stop_reason: str, meter: Meter, ports: Ports) -> Complete:
    timings = {"firstTokenMs": meter.first_token_ms, "totalMs": meter.elapsed_ms(ports.clock.monotonic_s())}
    return Complete(
        message_id=message_id,
        conversation_id="",
        user_message=None,
        ai_message={},
        stop_reason=stop_reason,
        usage=meter.usage.to_json(),
        timings={name: value for name, value in timings.items() if value is not None},
    )


def _error(failure: TurnError) -> Error:
    return Error(failure.code, str(failure), failure.retryable)


def _report(event: Terminal, message_id: str, meter: Meter, ports: Ports) -> None:
    """Write the answer's one log line: outcome, durations, tokens; never words."""
    ports.journal.chat_ended(
        {
            "chatId": message_id,
            "outcome": "completed" if isinstance(event, Complete) else "ended",
            "code": event.code if isinstance(event, Error) else None,
            "firstTokenMs": meter.first_token_ms,
            "totalMs": meter.elapsed_ms(ports.clock.monotonic_s()),
            **meter.usage.to_json(),
        }
    )
