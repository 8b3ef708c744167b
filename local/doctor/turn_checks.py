"""What takes a real turn: two of them, each with its model calls and their costs."""

import json
import secrets
import threading
from typing import Final

from local.doctor.findings import Case, Check, NotPossible, Seen
from local.doctor.turns import Event, is_numbered, read_events, told
from local.doctor.visitor import Answer

QUESTION: Final = "How do I warm up for squats? Answer in five short sentences."
LONG_QUESTION: Final = "Explain in great detail how to plan twelve weeks of strength training."
_BETWEEN: Final = {"progress", "contextual", "recall", "notice", "chunk"}


def check_turn(case: Case) -> Seen:
    case.key = secrets.token_hex(8)
    answer = _say(case, QUESTION, case.key)
    events = read_events(answer.body)
    case.turn = [(event_id, json.dumps(event)) for event_id, event in events]
    kinds = [str(event.get("type")) for _, event in events]
    legal = kinds[:1] == ["start"] and kinds[-1:] == ["complete"] and set(kinds[1:-1]) <= _BETWEEN
    pieces = f" in {len(answer.at_ms)} pieces over {_span_ms(answer):.0f} ms"
    ok = answer.status == 200 and legal and is_numbered(events) and kinds.count("chunk") > 1
    return Seen(f"{told(events) if events else answer.told()}{pieces}", ok, _model_advice(events))


def _model_advice(events: list[Event]) -> str:
    last = events[-1][1] if events else {}
    if last.get("type") == "error" and str(last.get("code", "")).startswith("MODEL_"):
        return "Bedrock refuses: check the model ids, their region, and the account's access to them"
    return "read the function's log: sam logs --tail"


def check_same_again(case: Case) -> Seen:
    _require_turn(case)
    events = read_events(_say(case, QUESTION, case.key).body)
    again = [(event_id, json.dumps(event)) for event_id, event in events]
    same = again == case.turn
    seen = "the same events under the same ids" if same else told(events)
    return Seen(seen, same, "the log of turns is not kept; see the function's log")


def check_resume(case: Case) -> Seen:
    _require_turn(case)
    middle = len(case.turn) // 2
    answer = _watch(case, case.turn[middle - 1][0])
    rest = [(event_id, json.dumps(event)) for event_id, event in read_events(answer.body)]
    ok = answer.status == 200 and rest == case.turn[middle:]
    seen = f"{answer.told()}, {len(rest)} of {len(case.turn) - middle} events"
    return Seen(seen, ok, "does `last-event-id` reach the function?")


def check_resumed_to_the_end(case: Case) -> Seen:
    _require_turn(case)
    answer = _watch(case, case.turn[-1][0])
    return Seen(answer.told(), answer.status == 204, "EventSource clients would reconnect for ever")


def check_cancel(case: Case) -> Seen:
    """Begin a turn, read until its first words, cancel it from beside, and read to the end."""
    began = case.visitor.ask(
        "POST",
        f"{case.conversation_path}/stream",
        headers={**case.bearer, "content-type": "application/json", "accept": "text/event-stream"},
        content=json.dumps({"userResponse": LONG_QUESTION}).encode(),
        until=b'"type":"chunk"',
    )
    events = read_events(began.body)
    turn = events[0][1].get("turnId") if events else None
    if turn is None:
        return Seen(began.told(), False, _model_advice(events))
    stop = threading.Thread(
        target=case.signed, args=("POST", f"{case.conversation_path}/turns/{turn}/cancel", b"{}")
    )
    stop.start()
    answer = case.visitor.ask(
        "GET",
        f"{case.conversation_path}/stream?turnId={turn}",
        headers={**case.bearer, "accept": "text/event-stream"},
    )
    stop.join()
    ended = read_events(answer.body)
    last = ended[-1][1] if ended else {}
    if last.get("type") == "complete":
        raise NotPossible("the answer was complete before it could be stopped")
    ok = (last.get("type"), last.get("code")) == ("error", "CANCELLED") and not answer.broken
    return Seen(told(ended) if ended else answer.told(), ok, "a cancel is not heard; see the function's log")


def _say(case: Case, text: str, key: str) -> Answer:
    body = json.dumps({"userResponse": text}).encode()
    path = f"{case.conversation_path}/stream"
    return case.signed("POST", path, body, accept="text/event-stream", idempotency_key=key)


def _watch(case: Case, last_event_id: str) -> Answer:
    path = f"{case.conversation_path}/stream"
    return case.signed("GET", path, accept="text/event-stream", last_event_id=last_event_id)


def _require_turn(case: Case) -> None:
    if not case.turn or '"complete"' not in case.turn[-1][1]:
        raise NotPossible("there is no turn that was completed")


def _span_ms(answer: Answer) -> float:
    return answer.at_ms[-1] - answer.at_ms[0] if answer.at_ms else 0.0


TURN_CHECKS: Final = (
    Check("a turn", "start … chunks … complete, ids from 1 without holes", check_turn, "turn"),
    Check(
        "the same key again", "the same events under the same ids, without a model", check_same_again, "turn"
    ),
    Check("resume", "200, every event after Last-Event-ID", check_resume, "turn"),
    Check("resume at the end", "204", check_resumed_to_the_end, "turn"),
    Check(
        "error after the first byte", "a turn that is stopped ends with error CANCELLED", check_cancel, "turn"
    ),
)
