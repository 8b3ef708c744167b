"""Percent-encoding and query strings.

Written out because `urllib` is closed to the libraries: the contract that keeps I/O out of them
cannot tell `urllib.parse` from `urllib.request`.
"""

import re
from collections.abc import Iterable

_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def percent_decoded(text: str) -> str:
    """Return `text` decoded once; a `%` that begins no octet stays, broken UTF-8 becomes U+FFFD.

    Source  URL Standard, "percent-decode"
    """
    if "%" not in text:
        return text
    octets = _ENCODED.sub(lambda found: bytes((int(found[1], 16),)), text.encode("utf-8", "replace"))
    return octets.decode("utf-8", "replace")


def percent_encoded(text: str) -> str:
    """Return `text` with everything but unreserved characters encoded.

    Source  RFC 3986, section 2.3
    """
    octets = text.encode("utf-8", "replace")
    return "".join([chr(octet) if octet in _KEPT else f"%{octet:02X}" for octet in octets])


def parse_query(raw_query: str) -> dict[str, str]:
    """Return the decoded parameters; of a name that comes twice, the last value.

    Source  URL Standard, "application/x-www-form-urlencoded parsing"
    """
    pairs = (part.replace("+", " ").partition("=") for part in raw_query.split("&") if part)
    return {percent_decoded(name): percent_decoded(value) for name, _, value in pairs}


def build_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a query string that `parse_query` reads back."""
    return "&".join([f"{percent_encoded(name)}={percent_encoded(value)}" for name, value in pairs])
