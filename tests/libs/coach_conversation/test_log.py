import threading
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation.errors import StoreUnavailable, TurnCancelled, TurnFailed, TurnLost
from libs.coach_conversation.log import MAX_ENTRY_BYTES, TurnLog
from libs.coach_conversation.store import items, transitions
from libs.coach_conversation.store.table import Delete
from libs.coach_conversation.types import Ending, Limits
from libs.streaming.events import Chunk, Contextual, Progress, Start, TurnEvent
from tests.fakes.clock import START_MS
from tests.fakes.executors import ThreadExecutor
from tests.fakes.faults import lost, preceded_by, refused
from tests.fakes.ports import REF, FakeJournal, asked
from tests.libs.coach_conversation.scenes import Scene

START: Final = Start("t-1", "c-1", "m-2")


class Running(Scene):
    """A scene with the log of its running turn; `heard` is what the turn was told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.heard: list[TurnFailed] = []
        self.lease = self.admit().lease
        self.log = TurnLog(self.lease, self.ports, self.heard.append)
        self.table.done.clear()

    def say(self, *events: TurnEvent) -> None:
        for event in events:
            self.log.append(event)

    def entries(self) -> list[str]:
        return sorted(key.sk for key in self.stored.all() if key.sk.startswith("EV#"))


def chunks(*texts: str) -> list[TurnEvent]:
    return [Chunk(text) for text in texts]


def numbered(*texts: str) -> list[tuple[int, TurnEvent]]:
    return [*enumerate(chunks(*texts), start=1)]


# Writing


def test_a_tick_writes_what_there_is_in_one_entry() -> None:
    turn = Running()
    turn.say(START, Chunk("a"), Chunk("b"))
    turn.log.tick()
    assert turn.logged() == [(1, START), (2, Chunk("a")), (3, Chunk("b"))]
    assert turn.entries() == [f"EV#{asked().turn_id}#00000001"]
    assert turn.record().logged_up_to == 3


def test_the_next_tick_goes_on_where_the_last_one_ended() -> None:
    turn = Running()
    for text in ("a", "b", "c"):
        turn.say(Chunk(text))
        turn.log.tick()
    assert turn.logged() == numbered("a", "b", "c")
    assert turn.record().logged_up_to == 3


def test_a_tick_is_one_request() -> None:
    turn = Running()
    turn.say(Chunk("a"))
    turn.log.tick()
    turn.log.tick()
    assert turn.table.done == ["commit", "read"]


def test_the_first_content_makes_the_turn_streaming() -> None:
    turn = Running()
    turn.say(START, Progress("routing", "r"))
    turn.log.tick()
    assert turn.record().status == "processing"
    turn.say(Contextual("insights_brewing", "Hm...\n\n"))
    turn.log.tick()
    assert turn.record().status == "streaming"


def test_an_entry_holds_at_most_64_kb() -> None:
    turn = Running()
    texts = [f"{number:04d}" * 1_000 for number in range(40)]
    turn.say(*chunks(*texts))
    turn.log.flush()
    sizes = [
        len(item["events"].encode()) for key, item in turn.stored.all().items() if key.sk.startswith("EV#")
    ]
    assert len(sizes) == 3
    assert max(sizes) <= MAX_ENTRY_BYTES
    assert turn.logged() == numbered(*texts)


@pytest.mark.parametrize("text", ["\x00", '"\\', "\n", "🏋️"], ids=ascii)
def test_an_entry_is_measured_as_it_is_stored(text: str) -> None:
    turn = Running()
    turn.say(*chunks(*[text * 1_000] * 60))
    turn.log.flush()
    sizes = [
        len(item["events"].encode()) for key, item in turn.stored.all().items() if key.sk.startswith("EV#")
    ]
    assert max(sizes) <= MAX_ENTRY_BYTES


def test_an_event_larger_than_an_entry_has_one_of_its_own() -> None:
    turn = Running()
    turn.say(*chunks("a", "b" * 100_000, "c"))
    turn.log.flush()
    assert len(turn.entries()) == 3
    assert turn.logged() == numbered("a", "b" * 100_000, "c")


# The lease


@pytest.mark.parametrize(("passed_s", "renewed"), [(4.9, False), (5.0, True)])
def test_the_lease_is_renewed_every_five_seconds(passed_s: float, *, renewed: bool) -> None:
    turn = Running()
    turn.clock.advance(passed_s)
    turn.say(Chunk("a"))
    turn.log.tick()
    expected = START_MS + (20_000 if renewed else 15_000)
    assert turn.record().lease_until_ms == expected


def test_the_lease_is_renewed_while_nothing_is_said() -> None:
    turn = Running()
    turn.clock.advance(5.0)
    turn.log.tick()
    assert turn.record().lease_until_ms == START_MS + 20_000
    turn.clock.advance(4.9)
    turn.log.tick()
    assert turn.record().lease_until_ms == START_MS + 20_000
    turn.clock.advance(0.1)
    turn.log.tick()
    assert turn.record().lease_until_ms == START_MS + 25_000


def test_a_renewal_that_failed_is_tried_at_the_next_tick() -> None:
    turn = Running()
    turn.clock.advance(5.0)
    turn.table.next("commit", refused)
    turn.log.tick()
    turn.clock.advance(0.5)
    turn.log.tick()
    assert turn.record().lease_until_ms == START_MS + 20_500


# The store is away


def test_what_could_not_be_written_is_written_later_in_order() -> None:
    turn = Running()
    turn.table.away = True
    turn.say(Chunk("a"))
    turn.log.tick()
    turn.say(Chunk("b"))
    turn.log.tick()
    turn.table.away = False
    turn.log.tick()
    assert turn.logged() == numbered("a", "b")
    assert turn.heard == []


def test_a_write_whose_answer_was_lost_is_not_repeated() -> None:
    turn = Running()
    turn.say(Chunk("a"))
    turn.table.next("commit", lost)
    turn.log.tick()
    turn.log.tick()
    turn.say(Chunk("b"))
    turn.log.tick()
    assert turn.logged() == numbered("a", "b")


def test_a_write_that_arrived_after_all_is_noticed_when_more_was_said_since() -> None:
    turn = Running()
    turn.say(START)
    turn.table.next("commit", lost)
    turn.log.tick()
    turn.say(Chunk("a"), Chunk("b"))
    turn.log.tick()  # refused, because the entry is there
    turn.log.tick()
    assert turn.logged() == [(1, START), (2, Chunk("a")), (3, Chunk("b"))]
    assert turn.record().status == "streaming"


def test_flushing_ends_when_a_write_that_arrived_after_all_stands_in_its_way() -> None:
    turn = Running()
    turn.say(Chunk("a"))
    turn.table.next("commit", lost)
    turn.log.tick()
    turn.say(Chunk("b"))
    turn.log.flush()
    assert turn.logged() == numbered("a", "b")


def test_a_flush_says_that_the_store_is_away_and_can_be_repeated() -> None:
    turn = Running()
    turn.say(Chunk("a"))
    turn.table.next("commit", refused)
    with pytest.raises(StoreUnavailable):
        turn.log.flush()
    turn.log.flush()
    assert turn.logged() == numbered("a")


@pytest.mark.parametrize("fault", [refused, lost])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_whichever_write_fails_the_log_is_whole_in_the_end(number: int, fault: Any) -> None:
    turn = Running()
    turn.table.at("commit", number, fault)
    for text in ("a", "b", "c"):
        turn.say(Chunk(text))
        turn.log.tick()
    turn.say(Chunk("d"))
    try:
        turn.log.flush()
    except StoreUnavailable:
        turn.log.flush()
    assert turn.logged() == numbered("a", "b", "c", "d")


# Cancelled


def test_a_cancel_is_heard_once_while_something_is_written() -> None:
    turn = Running()
    turn.change_turn(cancelRequested=True)
    turn.say(Chunk("a"))
    for _ in range(3):
        turn.log.tick()
    assert [type(failure) for failure in turn.heard] == [TurnCancelled]
    assert turn.logged() == numbered("a")


def test_a_cancel_is_heard_while_nothing_is_said() -> None:
    turn = Running()
    turn.change_turn(cancelRequested=True)
    turn.log.tick()
    turn.log.tick()
    assert [type(failure) for failure in turn.heard] == [TurnCancelled]


def test_what_is_said_until_the_turn_heard_of_the_cancel_is_logged() -> None:
    turn = Running()
    turn.say(Chunk("a"))
    turn.change_turn(cancelRequested=True)
    turn.log.tick()
    turn.say(Chunk("b"))
    turn.log.flush()
    assert turn.logged() == numbered("a", "b")


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    turn = Running()
    turn.say(Chunk("a"))
    turn.change_turn(cancelRequested=True)
    turn.log.flush()
    assert turn.heard == []
    assert turn.logged() == numbered("a")


# Lost


@pytest.mark.parametrize(
    "since", [{"attempt": 2}, {"status": "interrupted"}, {"status": "cancelled"}], ids=str
)
@pytest.mark.parametrize("saying", [True, False])
def test_a_lost_turn_is_heard_once_and_nothing_more_is_written(
    since: dict[str, Any], *, saying: bool
) -> None:
    turn = Running()
    turn.change_turn(**since)
    if saying:
        turn.say(Chunk("a"))
    for _ in range(3):
        turn.log.tick()
    assert [type(failure) for failure in turn.heard] == [TurnLost]
    assert turn.entries() == []


def test_a_turn_that_was_deleted_is_lost() -> None:
    turn = Running()
    turn.stored.commit([Delete(items.turn_key(REF, asked().turn_id))])
    turn.log.tick()
    assert [type(failure) for failure in turn.heard] == [TurnLost]


def test_flushing_a_lost_turn_says_so() -> None:
    turn = Running()
    turn.change_turn(attempt=2)
    turn.say(Chunk("a"))
    with pytest.raises(TurnLost):
        turn.log.flush()
    with pytest.raises(TurnLost):
        turn.log.flush()


def test_a_turn_that_ends_between_a_refused_write_and_the_look_why_is_lost() -> None:
    turn = Running()
    turn.say(Chunk("a"))
    turn.table.next("commit", lost)
    turn.log.tick()
    ended = transitions.finish(turn.lease, Ending(status="failed"), None, now_ms=0)
    turn.table.next("read", preceded_by(lambda: turn.stored.commit(ended)))
    turn.say(Chunk("b"))
    turn.log.tick()
    assert [type(failure) for failure in turn.heard] == [TurnLost]


# The thread


def test_the_log_ticks_by_itself_until_it_is_flushed() -> None:
    executor = ThreadExecutor()
    limits = replace(Limits(), log_tick_s=0.001, turns_per_minute=0)
    turn = Running(overrides={"executor": executor, "limits": limits})
    written = threading.Event()
    turn.table.next("commit", preceded_by(written.set))
    turn.log.start()
    turn.say(Chunk("a"))
    assert written.wait(10)
    turn.say(Chunk("b"))
    turn.log.flush()
    executor.join()
    assert turn.logged() == numbered("a", "b")


def test_a_log_that_was_never_started_can_be_closed_and_closed_again() -> None:
    turn = Running()
    turn.log.close()
    turn.log.close()


def test_a_tick_that_breaks_is_recorded_and_the_next_one_goes_on() -> None:
    turn = Running()

    def broken() -> None:
        raise ValueError("a bug")

    turn.table.next("commit", preceded_by(broken))
    turn.say(Chunk("a"))
    turn.log.tick()
    turn.log.tick()
    assert turn.logged() == numbered("a")
    journal = turn.ports.journal
    assert isinstance(journal, FakeJournal)
    assert journal.unforeseen == [("log", "ValueError('a bug')")]
