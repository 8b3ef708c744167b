"""The turn: the only orchestration. It knows no delivery and no protocol."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from libs.coach_conversation import care, context, contextual_updates, router, saving
from libs.coach_conversation.admission import Admitted
from libs.coach_conversation.answering import answer
from libs.coach_conversation.care import Care
from libs.coach_conversation.chats import chats
from libs.coach_conversation.endings import Meter, Told, error_event
from libs.coach_conversation.errors import (
    CoachConfigMissing,
    DeadlineReached,
    ModelSilent,
    StoreUnavailable,
    TurnFailed,
    TurnLost,
    Unforeseen,
)
from libs.coach_conversation.generation import Generated
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.kept import follow_ups, keeping, summaries
from libs.coach_conversation.kept.keeping import Known
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.ports import Ports, Prompt
from libs.coach_conversation.router import Analysis
from libs.coach_conversation.types import Background, Chat, Message, Task
from libs.streaming.events import Chunk, Contextual, Notice, Progress, Start, TurnEvent

TRUNCATED: Final = Notice("truncated", "The answer reached its length limit; ask me to continue.")
GUARDRAIL: Final = Notice("guardrail", "Part of this answer was held back by a safety filter.")
NOTICES: Final = {
    "max_tokens": TRUNCATED,
    "model_context_window_exceeded": TRUNCATED,
    "guardrail_intervened": GUARDRAIL,
    "content_filtered": GUARDRAIL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTurn:
    """An admitted turn with what it has while it runs.

    Shape   `told`: the events so far; `planned`: what is left to do once it is completed; `known`: what the
            answer was given
    """

    admitted: Admitted
    inbox: Inbox
    log: TurnLog
    meter: Meter
    told: list[TurnEvent] = field(default_factory=list)
    planned: list[Task] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)


def run_turn(running: RunningTurn, ports: Ports) -> Iterator[TurnEvent]:
    """Yield the turn's events; the last one is terminal, and comes after the turn is saved.

    Each event must have been given to `running.log` before the next one is asked for.
    """
    try:
        told = yield from _tell(running, ports)
    except TurnLost as lost:
        yield error_event(lost, running.admitted.turn.turn_id)
        return
    except TurnFailed as failure:
        told = Told(failure=failure)
    except Exception:  # noqa: BLE001 - the unforeseen is saved, logged, and told in fixed words
        ports.journal.unexpected("turn")
        told = Told(failure=Unforeseen())
    yield Progress("saving", "Saving your conversation")
    yield saving.save(
        running.admitted,
        told,
        told_events=running.told,
        meter=running.meter,
        log=running.log,
        ports=ports,
        follow_ups=running.planned,
        known=running.known,
    )


def _tell(running: RunningTurn, ports: Ports) -> Generator[TurnEvent, None, Told]:
    """Greet, route, gather, answer; a chat is only answered."""
    admitted, say = running.admitted, running.told.append
    turn = admitted.turn
    yield Start(turn.turn_id, turn.conversation.conversation_id, admitted.ids.assistant)
    if turn.chat is not None:
        return (yield from _tell_chat(turn.chat, running, ports))
    need = care.assess(turn.text)
    if need is not None:
        yield Notice("safety", need.line)
    elif contextual_updates.wanted(turn.text):
        greeting = contextual_updates.greeting(turn.turn_id)
        say(greeting)
        yield greeting
    yield Progress("routing", "Reading your message")
    background = _background(running, ports)
    history = context.before(background.history, admitted.ids.user)
    reading = keeping.begin(turn.conversation, ports)
    analysis = _route(running, history, ports)
    if need is None and analysis.care_concern != "none":
        need = care.flagged(analysis.care_concern, turn.text)
        yield Notice("safety", need.line)
    elif need is None and (need := care.lingering(_said(history))) is not None:
        analysis = router.without_asides(analysis)
    since = summaries.since(history, background.summary)
    running.planned.extend(follow_ups.planned(analysis, since, indexed=ports.vectors is not None))
    for event in contextual_updates.updates(analysis, seed=turn.turn_id):
        say(event)
        yield event
    seen = summaries.remaining(history, background.summary)
    gathering = keeping.gather(turn.text, turn.conversation, analysis, seen, reading, ports)
    if gathering.search is not None:
        yield Progress("recalling", "Looking through my notes")
    known = keeping.known(gathering, running.inbox, ports)
    running.known.append(known)
    yield from known.events
    yield Progress("generating", "Writing the answer")
    prompt = _prompt(running, background, history, analysis, known, need, ports)
    return (yield from _answer(prompt, running, ports))


def _tell_chat(chat: Chat, running: RunningTurn, ports: Ports) -> Generator[TurnEvent, None, Told]:
    """Answer a client's own messages; a model that it named itself is not replaced by another."""
    yield Progress("generating", "Writing the answer")
    chosen = replace(ports, fallback_model_id="") if chat.model_id else ports
    try:
        return (yield from _answer(chats.build_prompt(chat, ports), running, chosen))
    except ModelSilent as silent:
        raise DeadlineReached(str(silent)) from silent


def _answer(prompt: Prompt, running: RunningTurn, ports: Ports) -> Generator[TurnEvent, None, Told]:
    for piece in answer(prompt, running.inbox, running.meter, ports):
        match piece:
            case Generated():
                running.meter.usage += piece.usage
                yield from _notices(piece)
                return Told(stop_reason=piece.stop_reason)
            case Notice():
                yield piece
            case text:
                running.meter.first_delta(ports.clock.monotonic_s())
                chunk = Chunk(text)
                running.told.append(chunk)
                yield chunk
    raise AssertionError("generation says how it ended")


def _notices(generated: Generated) -> list[Notice]:
    notice = NOTICES.get(generated.stop_reason)
    return [notice] if notice is not None else []


def _background(running: RunningTurn, ports: Ports) -> Background:
    """Wait for the reads that began beside T1."""
    reads = running.admitted.background
    if not running.inbox.wait(reads, ports.limits.store_timeout_s):
        raise _Unread("the conversation could not be read in time; try again")
    try:
        return reads.result()
    except StoreUnavailable as error:
        raise _Unread("the conversation could not be read; try again") from error


def _said(history: Sequence[Message]) -> list[str]:
    return [message.model_text for message in history if message.role == "user"]


class _Unread(TurnFailed):
    code = StoreUnavailable.code
    retryable = True


def _route(running: RunningTurn, history: tuple[Message, ...], ports: Ports) -> Analysis:
    """Ask the router, within its budget; late, broken or malformed answers give the fallback."""
    text, clock = running.admitted.turn.text, ports.clock
    asked_s = clock.monotonic_s()
    call = ports.model.call(router.build_prompt(text, history, model_id=ports.router_model_id))
    answering = ports.executor.submit(call.tool_answer)
    try:
        in_time = running.inbox.wait(answering, ports.limits.router_timeout_s)
    finally:
        if not answering.done():
            call.abandon()
            answering.exception()
    elapsed_ms = round((clock.monotonic_s() - asked_s) * 1000)
    running.meter.router_ms = elapsed_ms
    failure = answering.exception()
    if not in_time or failure is not None:
        if failure is not None and not isinstance(failure, TurnFailed):
            raise failure
        return router.fallback(text, elapsed_ms=elapsed_ms)
    answer = answering.result()
    running.meter.usage += answer.usage
    return router.parse(answer.value, text, elapsed_ms=elapsed_ms)


def _prompt(
    running: RunningTurn,
    background: Background,
    history: tuple[Message, ...],
    analysis: Analysis,
    known: Known,
    need: Care | None,
    ports: Ports,
) -> Prompt:
    if background.coach is None:
        raise CoachConfigMissing("the coach of this conversation no longer exists")
    return context.build_prompt(
        running.admitted.turn.text,
        coach=background.coach,
        history=history,
        analysis=analysis,
        asides=[event for event in running.told if isinstance(event, Contextual)],
        today=running.admitted.created_at[:10],
        known=known.texts,
        summary=background.summary,
        ports=ports,
        care=need,
    )
