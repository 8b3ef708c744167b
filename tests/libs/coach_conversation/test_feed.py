import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from libs.coach_conversation import recovery
from libs.coach_conversation.admission import Admitted
from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.feed import POLL_S, StoredFeed, TurnFeed
from libs.coach_conversation.regeneration import regeneration
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Put
from libs.streaming.events import (
    Chunk,
    Complete,
    Contextual,
    Error,
    Progress,
    Start,
    TurnEvent,
    check_order,
    is_terminal,
)
from libs.streaming.keepalive import Numbered, Wait
from tests.fakes.faults import preceded_by, refused
from tests.fakes.ports import REF, asked
from tests.libs.coach_conversation.scenes import Scene

SOON_S: Final = 0.001
ERROR: Final = Error("DEADLINE", "over", retryable=True)


def read(wait: Wait) -> list[Numbered]:
    """Return all events until the terminal one."""
    events: list[Numbered] = []
    while not (events and is_terminal(events[-1][1])):
        events += wait(10.0)
    return events


# Live


def published(*events: TurnEvent) -> TurnFeed:
    feed = TurnFeed()
    for event in events:
        feed.publish(event)
    return feed


def test_a_reader_gets_what_was_published_numbered_from_one() -> None:
    feed = published(Chunk("a"), Chunk("b"))
    assert feed.reader()(SOON_S) == [(1, Chunk("a")), (2, Chunk("b"))]


def test_a_reader_that_joins_late_misses_nothing() -> None:
    feed = published(Chunk("a"))
    early = feed.reader()
    assert early(SOON_S) == [(1, Chunk("a"))]
    feed.publish(Chunk("b"))
    late = feed.reader()
    feed.publish(ERROR)
    assert early(SOON_S) == [(2, Chunk("b")), (3, ERROR)]
    assert late(SOON_S) == [(1, Chunk("a")), (2, Chunk("b")), (3, ERROR)]


@pytest.mark.parametrize(("after", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (2, [3]), (3, []), (9, [])])
def test_a_reader_begins_behind_what_it_has_seen(after: int, expected: list[int]) -> None:
    reader = published(Chunk("a"), Chunk("b"), ERROR).reader(after=after)
    assert [number for number, _ in reader(SOON_S)] == expected


def test_a_reader_ahead_of_the_feed_gets_what_is_published_from_then_on() -> None:
    feed = published(Chunk("a"))
    reader = feed.reader(after=3)
    feed.publish(ERROR)
    assert reader(SOON_S) == [(2, ERROR)]


def test_silence_is_an_empty_list() -> None:
    assert published().reader()(SOON_S) == []


def test_a_feed_ends_with_its_terminal_event() -> None:
    feed = published(Chunk("a"))
    assert not feed.ended
    feed.publish(ERROR)
    assert feed.ended


def test_many_readers_get_the_same() -> None:
    feed = TurnFeed()
    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(lambda: read(feed.reader())) for _ in range(8)]
        for number in range(200):
            feed.publish(Chunk(f"{number}"))
        feed.publish(ERROR)
        views = [reader.result(10) for reader in readers]
    assert all(view == views[0] for view in views)
    assert [number for number, _ in views[0]] == [*range(1, 202)]


# Stored


def start_of(admitted: Admitted) -> Start:
    return Start(admitted.turn.turn_id, "c-1", admitted.ids.assistant)


class Stored(Scene):
    """A turn that runs elsewhere and has logged this much."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.admitted = self.admit()
        self.start = start_of(self.admitted)
        self.keep(self.admitted, [self.start, Contextual("initial_greeting", "Right on.\n")], [Chunk("To ")])

    def feed(self, *, after: int = 0, deadline_s: float = math.inf) -> StoredFeed:
        return StoredFeed(self.record(), self.ports, after=after, deadline_s=deadline_s)

    def end(self) -> None:
        self.keep(self.admitted, [Chunk("parallel.")])
        self.finish(self.admitted, "Right on.\nTo parallel.")


def numbers(events: Sequence[Numbered]) -> list[int]:
    return [number for number, _ in events]


def test_what_was_logged_is_there_at_once() -> None:
    turn = Stored()
    assert turn.feed().wait(10.0) == [
        (1, turn.start),
        (2, Contextual("initial_greeting", "Right on.\n")),
        (3, Chunk("To ")),
    ]
    assert turn.clock.slept == []


def test_what_is_logged_later_is_found_by_polling() -> None:
    turn = Stored()
    feed = turn.feed()
    feed.wait(10.0)
    turn.table.next(
        "query", preceded_by(lambda: None), preceded_by(lambda: turn.keep(turn.admitted, [Chunk("x")]))
    )
    assert feed.wait(10.0) == [(4, Chunk("x"))]
    assert turn.clock.slept == [POLL_S]


def test_a_silence_is_as_long_as_it_was_waited_for() -> None:
    turn = Stored()
    feed = turn.feed()
    feed.wait(10.0)
    assert feed.wait(1.0) == []
    assert sum(turn.clock.slept) == 1.0


def test_a_turn_that_ends_is_told_to_its_end() -> None:
    turn = Stored()
    feed = turn.feed()
    assert numbers(feed.wait(10.0)) == [1, 2, 3]
    turn.end()
    (said, (number, complete)) = feed.wait(10.0)
    assert (said, number) == ((4, Chunk("parallel.")), 5)
    assert isinstance(complete, Complete)
    assert complete.ai_message["content"] == "Right on.\nTo parallel."
    assert (complete.user_message or {})["content"] == "How do I squat deeper?"


def test_a_finished_turn_is_told_in_one_go() -> None:
    turn = Stored()
    turn.end()
    events = turn.feed().wait(10.0)
    assert numbers(events) == [1, 2, 3, 4, 5]
    check_order(event for _, event in events)


def test_an_answer_that_shows_later_than_its_record_is_waited_for() -> None:
    turn = Stored()
    turn.end()
    key = items.message_key(REF, turn.admitted.ids.assistant)
    answer = turn.stored.read([key])[key]
    turn.remove(key)
    nothing = preceded_by(lambda: None)
    turn.table.next("read", nothing, nothing, preceded_by(lambda: turn.stored.commit([Put(key, answer)])))
    _, complete = StoredFeed(turn.record(), turn.ports).wait(10.0)[-1]
    assert isinstance(complete, Complete)


class Replaced(Scene):
    """A turn whose answer was written anew since."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.admitted = self.admit()
        self.keep(self.admitted, [start_of(self.admitted), Chunk("To parallel.")])
        self.finish(self.admitted, "To parallel.")
        self.before = self.told()
        again = regeneration(REF, client_message_id="m-1", answer_id=None, ports=self.ports)
        self.finish(self.admit(again), "Deeper.")

    def told(self) -> list[Numbered]:
        return StoredFeed(self.record(), self.ports).wait(10.0)


def test_an_answer_that_was_written_anew_since_is_told_as_it_was() -> None:
    turn = Replaced()
    assert [message.content for message in turn.messages()] == ["How do I squat deeper?", "Deeper."]
    assert turn.told() == turn.before
    assert isinstance(turn.before[-1][1], Complete)


def test_an_answer_that_was_written_anew_is_gone_with_its_log() -> None:
    turn = Replaced()
    turn.clock.advance(86_401)
    start, (number, error) = turn.told()
    assert (start, number) == (turn.before[0], 2)
    assert isinstance(error, Error)
    assert error.code == "TURN_NOT_FOUND"


@pytest.mark.parametrize(("after", "expected"), [(1, [2, 3, 4, 5]), (3, [4, 5]), (4, [5])])
def test_a_finished_turn_is_told_from_where_the_reader_was(after: int, expected: list[int]) -> None:
    turn = Stored()
    turn.end()
    assert numbers(turn.feed(after=after).wait(10.0)) == expected


def test_every_log_entry_is_read_once() -> None:
    turn = Stored()
    feed = turn.feed()
    feed.wait(10.0)
    turn.end()
    feed.wait(10.0)
    assert turn.table.done.count("query") == 1 + 2  # the first is admission's


def test_an_interrupted_turn_ends_with_what_was_kept() -> None:
    turn = Stored()
    turn.clock.advance(17.001)
    events = turn.feed().wait(10.0)
    assert events[-1] == (
        4,
        Error(
            "MODEL_STREAM_INTERRUPTED",
            "the answer broke off before its end; what was kept of it is saved",
            retryable=True,
            turn_id=asked().turn_id,
            saved_content="Right on.\nTo ",
        ),
    )


def test_a_turn_that_is_abandoned_while_it_is_watched_is_folded_by_its_reader() -> None:
    turn = Stored()
    events = read(turn.feed().wait)
    assert numbers(events) == [1, 2, 3, 4]
    assert isinstance(events[-1][1], Error)
    assert turn.record().status == "interrupted"
    assert 17.0 < sum(turn.clock.slept) < 18.0


def test_a_turn_that_is_never_begun_ends_with_an_error_alone() -> None:
    scene = Scene()
    scene.admit()
    scene.clock.advance(17.001)
    ((number, error),) = StoredFeed(scene.record(), scene.ports).wait(10.0)
    assert number == 1
    assert isinstance(error, Error)
    check_order([error])


# The log has expired


def test_a_turn_whose_log_expired_is_told_from_its_message() -> None:
    turn = Stored()
    turn.end()
    turn.clock.advance(86_401)
    events = turn.feed().wait(10.0)
    assert events[:-1] == [(1, turn.start), (2, Chunk("Right on.\nTo parallel."))]
    assert isinstance(events[-1][1], Complete)
    assert numbers(events) == [1, 2, 3]


def test_a_partial_answer_whose_log_expired_is_told_by_its_parts() -> None:
    turn = Stored()
    turn.clock.advance(17.001)
    recovery.fold(turn.record(), turn.ports)
    turn.clock.advance(86_401)
    events = turn.feed().wait(10.0)
    assert [event for _, event in events[:-1]] == [
        turn.start,
        Contextual("initial_greeting", "Right on.\n"),
        Chunk("To "),
    ]
    assert isinstance(events[-1][1], Error)


def test_a_log_that_expired_in_part_is_not_told_with_holes() -> None:
    turn = Stored()
    turn.clock.advance(10)
    turn.end()
    turn.clock.advance(86_395)
    assert numbers(turn.feed().wait(10.0)) == [1, 2, 3]


def test_who_has_seen_some_of_an_expired_log_gets_the_end_that_holds_the_whole() -> None:
    turn = Stored()
    turn.end()
    turn.clock.advance(86_401)
    ((number, complete),) = turn.feed(after=2).wait(10.0)
    assert (number, type(complete)) == (5, Complete)


# A cursor past the log


def test_a_reader_ahead_of_the_log_waits_while_the_turn_is_live() -> None:
    turn = Stored()
    feed = turn.feed(after=4)
    assert feed.wait(1.0) == []
    turn.keep(turn.admitted, [Chunk("seen"), Chunk("new")])
    assert feed.wait(1.0) == [(5, Chunk("new"))]


def test_a_reader_ahead_of_what_was_kept_is_told_so_at_the_end() -> None:
    turn = Stored()
    feed = turn.feed(after=9)
    assert feed.wait(1.0) == []
    turn.clock.advance(20.0)
    assert feed.wait(1.0) == [
        (
            99_999_999,
            Error(
                "MODEL_STREAM_INTERRUPTED",
                "the answer broke off after what you have seen; this is what was kept",
                retryable=True,
                turn_id=asked().turn_id,
                saved_content="Right on.\nTo ",
            ),
        )
    ]


@pytest.mark.parametrize(("after", "over"), [(0, False), (3, False), (4, False), (5, True), (6, False)])
def test_a_view_is_over_behind_the_terminal_event(after: int, *, over: bool) -> None:
    turn = Stored()
    turn.end()
    assert turn.feed(after=after).is_over() is over


@pytest.mark.parametrize(("after", "over"), [(3, False), (4, False), (9, False), (99_999_999, True)])
def test_a_view_of_an_interrupted_turn_is_over_behind_all_that_was_told(after: int, *, over: bool) -> None:
    turn = Stored()
    turn.clock.advance(17.001)
    recovery.fold(turn.record(), turn.ports)
    assert turn.feed(after=after).is_over() is over


def test_a_view_of_a_running_turn_is_never_over() -> None:
    assert not Stored().feed(after=4).is_over()


@pytest.mark.parametrize(("after", "over"), [(2, False), (3, True), (5, True)])
def test_a_view_of_an_expired_log_is_over_behind_its_own_end(after: int, *, over: bool) -> None:
    turn = Stored()
    turn.end()
    turn.clock.advance(86_401)
    assert turn.feed(after=after).is_over() is over


# The store is away, the time is over


def test_while_the_store_is_away_there_is_nothing_new() -> None:
    turn = Stored()
    feed = turn.feed()
    turn.table.away = True
    assert feed.wait(1.0) == []
    turn.table.away = False
    assert numbers(feed.wait(1.0)) == [1, 2, 3]


@pytest.mark.parametrize("operation", ["read", "query"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_whichever_read_fails_nothing_is_lost_or_told_twice(operation: Any, number: int) -> None:
    turn = Stored()
    turn.end()
    turn.table.done.clear()
    turn.table.at(operation, number, refused)
    feed = StoredFeed(turn.record(), turn.ports)
    assert numbers(read(feed.wait)) == [1, 2, 3, 4, 5]


def test_a_view_ends_at_its_deadline_under_the_last_id_that_was_seen() -> None:
    turn = Stored()
    feed = turn.feed(deadline_s=turn.clock.monotonic_s() + 5.0)
    assert numbers(feed.wait(10.0)) == [1, 2, 3]
    assert feed.wait(10.0) == [
        (
            3,
            Error(
                "DEADLINE",
                "this view of the answer has reached its time; connect again",
                retryable=True,
                turn_id=asked().turn_id,
            ),
        )
    ]


def test_a_turn_that_is_not_there_any_more_is_waited_for_no_longer_than_the_view_may_last() -> None:
    turn = Stored()
    feed = turn.feed(after=3, deadline_s=turn.clock.monotonic_s() + 1.0)
    turn.table.away = True
    ((_, event),) = feed.wait(10.0)
    assert isinstance(event, Error)
    with pytest.raises(StoreUnavailable):
        turn.table.read([])


def test_progress_is_told_as_it_was_logged() -> None:
    turn = Stored()
    turn.keep(turn.admitted, [Progress("saving", "Saving your conversation")])
    assert turn.feed(after=3).wait(1.0) == [(4, Progress("saving", "Saving your conversation"))]
