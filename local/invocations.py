"""Invocations, the queue in which they wait, and the polls that take them."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.http_server import ClientGone
from local.integration_response import InvalidResponse

THROTTLED = "TooManyRequestsException"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an invocation did not end well: AWS's error type and the error document a caller may see."""

    error_type: str
    document: bytes

    @classmethod
    def of(cls, error_type: str, message: str) -> "Failure":
        return cls(error_type, json.dumps({"errorType": error_type, "errorMessage": message}).encode())

    @property
    def message(self) -> str:
        """The document's message for people; the type alone where it has none."""
        try:
            document = json.loads(self.document)
        except ValueError:
            document = None
        text = document.get("errorMessage") if isinstance(document, dict) else None
        return f"{self.error_type}: {text}" if text else self.error_type


class Reply(Protocol):
    """The caller's side of an invocation.

    Raises  ClientGone: the caller left; InvalidResponse: these bytes make no response
    """

    async def begin(self, content_type: str) -> None:
        """A streamed response comes; its bytes follow by `write`, then `finish`."""

    async def write(self, data: bytes) -> None: ...

    async def finish(self) -> None: ...

    async def whole(self, content_type: str, payload: bytes) -> None:
        """The response is buffered: this is all of it."""

    async def fail(self, failure: Failure) -> None:
        """Answer with an error, or break the response where bytes have left already."""


@dataclass(slots=True, eq=False)
class Invocation:
    """One event on its way through the function.

    `ended` resolves once: to None when the whole response was passed on, else to what went wrong.
    A caller that left changes nothing for the function: its response is read to the end.
    """

    id: str
    event: bytes
    trace_id: str
    reply: Reply
    ended: asyncio.Future[Failure | None] = field(default_factory=asyncio.Future)
    left: bool = False
    _timer: asyncio.TimerHandle | None = None

    async def begin(self, content_type: str) -> None:
        await self._pass_on(self.reply.begin, content_type)

    async def write(self, data: bytes) -> None:
        await self._pass_on(self.reply.write, data)

    async def whole(self, content_type: str, payload: bytes) -> None:
        await self._pass_on(self.reply.whole, content_type, payload)

    async def finish(self) -> None:
        await self._pass_on(self.reply.finish)
        self._end(None)

    def fail(self, failure: Failure) -> None:
        self._end(failure)

    def after(self, delay_s: float, action: Callable[["Invocation"], None]) -> None:
        """Run `action` in `delay_s` unless the invocation has ended or gone a step further by then."""
        self.cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(delay_s, action, self)

    def cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _pass_on[**P](self, step: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        if self.left or self.ended.done():
            return
        try:
            await step(*args, **kwargs)
        except ClientGone:
            self.left = True
        except InvalidResponse as error:
            self.fail(Failure.of("Runtime.InvalidResponse", str(error)))

    def _end(self, failure: Failure | None) -> None:
        self.cancel_timer()
        if not self.ended.done():
            self.ended.set_result(failure)


class Poller(Protocol):
    """The runtime process behind a poll."""

    load: int
    """Invocations that it was given and that have not ended."""

    @property
    def alive(self) -> bool: ...


@dataclass(slots=True, eq=False)
class Poll:
    """An open `GET /next`: `taken` resolves to the invocation it gets."""

    poller: Poller
    taken: asyncio.Future[Invocation] = field(default_factory=asyncio.Future)


class InvocationQueue:
    """First in, first out, to the polling process with the fewest invocations.

    An invocation that waits longer than `wait_s` fails as throttled.
    """

    def __init__(self, *, wait_s: float) -> None:
        self._wait_s = wait_s
        self._waiting: deque[Invocation] = deque()
        self._polls: list[Poll] = []
        self._closed = False

    def put(self, invocation: Invocation) -> None:
        if self._closed:
            invocation.fail(Failure.of("ServiceException", "The host is stopping"))
            return
        self._waiting.append(invocation)
        invocation.after(self._wait_s, self._throttle)
        self._match()

    def put_back(self, poll: Poll) -> None:
        """Return what `poll` took but could not deliver to the head of the queue, unless it has ended."""
        invocation = poll.taken.result()
        poll.poller.load -= 1
        if invocation.ended.done():
            return
        self._waiting.appendleft(invocation)
        invocation.after(self._wait_s, self._throttle)
        self._match()

    def poll(self, poller: Poller) -> Poll:
        poll = Poll(poller)
        self._polls.append(poll)
        self._match()
        return poll

    def withdraw(self, poll: Poll) -> None:
        """End a poll; what it had already taken goes back."""
        if poll.taken.done():
            self.put_back(poll)
        else:
            self._polls.remove(poll)

    def fail_waiting(self, failure: Failure) -> None:
        while self._waiting:
            self._waiting.popleft().fail(failure)

    def close(self) -> None:
        self._closed = True
        self.fail_waiting(Failure.of("ServiceException", "The host is stopping"))

    def _match(self) -> None:
        while self._waiting and self._polls:
            candidates = [poll for poll in self._polls if poll.poller.alive]
            if not candidates:
                return
            poll = min(candidates, key=lambda poll: poll.poller.load)
            self._polls.remove(poll)
            poll.poller.load += 1
            invocation = self._waiting.popleft()
            invocation.cancel_timer()
            poll.taken.set_result(invocation)

    def _throttle(self, invocation: Invocation) -> None:
        self._waiting.remove(invocation)
        invocation.fail(Failure.of(THROTTLED, "Rate Exceeded."))
