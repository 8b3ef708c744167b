import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from libs.coach_conversation.store.ids import is_ulid
from stream_coach.adapters.threads import MonotonicUlids, SystemClock, Threads
from tests.fakes.clock import FakeClock


def test_work_runs_beside_its_caller() -> None:
    caller = threading.get_ident()
    assert Threads(1).submit(threading.get_ident).result(10) != caller


def test_each_piece_of_work_has_a_thread_at_once() -> None:
    meeting = threading.Barrier(4)
    threads = Threads(4)
    met = [threads.submit(lambda: meeting.wait(10)) for _ in range(4)]
    assert sorted(future.result(10) for future in met) == [0, 1, 2, 3]


def test_what_work_raises_is_raised_to_whoever_asks() -> None:
    def fail() -> None:
        raise ValueError("a bug")

    future = Threads(1).submit(fail)
    with pytest.raises(ValueError, match="a bug"):
        future.result(10)


def test_a_thread_that_is_done_is_used_again() -> None:
    threads = Threads(1)
    assert threads.submit(threading.get_ident).result(10) == threads.submit(threading.get_ident).result(10)


def test_work_that_waits_for_a_thread_can_be_cancelled() -> None:
    threads, gate, done = Threads(1), threading.Event(), list[str]()
    threads.submit(lambda: gate.wait(10))
    waiting = threads.submit(lambda: done.append("never"))
    assert waiting.cancel()
    gate.set()
    threads.submit(lambda: None).result(10)
    assert done == []


def test_the_clock_is_the_machines() -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() - time.time() * 1000) < 60_000
    before = clock.monotonic_s()
    clock.sleep(0.001)
    assert clock.monotonic_s() - before >= 0.001


def test_ulids_go_up_while_the_clock_stands_still() -> None:
    source = MonotonicUlids(FakeClock())
    drawn = [source("") for _ in range(1_000)]
    assert drawn == sorted(set(drawn))
    assert all(map(is_ulid, drawn))


def test_ulids_go_up_when_the_clock_goes_back() -> None:
    clock = FakeClock()
    source = MonotonicUlids(clock)
    first = source("")
    clock.advance(-3_600)
    assert source("") > first


def test_a_ulid_is_greater_than_what_it_must_follow() -> None:
    source = MonotonicUlids(FakeClock())
    assert source("7ZZZZZZZZZ0000000000000000") == "7ZZZZZZZZZ0000000000000001"


def test_ulids_of_many_threads_are_all_different() -> None:
    source = MonotonicUlids(SystemClock())
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: source(""), range(2_000)))
    assert len(set(drawn)) == 2_000
