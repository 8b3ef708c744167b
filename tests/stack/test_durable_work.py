"""Work behind the queue under `kill -9`: follow-ups and queued turns, each done, none twice."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation, eventually
from tests.stack.conftest import PENDING_S, SWEEP_S, Relayed
from tests.stack.processes import TCP
from tests.stack.queued import Queues
from tests.stack.relay import Kill
from tests.stack.watching import begin_turn

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not TCP.exists(), reason="who has a socket is read from /proc"),
]

LOG: Final = "I did 5x5 squats at 100 kg today"
FUNCTION_DIES: Final = (Kill("T2", "after"), Kill("sent", "before"), Kill("sent", "after"))
"""Between T2 and SQS; between SQS and the mark that all is sent; behind it."""
WORKER_DIES: Final = (
    Kill("save", "before"),
    Kill("save", "after"),
    Kill("task", "before"),
    Kill("task", "after"),
)
SLACK_S: Final = 30.0
"""For processes that start anew on a machine that has other things to do."""

TRIES: Final = 3
TURNS: Final = 200
DOUBLED: Final = TURNS // 10
KILLED: Final = TURNS // 20
DEATHS: Final = 2 * (
    Kill("Converse", "before"),
    Kill("Converse", "after"),
    Kill("ConverseStream", "before"),
    Kill("ConverseStream", "after", pieces=3),
    Kill("T2", "before"),
    Kill("T2", "after"),
)
"""More than are asked for: a worker that dies of one may have had two of these turns."""
TERMINAL: Final = ("completed", "failed", "cancelled", "interrupted")


def _get_to(relayed: Relayed, kill: Kill) -> Conversation:
    """Tell a workout and have somebody killed; one whose process another kill has taken is let go."""
    for _ in range(TRIES):
        conversation = relayed.stack.person().begin()
        user = conversation.person.user
        relayed.ledger.expect(user, kill)
        with conversation.stream(f"{LOG}, signed {user}") as stream:
            stream.read()
        with suppress(AssertionError):
            eventually(lambda user=user: user in relayed.ledger.killed or None)  # type: ignore[misc]
            return conversation
    raise AssertionError(f"no turn got to {kill}")


def _log_and_die(relayed: Relayed, kill: Kill) -> tuple[Conversation, float]:
    """Tell a workout and have somebody killed on the way; return how long after that it was logged."""
    conversation = _get_to(relayed, kill)
    killed_s = time.monotonic()
    turn_id = conversation.stored()[0]["turnId"]

    def logged() -> bool:
        record = relayed.stack.table.turn(*conversation.where, turn_id)
        return "done_workout" in record and not {"followUps", "dueAt"} & record.keys()

    eventually(logged)
    return conversation, time.monotonic() - killed_s


def test_whoever_is_killed_behind_t2_every_workout_is_logged_once(durable: Relayed, figures: Figures) -> None:
    kills = (*FUNCTION_DIES, *WORKER_DIES)
    with ThreadPoolExecutor(len(kills)) as threads:
        found = list(threads.map(lambda kill: _log_and_die(durable, kill), kills))
    for kill, (conversation, waited_s) in zip(kills, found, strict=True):
        person = conversation.person
        response = durable.stack.http.get(f"/users/{person.user}/workouts", headers=person.headers)
        assert len(response.json()["workouts"]) == 1, str(kill)
        assert [item["role"] for item in conversation.stored()] == ["user", "assistant"]
        assert waited_s <= PENDING_S + SWEEP_S + SLACK_S, str(kill)
    told = ", ".join(f"{kill}: {waited_s:.1f} s" for kill, (_, waited_s) in zip(kills, found, strict=True))
    figures(
        f"SIGKILL behind T2, and how long until the workout was in the log (after {PENDING_S:g} s "
        f"follow-ups are overdue, each {SWEEP_S:g} s is a sweep): {told}"
    )


def _text(number: int) -> str:
    return f"Set number {number} is heavier than the one before it."


def _queue(relayed: Relayed, number: int) -> tuple[Conversation, str]:
    conversation = relayed.stack.person().begin()
    if number % 10 == 0 and number // 10 < len(DEATHS):
        relayed.ledger.expect(conversation.person.user, DEATHS[number // 10])
    text = f"/say {conversation.person.user} {_text(number)}"
    return conversation, str(begin_turn(conversation, text, mode="queued")["turnId"])


def _records(relayed: Relayed, turns: list[tuple[Conversation, str]]) -> list[dict[str, Any]]:
    table = relayed.stack.table
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda one: table.turn(one[0].person.user, one[0].id, one[1]), turns))


def test_two_hundred_queued_turns_with_doubled_deliveries_and_killed_workers_all_end_once(
    durable: Relayed, figures: Figures
) -> None:
    stack, queues = durable.stack, Queues(durable.stack.endpoints)
    begun_s = time.monotonic()
    with ThreadPoolExecutor(6) as threads:
        turns = list(threads.map(lambda number: _queue(durable, number), range(TURNS)))
    queues.send(
        [queues.message(*one.where, one.person.coach, turn_id) for one, turn_id in turns[:: TURNS // DOUBLED]]
    )

    def ended() -> list[dict[str, Any]] | None:
        records = _records(durable, turns)
        return records if all(record["status"] in TERMINAL for record in records) else None

    records = eventually(ended, within_s=240.0)
    eventually(lambda: queues.left() == 0 or None, within_s=60.0)
    took_s = time.monotonic() - begun_s
    for number, ((conversation, _), record) in enumerate(zip(turns, records, strict=True)):
        user, *answers = conversation.stored()
        assert user["content"].endswith(_text(number))
        assert len(answers) == record["hasReply"] <= 1
        if record["status"] == "completed":
            assert answers[0]["content"].endswith(_text(number))
        assert "activeTurn" not in stack.table.meta(*conversation.where)
    killed = [one.person.user for one, _ in turns if one.person.user in durable.ledger.killed]
    assert len(killed) >= KILLED
    statuses, attempts = Counter(r["status"] for r in records), Counter(int(r["attempt"]) for r in records)
    figures(
        f"{TURNS} queued turns, {DOUBLED} of them delivered twice, {len(killed)} workers killed in one: "
        f"all ended in {took_s:.0f} s, each once: {dict(statuses)}; attempts {dict(sorted(attempts.items()))}"
    )
    assert statuses["completed"] + statuses["interrupted"] == TURNS
