"""Every change of a turn's state: what it writes, and what each of its conditions refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation.store import items, log_items, transitions
from libs.coach_conversation.store.beginning import Reserved
from libs.coach_conversation.store.table import ConditionFailed, Key, Put, Update, Write
from libs.coach_conversation.store.transitions import Lease
from libs.coach_conversation.types import (
    CoachTurn,
    Ending,
    Message,
    MessageId,
    Mode,
    Part,
    Replaced,
    TurnRecord,
)
from libs.streaming.events import Chunk, Progress
from tests.fakes.clock import START_MS
from tests.fakes.ports import REF, asked, conversation_items
from tests.fakes.table import FakeTable

TURN: Final = asked("How deep?")
IDS: Final = Reserved(user=MessageId("01A"), assistant=MessageId("01B"))
LEASE: Final = Lease(REF, TURN.turn_id, 1)
LATER_MS: Final = START_MS + 20_000
DONE: Final = Ending(
    status="completed", stop_reason="end_turn", usage={"inputTokens": 3}, timings={"totalMs": 9}
)
BROKEN: Final = Ending(status="interrupted", error_code="X", error_message="broke off", retryable=True)
ANSWER: Final = Message(
    message_id=IDS.assistant,
    role="assistant",
    parts=(Part("answer", "To parallel."),),
    turn_id=TURN.turn_id,
    status="complete",
    created_at="2026-11-21T08:00:20.000Z",
)


class Scene:
    """A conversation, and the turn in it."""

    def __init__(self, **meta: Any) -> None:
        self.table = FakeTable(conversation_items(**meta))

    def live(self, turn: CoachTurn = TURN, ids: Reserved = IDS) -> None:
        self.table.commit(
            transitions.begin_live(
                turn,
                ids,
                now_ms=START_MS,
                created_at="2026-11-21T08:00:00.000Z",
                lease_ms=15_000,
            )
        )

    def waiting(self, mode: Mode) -> None:
        self.table.commit(
            transitions.begin_waiting(
                replace(TURN, mode=mode),
                IDS,
                now_ms=START_MS,
                created_at="2026-11-21T08:00:00.000Z",
                wait_ms=60_000,
            )
        )

    def change(self, key: Key, **attributes: Any) -> None:
        self.table.commit([Update(key, set=attributes)])

    def item(self, key: Key) -> dict[str, Any] | None:
        found = self.table.read([key]).get(key)
        return found and {name: value for name, value in found.items() if name not in ("pk", "sk")}

    @property
    def meta(self) -> dict[str, Any]:
        return self.item(META) or {}

    @property
    def turn(self) -> dict[str, Any]:
        return self.item(RECORD) or {}

    @property
    def record(self) -> TurnRecord:
        return items.turn_from(REF, self.turn)


META: Final = items.meta_key(REF)
RECORD: Final = items.turn_key(REF, TURN.turn_id)
SAID: Final = items.message_key(REF, IDS.user)
ANSWERED: Final = items.message_key(REF, IDS.assistant)


def refused(table: FakeTable, writes: list[Write]) -> list[int]:
    """Return the positions of the writes that were refused; nothing was written."""
    before = table.all()
    with pytest.raises(ConditionFailed) as caught:
        table.commit(writes)
    assert table.all() == before
    return sorted(caught.value.found)


def begun(*, status: str = "processing", **attributes: Any) -> Scene:
    """Return a scene with a turn that is running in this state."""
    scene = Scene()
    scene.live()
    scene.change(RECORD, status=status, **attributes)
    return scene


# T1


def test_t1_live_makes_the_turn_and_its_message() -> None:
    scene = Scene()
    scene.live()
    assert scene.turn == {
        "turnId": TURN.turn_id,
        "coachId": "atlas",
        "mode": "live",
        "status": "processing",
        "attempt": 1,
        "leaseUntil": START_MS + 15_000,
        "cancelRequested": False,
        "bodyHash": TURN.body_hash,
        "userMessageId": "01A",
        "assistantMessageId": "01B",
        "loggedUpTo": 0,
        "createdAt": "2026-11-21T08:00:00.000Z",
        "ttl": START_MS // 1000 + 30 * 86_400,
        "gsi1pk": "DUE",
        "gsi1sk": f"{START_MS + 15_000}#c-1#{TURN.turn_id}",
        "dueAt": START_MS + 15_000,
    }
    assert scene.item(SAID) == {
        "messageId": "01A",
        "role": "user",
        "content": "How deep?",
        "parts": [{"kind": "text", "length": 9}],
        "turnId": TURN.turn_id,
        "status": "complete",
        "createdAt": "2026-11-21T08:00:00.000Z",
    }


def test_t1_makes_the_turn_the_conversations_active_one() -> None:
    scene = Scene(messageCount=4)
    scene.live()
    assert (scene.meta["activeTurn"], scene.meta["lastId"]) == (TURN.turn_id, "01B")
    assert scene.meta["messageCount"] == 5
    assert scene.meta["gsi1sk"] == f"K#atlas#{START_MS}#c-1"


@pytest.mark.parametrize("mode", ["attach", "queued"])
def test_t1_that_waits_leaves_the_turn_to_whoever_claims_it(mode: Mode) -> None:
    scene = Scene()
    scene.waiting(mode)
    assert (scene.record.status, scene.record.mode, scene.record.attempt) == ("pending", mode, 0)
    assert (scene.record.lease_until_ms, scene.record.due_at_ms) == (0, START_MS + 60_000)
    assert scene.turn["gsi1sk"] == f"{START_MS + 60_000}#c-1#{TURN.turn_id}"
    assert scene.meta["activeTurn"] == TURN.turn_id


@pytest.mark.parametrize(
    ("meta", "failed"),
    [
        ({"coachId": "nova"}, [0]),
        ({"activeTurn": "another"}, [0]),
        ({"lastId": "01A"}, [0]),
        ({"lastId": "01Z"}, [0]),
    ],
)
def test_t1_wants_the_conversation_as_it_expects_it(meta: dict[str, Any], failed: list[int]) -> None:
    scene = Scene(**meta)
    assert refused(scene.table, _t1()) == failed


def _t1() -> list[Write]:
    return transitions.begin_live(TURN, IDS, now_ms=START_MS, created_at="", lease_ms=15_000)


def test_t1_wants_a_conversation() -> None:
    assert refused(FakeTable(), _t1()) == [0]


def test_t1_happens_once() -> None:
    scene = Scene()
    scene.live()
    assert refused(scene.table, _t1()) == [0, 1, 2]


# An answer written anew


def again(last_id: str = "01B") -> list[Write]:
    said = items.message_from(
        {"messageId": "01A", "role": "user", "content": "How deep?", "parts": [], **_MESSAGE}
    )
    turn = replace(asked(key="again"), replaces=Replaced(said, IDS.assistant, last_id))
    ids = Reserved(user=IDS.user, assistant=MessageId("01C"))
    return transitions.begin_live(turn, ids, now_ms=LATER_MS, created_at="", lease_ms=15_000)


_MESSAGE: Final = {"turnId": "t", "status": "complete", "createdAt": ""}


def test_an_answer_written_anew_has_its_message_already() -> None:
    scene = Scene(lastId="01B", messageCount=2)
    scene.table.commit(again())
    assert (scene.meta["lastId"], scene.meta["messageCount"]) == ("01C", 2)
    assert [key.sk for key in scene.table.all() if key.sk.startswith("M#")] == []


def test_an_answer_is_not_written_anew_when_something_was_said_since() -> None:
    scene = Scene(lastId="01D")
    assert refused(scene.table, again()) == [0]


def test_a_new_answer_takes_the_place_of_the_old_one_when_it_is_complete() -> None:
    scene = begun()
    scene.change(items.message_key(REF, MessageId("01 old")), content="old")
    writes = transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS, superseded=MessageId("01 old"))
    scene.table.commit(writes)
    assert scene.item(items.message_key(REF, MessageId("01 old"))) is None
    assert scene.meta["messageCount"] == 1


def test_a_new_answer_that_broke_off_leaves_the_old_one() -> None:
    scene = begun()
    scene.change(items.message_key(REF, MessageId("01 old")), content="old")
    failed = replace(DONE, status="failed")
    scene.table.commit(
        transitions.finish(LEASE, failed, ANSWER, now_ms=LATER_MS, superseded=MessageId("01 old"))
    )
    assert scene.item(items.message_key(REF, MessageId("01 old"))) == {"content": "old"}
    assert scene.meta["messageCount"] == 2


# Claim


def test_a_pending_turn_is_claimed() -> None:
    scene = Scene()
    scene.waiting("attach")
    scene.table.commit(transitions.claim(scene.record, now_ms=LATER_MS, lease_ms=15_000))
    record = scene.record
    assert (record.status, record.attempt, record.lease_until_ms) == ("processing", 1, LATER_MS + 15_000)
    assert record.due_at_ms == LATER_MS + 15_000


def test_a_turn_whose_owner_is_gone_is_claimed_as_the_next_attempt() -> None:
    scene = begun(attempt=3)
    scene.table.commit(transitions.claim(scene.record, now_ms=LATER_MS, lease_ms=15_000))
    assert scene.record.attempt == 4


@pytest.mark.parametrize(
    "since",
    [{"status": "streaming"}, {"attempt": 2}, {"leaseUntil": START_MS + 30_000}, {"loggedUpTo": 1}],
    ids=str,
)
def test_a_turn_that_went_on_since_it_was_read_is_not_claimed(since: dict[str, Any]) -> None:
    scene = begun()
    writes = transitions.claim(scene.record, now_ms=LATER_MS, lease_ms=15_000)
    scene.change(RECORD, **since)
    assert refused(scene.table, writes) == [0]


@pytest.mark.parametrize(
    ("attributes", "now_ms", "expected"),
    [
        ({"status": "pending", "attempt": 0, "leaseUntil": 0}, START_MS, True),
        ({}, START_MS + 17_000, False),
        ({}, START_MS + 17_001, True),
        ({"loggedUpTo": 1}, START_MS + 99_000, False),
        ({"status": "streaming"}, START_MS + 99_000, False),
        ({"status": "completed"}, START_MS + 99_000, False),
    ],
)
def test_a_turn_may_be_claimed_while_nobody_runs_it_and_nothing_was_logged(
    attributes: dict[str, Any], now_ms: int, *, expected: bool
) -> None:
    record = begun(**{"status": "processing", **attributes}).record
    assert transitions.is_claimable(record, now_ms=now_ms, skew_ms=2_000) is expected


# Log


def log(first: int = 1, **changes: Any) -> list[Write]:
    known: dict[str, Any] = {
        "now_ms": LATER_MS,
        "lease_until_ms": None,
        "first_content": False,
        "unless_cancelled": True,
    }
    return transitions.log(LEASE, first, [Progress("routing", "r"), Chunk("a")], **known | changes)


def test_a_tick_writes_an_entry_and_how_far_the_log_goes() -> None:
    scene = begun()
    scene.table.commit(log())
    assert (scene.record.logged_up_to, scene.record.status) == (2, "processing")
    entry = scene.item(items.log_key(REF, TURN.turn_id, 1)) or {}
    assert log_items.events_from([entry]) == [(1, Progress("routing", "r")), (2, Chunk("a"))]


def test_the_first_content_makes_the_turn_streaming() -> None:
    scene = begun()
    scene.table.commit(log(first_content=True))
    assert scene.record.status == "streaming"


def test_a_tick_may_renew_the_lease() -> None:
    scene = begun()
    scene.table.commit(log(lease_until_ms=LATER_MS + 15_000))
    record = scene.record
    assert (record.lease_until_ms, record.due_at_ms) == (LATER_MS + 15_000, LATER_MS + 15_000)


def test_a_lease_is_renewed_without_an_entry() -> None:
    scene = begun(loggedUpTo=4)
    writes = transitions.log(
        LEASE, 5, [], now_ms=0, lease_until_ms=9, first_content=False, unless_cancelled=True
    )
    scene.table.commit(writes)
    assert (len(writes), scene.record.logged_up_to, scene.record.lease_until_ms) == (1, 4, 9)


@pytest.mark.parametrize("status", ["processing", "streaming"])
def test_a_live_turn_is_logged(status: str) -> None:
    begun(status=status).table.commit(log())


@pytest.mark.parametrize(
    "since",
    [
        {"status": "completed"},
        {"status": "interrupted"},
        {"status": "cancelled"},
        {"status": "pending"},
        {"attempt": 2},
        {"cancelRequested": True},
    ],
    ids=str,
)
def test_a_turn_that_is_not_ours_any_more_or_is_cancelled_is_not_logged(since: dict[str, Any]) -> None:
    scene = begun()
    scene.change(RECORD, **since)
    assert refused(scene.table, log()) == [0]


def test_a_cancelled_turn_is_logged_on_once_its_owner_knows() -> None:
    scene = begun(cancelRequested=True)
    scene.table.commit(log(unless_cancelled=False))
    assert scene.record.logged_up_to == 2


def test_an_entry_is_written_once() -> None:
    scene = begun()
    scene.table.commit(log())
    assert refused(scene.table, log()) == [1]


# T2


@pytest.mark.parametrize("status", ["processing", "streaming"])
def test_t2_saves_the_answer_and_ends_the_turn(status: str) -> None:
    scene = begun(status=status)
    scene.table.commit(transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS))
    assert scene.record.ending == DONE
    assert scene.record.has_reply
    assert items.message_from(scene.item(ANSWERED) or {}) == ANSWER


def test_t2_gives_the_conversation_free() -> None:
    scene = begun()
    scene.table.commit(transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS))
    assert "activeTurn" not in scene.meta
    assert scene.meta["messageCount"] == 2
    assert scene.meta["gsi1sk"] == f"K#atlas#{LATER_MS}#c-1"


def test_a_turn_that_is_over_is_not_due() -> None:
    scene = begun()
    scene.table.commit(transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS))
    assert not {"gsi1pk", "gsi1sk", "dueAt"} & scene.turn.keys()


def test_t2_of_a_turn_that_said_nothing_saves_no_message() -> None:
    scene = begun()
    scene.table.commit(transitions.finish(LEASE, BROKEN, None, now_ms=LATER_MS))
    assert scene.record.ending == BROKEN
    assert not scene.record.has_reply
    assert scene.item(ANSWERED) is None
    assert scene.meta["messageCount"] == 1


@pytest.mark.parametrize(
    ("since", "failed"),
    [
        ({"status": "completed"}, [0]),
        ({"status": "interrupted"}, [0]),
        ({"status": "pending"}, [0]),
        ({"attempt": 2}, [0]),
    ],
    ids=str,
)
def test_t2_is_its_owners_alone(since: dict[str, Any], failed: list[int]) -> None:
    scene = begun()
    scene.change(RECORD, **since)
    assert refused(scene.table, transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS)) == failed


def test_t2_wants_the_conversation_to_be_its_own() -> None:
    scene = begun()
    scene.change(META, activeTurn="another")
    assert refused(scene.table, transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS)) == [1]


def test_t2_never_writes_over_an_answer() -> None:
    scene = begun()
    scene.change(ANSWERED, content="there")
    assert refused(scene.table, transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS)) == [2]


def test_t2_happens_once() -> None:
    scene = begun()
    scene.table.commit(transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS))
    assert refused(scene.table, transitions.finish(LEASE, DONE, ANSWER, now_ms=LATER_MS)) == [0, 1, 2]


# Fold


@pytest.mark.parametrize("status", ["processing", "streaming"])
def test_fold_ends_a_turn_with_what_was_kept(status: str) -> None:
    scene = begun(status=status)
    partial = replace(ANSWER, status="partial")
    scene.table.commit(transitions.fold(scene.record, BROKEN, partial, now_ms=LATER_MS))
    assert scene.record.ending == BROKEN
    assert items.message_from(scene.item(ANSWERED) or {}) == partial
    assert "activeTurn" not in scene.meta


@pytest.mark.parametrize(
    "since",
    [{"status": "failed"}, {"attempt": 2}, {"leaseUntil": START_MS + 30_000}, {"loggedUpTo": 9}],
    ids=str,
)
def test_a_turn_that_went_on_since_it_was_read_is_not_folded(since: dict[str, Any]) -> None:
    scene = begun()
    writes = transitions.fold(scene.record, BROKEN, None, now_ms=LATER_MS)
    scene.change(RECORD, **since)
    assert refused(scene.table, writes) == [0]


# Cancel, expire, requeue


@pytest.mark.parametrize("status", ["processing", "streaming"])
def test_cancelling_a_running_turn_tells_its_owner(status: str) -> None:
    scene = begun(status=status)
    scene.table.commit(transitions.cancel_running(scene.record))
    assert scene.record.cancel_requested
    assert scene.record.status == status
    assert scene.meta["activeTurn"] == TURN.turn_id


def test_a_turn_that_ended_since_it_was_read_is_not_cancelled() -> None:
    scene = begun()
    writes = transitions.cancel_running(scene.record)
    scene.change(RECORD, status="completed")
    assert refused(scene.table, writes) == [0]


type Ends = Callable[[TurnRecord], list[Write]]
ENDINGS: Final[list[Ends]] = [
    lambda record: transitions.cancel_pending(record, replace(BROKEN, status="cancelled"), now_ms=LATER_MS),
    lambda record: transitions.expire(record, BROKEN, now_ms=LATER_MS),
]


@pytest.mark.parametrize("end", ENDINGS, ids=["cancel", "expire"])
def test_a_pending_turn_ends_at_once_and_gives_the_conversation_free(end: Ends) -> None:
    scene = Scene()
    scene.waiting("attach")
    scene.table.commit(end(scene.record))
    assert scene.record.is_terminal
    assert "activeTurn" not in scene.meta
    assert "dueAt" not in scene.turn


@pytest.mark.parametrize("end", ENDINGS, ids=["cancel", "expire"])
def test_a_pending_turn_that_was_claimed_since_does_not_end(end: Ends) -> None:
    scene = Scene()
    scene.waiting("attach")
    writes = end(scene.record)
    scene.table.commit(transitions.claim(scene.record, now_ms=LATER_MS, lease_ms=15_000))
    assert refused(scene.table, writes) == [0]


def test_a_queued_turn_is_put_off() -> None:
    scene = Scene()
    scene.waiting("queued")
    scene.table.commit(transitions.requeue(scene.record, due_ms=LATER_MS))
    assert (scene.record.status, scene.record.due_at_ms) == ("pending", LATER_MS)
    assert scene.turn["gsi1sk"] == f"{LATER_MS}#c-1#{TURN.turn_id}"


@pytest.mark.parametrize("since", [{"status": "processing"}, {"dueAt": START_MS + 90_000}], ids=str)
def test_a_queued_turn_that_someone_took_is_not_put_off(since: dict[str, Any]) -> None:
    scene = Scene()
    scene.waiting("queued")
    writes = transitions.requeue(scene.record, due_ms=LATER_MS)
    scene.change(RECORD, **since)
    assert refused(scene.table, writes) == [0]


def test_all_keys_of_a_transaction_are_of_one_person() -> None:
    for writes in (_t1(), log(), transitions.finish(LEASE, DONE, ANSWER, now_ms=0)):
        assert all(write.key.pk.startswith("U#alice") for write in writes)
        assert all(isinstance(write, Put | Update) for write in writes)
