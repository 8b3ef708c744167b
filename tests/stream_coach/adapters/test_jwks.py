import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from libs.streaming.errors import KeysUnavailable, UnknownKey
from libs.streaming.tokens import TokenVerifier
from stream_coach.adapters.jwks import MAX_UNKNOWN_KIDS, JwksKeySource, fetch_document, parse_jwks
from tests.libs.streaming.signing import AUDIENCE, ISSUER, KID, NOW_S, jwk, private_key, sign, without

URL = "https://issuer.example/.well-known/jwks.json"


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Issuer:
    """Publishes keys, counts how often it is asked, and can be down."""

    def __init__(self, *kids: str) -> None:
        self.kids = kids
        self.down = False
        self.asked = 0

    def fetch(self, url: str) -> bytes:
        self.asked += 1
        if self.down:
            raise KeysUnavailable
        return json.dumps({"keys": [jwk(kid) for kid in self.kids]}).encode()


@dataclass
class Bench:
    issuer: Issuer = field(default_factory=lambda: Issuer("a"))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.source = JwksKeySource(URL, fetch=self.issuer.fetch, clock=self.clock)

    def outcome(self, kid: str) -> str:
        try:
            self.source.key(kid)
        except (UnknownKey, KeysUnavailable) as error:
            return type(error).__name__
        return "key"


def test_keys_are_fetched_once_in_ten_minutes() -> None:
    bench = Bench()
    assert [bench.outcome("a") for _ in range(5)] == ["key"] * 5
    bench.clock.now_s += 599
    assert (bench.outcome("a"), bench.issuer.asked) == ("key", 1)
    bench.clock.now_s += 1
    assert (bench.outcome("a"), bench.issuer.asked) == ("key", 2)


def test_nothing_is_fetched_before_a_token_comes() -> None:
    assert Bench().issuer.asked == 0


def test_a_new_key_is_found_by_a_refetch() -> None:
    bench = Bench()
    bench.outcome("a")
    bench.issuer.kids = ("a", "b")
    assert bench.outcome("b") == "UnknownKey"  # too soon after the last fetch to ask again
    bench.clock.now_s += 10
    assert (bench.outcome("b"), bench.outcome("a"), bench.issuer.asked) == ("key", "key", 2)


def test_a_withdrawn_key_is_gone_after_a_refresh() -> None:
    bench = Bench()
    bench.outcome("a")
    bench.issuer.kids = ("b",)
    bench.clock.now_s += 600
    assert (bench.outcome("a"), bench.outcome("b"), bench.issuer.asked) == ("UnknownKey", "key", 2)


def test_ever_new_unknown_kids_cost_one_fetch_in_ten_seconds() -> None:
    bench = Bench()
    bench.outcome("a")
    for second in range(100):
        bench.clock.now_s += 1
        assert bench.outcome(f"junk-{second}") == "UnknownKey"
    assert bench.issuer.asked == 11


def test_the_same_unknown_kid_costs_one_fetch_while_the_keys_are_fresh() -> None:
    bench = Bench()
    bench.outcome("a")
    for _ in range(50):
        bench.clock.now_s += 11
        assert bench.outcome("junk") == "UnknownKey"
    assert bench.issuer.asked == 2


def test_a_remembered_kid_is_found_when_a_refresh_brings_it() -> None:
    bench = Bench()
    bench.clock.now_s += 10
    assert bench.outcome("b") == "UnknownKey"
    bench.issuer.kids = ("a", "b")
    bench.clock.now_s += 600
    assert bench.outcome("b") == "key"


def test_no_more_unknown_kids_are_remembered_than_allowed() -> None:
    bench = Bench()
    for number in range(MAX_UNKNOWN_KIDS + 1):
        bench.outcome(f"junk-{number}")
        bench.clock.now_s += 10
    asked = bench.issuer.asked
    bench.outcome(f"junk-{MAX_UNKNOWN_KIDS}")
    assert bench.issuer.asked == asked
    bench.outcome("junk-0")
    assert bench.issuer.asked == asked + 1


def test_known_keys_go_on_serving_while_the_issuer_is_down() -> None:
    bench = Bench()
    bench.outcome("a")
    bench.issuer.down = True
    for _ in range(60):
        bench.clock.now_s += 60
        assert (bench.outcome("a"), bench.outcome("a")) == ("key", "key")
        bench.clock.now_s += 9
        assert bench.outcome("a") == "key"
        bench.clock.now_s -= 9
    assert bench.issuer.asked == 1 + 51  # from the tenth minute on once a minute
    bench.issuer.down = False
    bench.issuer.kids = ("b",)
    bench.clock.now_s += 10
    assert (bench.outcome("a"), bench.outcome("b")) == ("UnknownKey", "key")


def test_a_kid_that_could_not_be_looked_up_is_not_called_unknown() -> None:
    bench = Bench()
    bench.outcome("a")
    bench.issuer.down = True
    bench.clock.now_s += 10
    assert [bench.outcome(kid) for kid in ("b", "b", "a")] == ["KeysUnavailable", "KeysUnavailable", "key"]
    assert bench.issuer.asked == 2
    bench.issuer.down = False
    bench.issuer.kids = ("a", "b")
    bench.clock.now_s += 10
    assert bench.outcome("b") == "key"


def test_a_failed_first_fetch_is_tried_again_after_a_second() -> None:
    bench = Bench()
    bench.issuer.down = True
    assert [bench.outcome("a") for _ in range(3)] == ["KeysUnavailable"] * 3
    assert bench.issuer.asked == 1
    bench.issuer.down = False
    bench.clock.now_s += 1
    assert (bench.outcome("a"), bench.issuer.asked) == ("key", 2)


class SlowIssuer(Issuer):
    """Answers when it is let; `entered` tells that someone is asking."""

    def __init__(self, *kids: str) -> None:
        super().__init__(*kids)
        self.entered = threading.Event()
        self.let = threading.Event()
        self.let.set()

    def fetch(self, url: str) -> bytes:
        self.entered.set()
        assert self.let.wait(timeout=10)
        return super().fetch(url)


def test_many_callers_share_the_first_fetch() -> None:
    issuer = SlowIssuer("a")
    issuer.let.clear()
    bench = Bench(issuer)
    with ThreadPoolExecutor(16) as pool:
        outcomes = [pool.submit(bench.outcome, "a" if number % 2 else "junk") for number in range(16)]
        assert issuer.entered.wait(timeout=10)
        issuer.let.set()
        found = sorted(outcome.result(timeout=10) for outcome in outcomes)
    assert (found, issuer.asked) == (["UnknownKey"] * 8 + ["key"] * 8, 1)


def test_while_one_caller_refreshes_the_others_use_the_stale_keys() -> None:
    issuer = SlowIssuer("a")
    bench = Bench(issuer)
    bench.outcome("a")
    bench.clock.now_s += 600
    issuer.let.clear()
    issuer.entered.clear()
    with ThreadPoolExecutor(2) as pool:
        refreshing = pool.submit(bench.outcome, "a")
        assert issuer.entered.wait(timeout=10)
        assert pool.submit(bench.outcome, "a").result(timeout=2) == "key"
        issuer.let.set()
        assert refreshing.result(timeout=10) == "key"
    assert issuer.asked == 2


def test_a_known_key_never_waits_for_a_junk_token() -> None:
    issuer = SlowIssuer("a")
    bench = Bench(issuer)
    bench.outcome("a")
    bench.clock.now_s += 10
    issuer.let.clear()
    issuer.entered.clear()
    with ThreadPoolExecutor(1) as pool:
        junk = pool.submit(bench.outcome, "junk")
        assert issuer.entered.wait(timeout=10)
        assert bench.outcome("a") == "key"
        issuer.let.set()
        assert junk.result(timeout=10) == "UnknownKey"


@pytest.mark.parametrize(
    "url", ["http://issuer.example/jwks", "ftp://issuer.example/jwks", "file:///etc/jwks", "jwks.json", ""]
)
def test_an_address_that_anyone_could_alter_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not https"):
        JwksKeySource(url, fetch=fetch_document, clock=Clock())


WEAK = private_key("weak", bits=1_024)
PLAIN = without(jwk("a"), "use", "alg")


@pytest.mark.parametrize(
    ("keys", "usable"),
    [
        pytest.param([jwk("a")], ["a"], id="plain"),
        pytest.param([PLAIN], ["a"], id="neither use nor alg"),
        pytest.param([{**PLAIN, "key_ops": ["verify"]}], ["a"], id="key_ops verify"),
        pytest.param([jwk("a"), jwk("b", use="enc")], ["a"], id="for encryption"),
        pytest.param([jwk("a"), jwk("b", alg="RS512")], ["a"], id="other algorithm"),
        pytest.param([jwk("a"), jwk("b", alg=None)], ["a"], id="alg null"),
        pytest.param([jwk("a"), jwk("b", key_ops=["sign"])], ["a"], id="key_ops sign"),
        pytest.param([jwk("a"), jwk("b", key_ops="verify")], ["a"], id="key_ops text"),
        pytest.param([jwk("a"), jwk("b", key=WEAK)], ["a"], id="1024 bits"),
        pytest.param([jwk("a"), jwk("b", kty="oct", k="c2VjcmV0")], ["a"], id="symmetric"),
        pytest.param([jwk("a"), jwk("b", kty="EC")], ["a"], id="elliptic curve"),
        pytest.param([jwk("a"), jwk("b", n="!!!")], ["a"], id="modulus not base64url"),
        pytest.param([jwk("a"), jwk("b", n="")], ["a"], id="modulus empty"),
        pytest.param([jwk("a"), jwk("b", n=7)], ["a"], id="modulus a number"),
        pytest.param([jwk("a"), jwk("b", n="_" * 20_000)], ["a"], id="modulus huge"),
        pytest.param([jwk("a"), jwk("b", e="AQ")], ["a"], id="exponent 1"),
        pytest.param([jwk("a"), jwk("b", e="BA")], ["a"], id="exponent even"),
        pytest.param([jwk("a"), jwk("")], ["a"], id="empty kid"),
        pytest.param([jwk("a"), {**jwk("b"), "kid": 7}], ["a"], id="kid a number"),
        pytest.param([jwk("a"), {"kty": "RSA"}, None, "x", []], ["a"], id="junk"),
        pytest.param([jwk("a"), jwk("b", key=private_key("other"))], ["a", "b"], id="two"),
    ],
)
def test_only_sound_signature_keys_are_taken(keys: list[Any], usable: list[str]) -> None:
    assert sorted(parse_jwks(json.dumps({"keys": keys}).encode())) == usable


def test_of_two_keys_with_one_id_the_first_is_taken() -> None:
    document = json.dumps({"keys": [jwk("a"), jwk("a", key=private_key("other"))]}).encode()
    assert parse_jwks(document)["a"] == private_key().public_key()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": []}',
        b"\xff",
        b"[" * 60_000,
    ],
)
def test_a_document_without_keys_is_no_answer(document: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        parse_jwks(document)


class _Answers(BaseHTTPRequestHandler):
    """A real issuer on a real socket; the path says how it answers."""

    def do_GET(self) -> None:
        jwks = json.dumps({"keys": [jwk(KID)]}).encode()
        match self.path:
            case "/jwks" | "/pools?id=1":
                self._send(200, jwks)
            case "/moved":
                self._send(302, b"", location="/jwks")
            case "/large":
                self._send(200, b" " * 65_537)
            case "/limit":
                self._send(200, jwks.ljust(65_536))
            case "/cut":
                self._send(200, jwks[:100], length=len(jwks))
            case "/garbage":
                self.wfile.write(b"not HTTP at all\r\n\r\n")
            case _:
                self._send(500, jwks)

    def _send(self, status: int, body: bytes, *, location: str = "", length: int | None = None) -> None:
        self.send_response(status)
        if location:
            self.send_header("location", location)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_token_is_checked_with_keys_from_a_real_server(origin: str) -> None:
    keys = JwksKeySource(f"{origin}/jwks", fetch=fetch_document, clock=Clock())
    verifier = TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW_S)
    assert verifier.verify(sign()).user_id == "alice"


@pytest.mark.parametrize("path", ["/jwks", "/pools?id=1", "/limit"])
def test_a_document_is_fetched(origin: str, path: str) -> None:
    assert parse_jwks(fetch_document(origin + path)).keys() == {KID}


@pytest.mark.parametrize("path", ["/moved", "/large", "/garbage", "/error"])
def test_any_other_answer_is_no_document(origin: str, path: str) -> None:
    with pytest.raises(KeysUnavailable):
        fetch_document(origin + path)


def test_half_a_document_holds_no_keys(origin: str) -> None:
    with pytest.raises(KeysUnavailable):
        parse_jwks(fetch_document(f"{origin}/cut"))


def test_a_port_where_nobody_listens_is_no_issuer() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        port = server.server_port
    with pytest.raises(KeysUnavailable) as caught:
        fetch_document(f"http://127.0.0.1:{port}/jwks")
    assert isinstance(caught.value.__cause__, OSError)
