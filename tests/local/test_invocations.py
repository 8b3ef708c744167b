"""The queue: who gets what, in which order, and what happens to those who wait."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any

from local.http_server import ClientGone
from local.invocations import Failure, Invocation, InvocationQueue


def in_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


@dataclass
class Process:
    load: int = 0
    alive: bool = True


class Caller:
    """A caller who keeps what it gets, and leaves after `patience` writes."""

    def __init__(self, patience: int = 100) -> None:
        self.received: list[object] = []
        self._patience = patience

    async def begin(self, content_type: str) -> None:
        self.received.append(content_type)

    async def write(self, data: bytes) -> None:
        if not self._patience:
            raise ClientGone
        self._patience -= 1
        self.received.append(data)

    async def finish(self) -> None:
        self.received.append("end")

    async def whole(self, content_type: str, payload: bytes) -> None:
        self.received.append((content_type, payload))

    async def fail(self, failure: Failure) -> None:
        self.received.append(failure)


def invocation(name: str, caller: Caller | None = None) -> Invocation:
    return Invocation(name, b"{}", "Root=1", caller or Caller())


@in_loop
async def test_the_first_in_line_is_the_first_out() -> None:
    queue, process = InvocationQueue(wait_s=60), Process()
    first, second = invocation("1"), invocation("2")
    queue.put(first)
    queue.put(second)
    assert [await queue.poll(process).taken, await queue.poll(process).taken] == [first, second]
    assert process.load == 2


@in_loop
async def test_the_process_with_the_fewest_invocations_gets_the_next() -> None:
    queue, busy, idle = InvocationQueue(wait_s=60), Process(load=3), Process(load=1)
    polls = [queue.poll(busy), queue.poll(idle), queue.poll(idle), queue.poll(idle)]
    for name in "123":
        queue.put(invocation(name))
    assert [poll.taken.done() for poll in polls] == [True, True, True, False]
    assert (busy.load, idle.load) == (4, 3)


@in_loop
async def test_a_process_that_has_ended_gets_nothing() -> None:
    queue, dead = InvocationQueue(wait_s=60), Process(alive=False)
    poll = queue.poll(dead)
    queue.put(invocation("1"))
    assert not poll.taken.done()
    assert (await queue.poll(Process()).taken).id == "1"


@in_loop
async def test_what_could_not_be_delivered_goes_to_the_head_of_the_line() -> None:
    queue, process = InvocationQueue(wait_s=60), Process()
    poll = queue.poll(process)
    queue.put(invocation("1"))
    queue.put(invocation("2"))
    queue.withdraw(poll)
    assert process.load == 0
    assert (await queue.poll(process).taken).id == "1"


@in_loop
async def test_what_ended_before_it_was_delivered_does_not_run_again() -> None:
    queue, process = InvocationQueue(wait_s=60), Process()
    poll = queue.poll(process)
    queue.put(invocation("1"))
    poll.taken.result().fail(Failure.of("A", "b"))
    queue.withdraw(poll)
    assert (process.load, queue.poll(process).taken.done()) == (0, False)


@in_loop
async def test_a_withdrawn_poll_takes_nothing() -> None:
    queue, process = InvocationQueue(wait_s=60), Process()
    queue.withdraw(queue.poll(process))
    queue.put(invocation("1"))
    assert (await queue.poll(process).taken).id == "1"


@in_loop
async def test_who_waits_too_long_fails_and_is_not_handed_out() -> None:
    queue = InvocationQueue(wait_s=0.001)
    late = invocation("1")
    queue.put(late)
    failure = await late.ended
    assert failure is not None
    assert failure.error_type == "TooManyRequestsException"
    poll = queue.poll(Process())
    assert not poll.taken.done()


@in_loop
async def test_a_closed_queue_fails_all_who_wait_and_all_who_come() -> None:
    queue, before, after = InvocationQueue(wait_s=60), invocation("1"), invocation("2")
    queue.put(before)
    queue.close()
    queue.put(after)
    for one in (before, after):
        failure = await one.ended
        assert failure is not None
        assert failure.message == "ServiceException: The host is stopping"


@in_loop
async def test_a_caller_that_leaves_gets_no_more_and_its_invocation_ends_well() -> None:
    caller = Caller(patience=1)
    one = invocation("1", caller)
    await one.begin("text/plain")
    for data in (b"a", b"b", b"c"):
        await one.write(data)
    await one.finish()
    assert caller.received == ["text/plain", b"a"]
    assert (one.left, await one.ended) == (True, None)


@in_loop
async def test_after_a_failure_nothing_more_is_passed_on() -> None:
    caller = Caller()
    one = invocation("1", caller)
    await one.write(b"a")
    one.fail(Failure.of("A", "first"))
    one.fail(Failure.of("B", "second"))
    await one.write(b"b")
    await one.finish()
    assert caller.received == [b"a"]
    assert await one.ended == Failure.of("A", "first")


def test_a_failure_without_a_message_is_its_type() -> None:
    assert Failure("Handler.Broke", b"not json").message == "Handler.Broke"
    assert Failure("Handler.Broke", b"[]").message == "Handler.Broke"
