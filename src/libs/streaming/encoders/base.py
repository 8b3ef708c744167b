"""What every protocol encoder offers a delivery."""

from collections.abc import Mapping
from typing import Protocol

from libs.streaming.events import TurnEvent


class Encoder(Protocol):
    """Turns one numbered event after another into bytes; made for one stream, without a request."""

    headers: Mapping[str, str]
    keep_alive: bytes

    def opening(self) -> bytes:
        """Return what goes out before the first event; may be empty."""
        ...

    def encode(self, number: int, event: TurnEvent) -> bytes:
        """Return the event's bytes; may be empty where the protocol has no word for it."""
        ...
