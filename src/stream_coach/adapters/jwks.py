"""The issuer's published keys, fetched over HTTPS and kept.

`http.client` because it is all that one GET needs and comes with boto3 anyway: it follows no redirect,
opens no other scheme, and adds nothing to a start (alone 24 ms; urllib.request 31, urllib3 70).
"""

import base64
import binascii
import http.client
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from libs.streaming.errors import InvalidJson, KeysUnavailable, UnknownKey
from libs.streaming.json_object import parse_object
from libs.streaming.tokens import ALGORITHM, KeySource

type Fetch = Callable[[str], bytes]
"""`fetch(url)` returns the document or raises KeysUnavailable."""

FRESH_S: Final = 600.0
REFETCH_S: Final = 10.0
COLD_RETRY_S: Final = 1.0
TIMEOUT_S: Final = 2.5
MAX_DOCUMENT_BYTES: Final = 65_536
MAX_UNKNOWN_KIDS: Final = 1_000
MIN_KEY_BITS: Final = 2_048
MAX_KEY_BITS: Final = 8_192
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_log = logging.getLogger(__name__)


class JwksKeySource(KeySource):
    """Keeps the keys of one JWKS for 10 minutes and spares the issuer what junk tokens would cost.

    An unknown key id may fetch once, at most every 10 s whatever the number of callers; then it is
    remembered as unknown. Where a refresh fails, the keys at hand go on serving. Thread safe.

    Units   `clock` is monotonic, in seconds
    Raises  ValueError: the address is neither https nor on this machine
    """

    def __init__(self, url: str, *, fetch: Fetch, clock: Callable[[], float]) -> None:
        address = urlsplit(url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise ValueError(f"the JWKS address {url!r} is not https: whoever alters it could sign tokens")
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, RSAPublicKey] = {}  # replaced whole, so readers need no lock
        self._unknown: dict[str, None] = {}  # in order of arrival
        self._fresh_until_s = -float("inf")
        self._next_fetch_s = -float("inf")
        self._last_failed = False

    def key(self, kid: str) -> RSAPublicKey:
        """Return the key with this id.

        Raises  UnknownKey; KeysUnavailable: not at hand, and the issuer did not answer
        """
        known, fresh = self._keys.get(kid), self._clock() < self._fresh_until_s
        if known is not None:
            return known if fresh else self._refreshed(kid, known)
        if fresh and kid in self._unknown:
            raise UnknownKey
        with self._lock:
            return self._looked_up(kid)

    def _refreshed(self, kid: str, stale: RSAPublicKey) -> RSAPublicKey:
        """Return the key after one caller's refresh; meanwhile the others go on with the stale one."""
        if not self._lock.acquire(blocking=False):
            return stale
        try:
            self._refresh_if_due()
            return self._looked_up(kid)
        finally:
            self._lock.release()

    def _looked_up(self, kid: str) -> RSAPublicKey:
        """Return the key, fetching if it is missing and a fetch is due. The lock is held."""
        asked = kid not in self._keys and self._refresh_if_due()
        key = self._keys.get(kid)
        if key is not None:
            return key
        if self._last_failed:
            raise KeysUnavailable
        if asked:
            self._remember_unknown(kid)
        raise UnknownKey

    def _refresh_if_due(self) -> bool:
        """Fetch unless that was tried just now; True when it was done and worked. The lock is held."""
        if self._clock() < self._next_fetch_s:
            return False
        try:
            self._keys = parse_jwks(self._fetch(self._url))
        except KeysUnavailable as error:
            self._last_failed = True
            self._next_fetch_s = self._clock() + (REFETCH_S if self._keys else COLD_RETRY_S)
            _log.warning("jwks_refresh_failed", extra={"cause": repr(error.__cause__)})
            return False
        self._last_failed = False
        self._next_fetch_s = self._clock() + REFETCH_S
        self._fresh_until_s = self._clock() + FRESH_S
        return True

    def _remember_unknown(self, kid: str) -> None:
        if len(self._unknown) >= MAX_UNKNOWN_KIDS:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[kid] = None


def parse_jwks(document: bytes) -> dict[str, RSAPublicKey]:
    """Return the usable keys by id: RSA, for RS256 signatures, of a sound size; of one id twice, the first.

    Raises  KeysUnavailable: not a JWKS, or without a usable key
    Source  RFC 7517; RFC 7518, section 6.3
    """
    try:
        entries = parse_object(document).get("keys")
    except InvalidJson as error:
        raise KeysUnavailable from error
    keys: dict[str, RSAPublicKey] = {}
    for entry in entries if isinstance(entries, list) else ():
        match entry:
            case {"kty": "RSA", "kid": str(kid), "n": str(n), "e": str(e)} if kid and _is_for_signatures(
                entry
            ):
                key = _public_key(n, e)
                if key is not None:
                    keys.setdefault(kid, key)
    if not keys:
        raise KeysUnavailable
    return keys


def _is_for_signatures(entry: Mapping[str, object]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("use", "sig") == "sig"
        and entry.get("alg", ALGORITHM) == ALGORITHM
        and isinstance(operations, list)
        and "verify" in operations
    )


def _public_key(n: str, e: str) -> RSAPublicKey | None:
    try:
        modulus, exponent = _base64url_int(n), _base64url_int(e)
        if not MIN_KEY_BITS <= modulus.bit_length() <= MAX_KEY_BITS:
            return None
        return RSAPublicNumbers(exponent, modulus).public_key()
    except (binascii.Error, ValueError):
        return None


def _base64url_int(text: str) -> int:
    return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))


def fetch_document(url: str) -> bytes:
    """Return the document at `url`, without redirects and without a proxy.

    Raises  KeysUnavailable: no 200, too slow or over `MAX_DOCUMENT_BYTES`
    """
    try:
        return _get(url, deadline_s=time.monotonic() + TIMEOUT_S)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise KeysUnavailable from error


def _get(url: str, *, deadline_s: float) -> bytes:
    address = urlsplit(url)
    connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    target = f"{address.path or '/'}{'?' if address.query else ''}{address.query}"
    with closing(connect(address.hostname or "", address.port, timeout=TIMEOUT_S)) as connection:
        connection.request("GET", target, headers={"accept": "application/json"})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"status {response.status}")
        document = b""
        while part := response.read1(MAX_DOCUMENT_BYTES):
            document += part
            if len(document) > MAX_DOCUMENT_BYTES:
                raise http.client.HTTPException(f"more than {MAX_DOCUMENT_BYTES} bytes")
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"not complete after {TIMEOUT_S} s")
        return document
