"""Tickets: leave to attach to one turn, in an address, for clients that cannot send headers.

A ticket is `<key id>.<payload>.<signature>`: compact JSON `[userId, turnId, expires]` in base64url, and
HMAC-SHA256 over all that stands before the last dot. It is never accepted as a bearer token (those are
RS256 JWTs), and it is not used up: a browser reconnects with the same address.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from libs.streaming.errors import TicketExpired, TicketInvalid

VALID_S: Final = 900
MIN_SECRET_BYTES: Final = 16
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,512}\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a good ticket allows: attaching to exactly one turn of one user."""

    user_id: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class TicketOffice:
    """Issues with the first key, accepts any: so keys are rotated by putting a new one in front.

    Units   `clock` gives Unix time in seconds
    """

    keys: Mapping[str, bytes] = field(repr=False)
    clock: Callable[[], float]

    def issue(self, ticket: Ticket) -> str:
        """Return a ticket that is valid for 15 minutes."""
        key_id = next(iter(self.keys))
        expires = int(self.clock()) + VALID_S
        payload = json.dumps([ticket.user_id, ticket.turn_id, expires], separators=(",", ":"))
        signed = f"{key_id}.{_encoded(payload.encode())}"
        return f"{signed}.{self._signature(key_id, signed)}"

    def verify(self, text: str) -> Ticket:
        """Return what the ticket allows. Raises TicketInvalid, TicketExpired."""
        if not _FORM.fullmatch(text):
            raise TicketInvalid
        signed, _, signature = text.rpartition(".")
        key_id, _, payload = signed.partition(".")
        if key_id not in self.keys or not hmac.compare_digest(signature, self._signature(key_id, signed)):
            raise TicketInvalid
        user_id, turn_id, expires = _decoded(payload)
        if expires <= self.clock():
            raise TicketExpired
        return Ticket(user_id, turn_id)

    def _signature(self, key_id: str, signed: str) -> str:
        return _encoded(hmac.digest(self.keys[key_id], signed.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(payload: str) -> tuple[str, str, int]:
    try:
        user_id, turn_id, expires = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error) as error:
        raise TicketInvalid from error
    return user_id, turn_id, expires


def parse_keys(text: str) -> dict[str, bytes]:
    """Return the keys that a setting lists: `id:secret`, with commas between, the signing one first.

    Raises  ValueError: none, one without an id, or a secret under 16 bytes
    """
    keys: dict[str, bytes] = {}
    for entry in text.split(","):
        key_id, _, secret = entry.strip().partition(":")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key_id) or len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError("each ticket key is id:secret, the secret at least 16 bytes")
        keys[key_id] = secret.encode()
    return keys
