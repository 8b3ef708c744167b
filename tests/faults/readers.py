"""What clients see: one `Reader` for each stream that was asked for."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from libs.streaming.events import Complete, Error, TurnEvent, check_order, from_record

TERMINAL: Final = ("complete", "error")


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as it came: its number, its data, and when."""

    number: int
    data: dict[str, Any]
    at_s: float

    @property
    def kind(self) -> str:
        return str(self.data["type"])

    @property
    def is_terminal(self) -> bool:
        return self.kind in TERMINAL

    @property
    def text(self) -> str:
        """What of it belongs to the message."""
        return str(self.data["content"]) if self.kind in ("chunk", "contextual") else ""


@dataclass(slots=True, kw_only=True, eq=False)
class Reader:
    """A client on one stream.

    Shape   `outcome` None while it is open; `ended` by the server, `cut` with its process, `left` by the
            client after `leaves_after` events, `nothing` (204), or the code of a refusal; `follows` is
            the stream that this client was on before
    """

    key: str
    process: str
    after: int = 0
    leaves_after: int | None = None
    follows: "Reader | None" = None
    seen: list[Seen] = field(default_factory=list)
    outcome: str | None = None

    def __str__(self) -> str:
        return f"{self.process} on {self.key} behind {self.after}"

    @property
    def text(self) -> str:
        return text_of(self.seen)

    @property
    def last(self) -> Seen | None:
        return self.seen[-1] if self.seen else None

    @property
    def cursor(self) -> int:
        """The id that a client would come back with."""
        return self.seen[-1].number if self.seen else self.after

    @property
    def whole(self) -> list[Seen]:
        """What the client saw on this stream and on those before it."""
        return [*(self.follows.whole if self.follows is not None else ()), *self.seen]

    @property
    def went(self) -> list[str]:
        """The processes that this client was connected to, one after the other."""
        return [*(self.follows.went if self.follows is not None else ()), self.process]

    @property
    def has_enough(self) -> bool:
        """Whether the client leaves now; not when it has seen how the turn ended."""
        told = self.last is not None and self.last.is_terminal
        return self.leaves_after is not None and len(self.seen) >= self.leaves_after and not told

    def of(self, kind: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.kind == kind]

    def receive(self, data: bytes, at_s: float) -> list[Seen]:
        """Take the bytes of whole SSE frames and return the events that the client stayed for."""
        came = [_event(frame, at_s) for frame in data.decode().split("\n\n") if frame.startswith("id:")]
        if self.leaves_after is not None:
            came = came[: max(0, self.leaves_after - len(self.seen))]
        self.seen += came
        return came

    def check_order(self) -> None:
        """Raises IllegalOrder: this stream broke the protocol."""
        check_order(event_of(seen.data) for seen in self.seen)


def text_of(seen: Iterable[Seen]) -> str:
    """Return what was shown of the message."""
    return "".join(event.text for event in seen)


def _event(frame: str, at_s: float) -> Seen:
    fields = dict(line.split(": ", 1) for line in frame.splitlines())
    return Seen(int(fields["id"].rpartition(".")[2]), json.loads(fields["data"]), at_s)


def event_of(data: dict[str, Any]) -> TurnEvent:
    """Return an event of the same type; of terminal ones only the type matters here."""
    match data["type"]:
        case "complete":
            return Complete(data["messageId"], data["conversationId"], None, {}, "", {}, {})
        case "error":
            return Error(data["code"], data["message"], data["retryable"])
        case _:
            return from_record(data)
