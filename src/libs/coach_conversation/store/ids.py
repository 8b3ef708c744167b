"""Identifiers and times: monotonic ULIDs, turn ids, body hashes, ISO timestamps."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_VALUE = {digit: value for value, digit in enumerate(_ALPHABET)}
ULID_LENGTH: Final = 26


def _encode(number: int) -> str:
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def _decode(ulid: str) -> int:
    number = 0
    for digit in ulid:
        number = number << 5 | _VALUE[digit]
    return number


def is_ulid(text: str) -> bool:
    return len(text) == ULID_LENGTH and text[0] <= "7" and all(digit in _VALUE for digit in text)


def next_ulid(*, now_ms: int, random_80: int, after: str = "") -> str:
    """Return a ULID greater than `after`, of this time if that is greater.

    Units   `now_ms` since the epoch; `random_80` 80 random bits
    Source  the ULID specification
    """
    fresh = _encode(now_ms << 80 | random_80)
    return fresh if fresh > after else _encode(_decode(after) + 1)


type UlidSource = Callable[[str], str]
"""`source(after)` returns a new ULID greater than `after`."""


def _digest(*parts: str) -> str:
    """Hash the parts so that no two different lists of parts look alike."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(4))
        digest.update(data)
    return digest.hexdigest()


def turn_id(user_id: str, conversation_id: str, idempotency_key: str) -> str:
    """Return the id of the turn that this key names; the raw key is never part of a table key."""
    return _digest("turn", user_id, conversation_id, idempotency_key)


def job_id(user_id: str, idempotency_key: str) -> str:
    """Return the id of the job that this key names: of its hidden conversation, and of the one turn in it."""
    return _digest("job", user_id, idempotency_key)


def body_hash(coach_id: str, text: str) -> str:
    """Return what must be equal for two requests with one idempotency key to be the same."""
    return _digest("body", coach_id, text)


def person_digest(user_id: str) -> str:
    """Return what stands for a person of whom nothing is kept."""
    return _digest("person", user_id)


def iso(now_ms: int) -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return (
        datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
