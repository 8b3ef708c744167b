"""Every view of a turn is the same: live, joined, resumed behind any event, replayed, behind a slow log."""

from typing import Final

import pytest

from tests.faults import invariants
from tests.faults.model import Pause, spoken
from tests.faults.readers import Reader, Seen
from tests.faults.world import World

TURN: Final = {"k-1": [spoken("word", deltas=8, pause_s=0.25)]}
EVENTS: Final = 15
LOGGED_BEHIND: Final = 17


def undisturbed() -> Reader:
    world = World(scripts=TURN)
    reader = world.post("k-1")
    world.run_all()
    return reader


def data(seen: list[Seen]) -> list[tuple[int, object]]:
    return [(event.number, event.data) for event in seen]


def times(reader: Reader) -> list[float]:
    return [chunk.at_s for chunk in reader.of("chunk")]


def follow(world: World, reader: Reader, every: int) -> list[Seen]:
    """Come back behind each `every` events until the end."""
    world.run_all()
    while reader.outcome in ("left", "cut"):
        reader = world.come_back(reader, leaves_after=every)
        world.run_all()
    return reader.whole


def test_a_turn_has_these_events() -> None:
    assert len(undisturbed().seen) == EVENTS


@pytest.mark.parametrize("seed", range(4))
def test_two_posts_with_one_key_at_one_instant_are_one_turn_with_two_equal_readers(seed: int) -> None:
    world = World(seed, scripts=TURN)
    one, other = world.post("k-1"), world.post("k-1")
    world.run_all()
    assert data(one.seen) == data(other.seen)
    assert [call.routing for call in world.calls] == [True, False]
    assert invariants.check(world) == []


@pytest.mark.parametrize("joined_s", [0.0, 0.1, 0.6, 1.3, 2.0, 30.0])
def test_whoever_joins_at_whatever_moment_sees_the_same_events(joined_s: float) -> None:
    world = World(scripts=TURN)
    first = world.post("k-1")
    world.run(joined_s)
    again, attached = world.post("k-1"), world.resume("k-1")
    world.run_all()
    assert data(first.seen) == data(again.seen)
    assert attached.outcome == "TURN_NOT_FOUND" or data(attached.seen) == data(first.seen)


@pytest.mark.parametrize("k", range(1, EVENTS))
def test_a_client_that_leaves_behind_event_k_and_comes_back_misses_nothing(k: int) -> None:
    world = World(scripts=TURN)
    reader = world.post("k-1", leaves_after=k)
    again = []
    while reader.outcome is None:
        world.run(0.05)
    again = follow(world, reader, EVENTS)
    assert len(reader.seen) == k
    assert [event.number for event in again] == list(range(1, EVENTS + 1))
    assert [event.data["type"] for event in again] == [seen.kind for seen in undisturbed().seen]
    assert again[-1].data["aiMessage"]["content"] == "".join(event.text for event in again)


@pytest.mark.parametrize("every", range(1, EVENTS + 1))
def test_a_client_that_leaves_behind_every_k_events_misses_nothing(every: int) -> None:
    world = World(scripts=TURN)
    whole = follow(world, world.post("k-1", leaves_after=every), every)
    assert [event.number for event in whole] == list(range(1, EVENTS + 1))
    assert whole[-1].data["aiMessage"]["content"] == "".join(event.text for event in whole)


@pytest.mark.parametrize("every", [1, 2, 5])
@pytest.mark.parametrize("killed_s", [0.3, 0.6, 0.9, 1.2, 1.7, 2.0])
def test_a_client_of_a_killed_process_gets_what_was_kept_and_one_error(killed_s: float, every: int) -> None:
    world = World(scripts=TURN)
    reader = world.post("k-1")
    world.run(killed_s)
    world.process_of(reader).kill()
    whole = follow(world, reader, every)
    replayed = world.resume("k-1")
    world.run_all()
    assert [seen.kind for seen in whole if seen.is_terminal] == ["error"]
    assert whole[-1].data["code"] == "MODEL_STREAM_INTERRUPTED"
    assert reader.text.startswith(whole[-1].data.get("savedContent", ""))
    assert replayed.text == whole[-1].data.get("savedContent", "")
    assert data(replayed.seen)[:-1] == data(reader.seen)[: len(replayed.seen) - 1]
    assert [call.routing for call in world.calls].count(False) <= 1


def test_a_log_that_is_two_seconds_behind_delays_no_chunk_and_loses_nothing() -> None:
    world = World(scripts=TURN)
    reader = world.post("k-1")
    world.process_of(reader).log_lag_s = 2.0
    world.run_all()
    assert times(reader) == times(undisturbed())
    assert (reader.seen[-1].kind, reader.text) == ("complete", undisturbed().text)
    assert invariants.check(world) == []


@pytest.mark.parametrize("from_s", [0.4, 0.9, 1.4])
def test_a_log_that_fails_for_three_seconds_delays_no_chunk_and_loses_nothing(from_s: float) -> None:
    world = World(scripts=TURN)
    reader = world.post("k-1")
    world.run(from_s)
    world.cut_off(world.process_of(reader), 3.0)
    world.run_all()
    assert times(reader) == times(undisturbed())
    assert (reader.seen[-1].kind, reader.text) == ("complete", undisturbed().text)
    assert invariants.check(world) == []


@pytest.mark.parametrize("cancelled_s", [0.05, 0.3, 0.8, 5.0])
def test_a_cancel_from_another_process_is_heard_within_its_budget_also_in_silence(cancelled_s: float) -> None:
    world = World(scripts={"k-1": [(*spoken("word", deltas=2)[:-2], Pause(25.0))]})
    reader = world.post("k-1")
    world.run(cancelled_s)
    world.cancel("k-1")
    world.run_all()
    assert reader.seen[-1].at_s <= cancelled_s + invariants.CANCELLED_WITHIN_S
    assert [(seen.kind, seen.data.get("code")) for seen in reader.seen if seen.is_terminal] == [
        ("error", "CANCELLED")
    ]
    assert reader.seen[-1].data.get("savedContent", "") == reader.text
    assert invariants.check(world) == []


def test_a_view_that_ends_at_its_deadline_is_taken_up_again_without_a_hole() -> None:
    world = World(scripts={"k-1": [spoken("word", deltas=40, pause_s=0.5)]})
    world.post("k-1")
    world.run(1.0)
    world.invocation_s = 12.0
    view = world.resume("k-1")
    told: list[Seen] = []
    while (last := follow_one(world, view)).kind != "complete":
        assert last.data["code"] == "DEADLINE"
        told += view.seen[:-1]
        view = world.come_back(view)
    told += view.seen
    assert data(told) == data(world.readers[0].seen)


def follow_one(world: World, view: Reader) -> Seen:
    while view.outcome is None:
        world.run(0.5)
    return view.seen[-1]


def test_a_turn_ends_before_its_deadline_and_what_was_said_is_saved() -> None:
    world = World(scripts={"k-1": [spoken("word", deltas=40, pause_s=0.5)]})
    world.invocation_s = 12.0
    reader = world.post("k-1")
    world.run_all()
    last = reader.seen[-1]
    assert (last.data["code"], last.data["savedContent"]) == ("DEADLINE", reader.text)
    assert last.at_s == pytest.approx(12.0 - world.limits.deadline_margin_s)
    assert invariants.check(world) == []


def test_a_silent_model_is_given_up_at_the_limit_and_what_it_said_is_saved() -> None:
    world = World(scripts={"k-1": [(*spoken("word", deltas=2)[:-2], Pause(100.0))]})
    reader = world.post("k-1")
    world.run_all()
    last = reader.seen[-1]
    assert (last.data["code"], last.data["savedContent"]) == ("MODEL_STREAM_INTERRUPTED", reader.text)
    assert last.at_s - times(reader)[-1] == pytest.approx(world.limits.delta_timeout_s)
