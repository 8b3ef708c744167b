"""Run a turn to its end in this process, whoever watches."""

from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from libs.coach_conversation import saving
from libs.coach_conversation.admission import Admitted
from libs.coach_conversation.endings import Meter, error_event
from libs.coach_conversation.errors import StoreUnavailable, TurnNotSaved, Unforeseen
from libs.coach_conversation.feed import TurnFeed
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.kept import follow_ups
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.turn import RunningTurn, run_turn
from libs.streaming.events import Complete, Error, TurnEvent, is_terminal


@dataclass(frozen=True, slots=True)
class Started:
    """A turn under way: its feed, and when it will have ended."""

    feed: TurnFeed
    ended: Future[None]


def start(admitted: Admitted, ports: Ports, *, deadline_s: float) -> Started:
    """Run the turn beside the caller. Units: `deadline_s` on the clock's monotonic scale."""
    feed = TurnFeed()
    return Started(feed, ports.executor.submit(lambda: _run(admitted, ports, feed, deadline_s)))


def _run(admitted: Admitted, ports: Ports, feed: TurnFeed, deadline_s: float) -> None:
    inbox = Inbox(ports.clock, deadline_s)
    log = TurnLog(admitted.lease, ports, inbox.put)
    meter = Meter(admitted.started_s)
    running = RunningTurn(admitted=admitted, inbox=inbox, log=log, meter=meter)
    try:
        log.start()
        for event in run_turn(running, ports):
            if not is_terminal(event):
                log.append(event)
            feed.publish(event)
            if is_terminal(event):
                _report(event, admitted, meter, ports)
                _follow_up(event, running, ports)
                if _unsaved(event) and admitted.turn.mode == "queued":
                    saving.give_up(admitted, running.told, meter=meter, ports=ports, until_s=deadline_s)
    except Exception:  # noqa: BLE001 - the feed must end, or its readers would wait for ever
        ports.journal.unexpected("turn end")
    finally:
        if not feed.ended:
            failure = Unforeseen()
            feed.publish(error_event(failure, admitted.turn.turn_id))
        log.close()


def _unsaved(event: TurnEvent) -> bool:
    return isinstance(event, Error) and event.code == TurnNotSaved.code


def _follow_up(event: TurnEvent, running: RunningTurn, ports: Ports) -> None:
    """Send what a completed turn leaves to do; what cannot be sent now is due, and the sweeper's."""
    turn = running.admitted.turn
    if isinstance(event, Complete) and running.planned:
        with suppress(StoreUnavailable):
            follow_ups.send(turn.conversation, turn.turn_id, running.planned, ports)


def _report(event: TurnEvent, admitted: Admitted, meter: Meter, ports: Ports) -> None:
    """Write the turn's one log line: outcome, durations, tokens; never words."""
    ports.journal.turn_ended(
        {
            "turnId": admitted.turn.turn_id,
            "outcome": "completed" if isinstance(event, Complete) else "ended",
            "code": event.code if isinstance(event, Error) else None,
            "routerMs": meter.router_ms,
            "firstTokenMs": meter.first_token_ms,
            "totalMs": meter.elapsed_ms(ports.clock.monotonic_s()),
            **meter.usage.to_json(),
        }
    )
