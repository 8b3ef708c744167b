"""`coach probe` through proxies that stream, buffer and half buffer, and against what cannot be measured."""

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.cli import main
from tests.local.path_probe.proxies import Pump, holding, passing, proxied
from tests.local.wire import Script, served


def _coach(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["probe", *arguments])


def _probe(pump: Pump, path: str = "/words") -> tuple[int, dict[str, Any]]:
    with proxied(pump) as address:
        result = _coach(f"{address}{path}", "--json")
    return result.exit_code, json.loads(result.stdout)


def test_a_path_that_passes_everything_on_streams() -> None:
    code, found = _probe(passing)
    assert (code, found["verdict"]) == (0, "streams")
    assert (found["writes"], found["causes"]) == (12, [])
    assert found["sentOverMs"] == pytest.approx(found["cameOverMs"], abs=120)


def test_a_path_that_collects_the_whole_answer_buffers_wholly() -> None:
    code, found = _probe(holding(None))
    assert (code, found["verdict"]) == (1, "buffers_wholly")
    assert (found["arrivals"], found["largestBurst"]) == (1, 12)
    assert found["firstByteMs"] > 1_000
    assert found["heldMs"] > 1_000
    assert found["causes"]


def test_a_path_that_fills_a_block_first_buffers_partly() -> None:
    code, found = _probe(holding(400))
    assert (code, found["verdict"]) == (1, "buffers_partly")
    assert 1 < found["largestBurst"] < 12
    assert "bursts of up to" in found["reason"]


def test_a_path_that_only_holds_the_beginning_back_is_told_apart() -> None:
    code, found = _probe(holding(600, first_only=True))
    assert (code, found["verdict"]) == (1, "buffers_partly")
    assert "were held back and came together, then it streamed" in found["reason"]
    assert found["held"] == found["heldFirst"] < 8


def test_without_the_servers_times_the_gaps_must_do() -> None:
    assert _probe(passing, "/words?plain")[1]["verdict"] == "streams"
    code, found = _probe(holding(None), "/words?plain")
    assert (code, found["verdict"]) == (1, "buffers_wholly")
    assert "does not say when" in found["reason"]


def test_a_stream_without_end_is_judged_by_what_came() -> None:
    with proxied(passing) as address:
        result = _coach(f"{address}/words?plain&endless", "--longest", "1", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"]) == (0, "streams")
    assert 900 < found["lastByteMs"] < 3_000


def test_too_little_to_tell_is_said_so() -> None:
    code, found = _probe(passing, "/words?delay=0")
    assert (code, found["verdict"]) == (3, "unclear")
    assert "ask for more" in found["reason"]


def test_words_for_a_person_name_figures_cause_and_remedy() -> None:
    script = Script(
        pieces=(b'{"timestamp":"2026-11-21T10:00:00Z"}\n', *(_line(n) for n in range(1, 8))),
        headers=(("server", "nginx/1.27"), ("via", "1.1 edge")),
    )
    with served(script) as address:
        result = _coach(f"{address}/x")
    assert result.exit_code == 1
    assert result.stdout.startswith("buffers wholly: nothing came before the server had sent everything\n")
    assert "8 of 8 writes" in result.stdout
    assert "proxy_buffering off" in result.stdout


def _line(second: int) -> bytes:
    return b'{"timestamp":"2026-11-21T10:00:%02dZ"}\n' % second


def test_a_service_without_a_path_gets_the_word_probe_with_token_and_headers() -> None:
    script = Script(content_type="application/x-ndjson", pieces=(_line(0), _line(9)))
    with served(script) as address:
        _coach(address, "--token", "a-token", "--header", "X-Origin: s3cret", "--words", "5", "--delay", "0")
    [(method, path, headers, _)] = script.asked
    assert (method, path) == ("GET", "/health/stream")
    assert (headers["authorization"], headers["x-origin"]) == ("Bearer a-token", "s3cret")


def test_a_body_is_posted() -> None:
    script = Script(pieces=(b"data: 1\n\n",))
    with served(script) as address:
        _coach(f"{address}/turn", "--data", '{"delay": 1}')
    [(method, _, headers, body)] = script.asked
    assert (method, headers["content-type"], body) == ("POST", "application/json", b'{"delay": 1}')


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            Script(status=404, pieces=(b'{"code":"ROUTE_NOT_FOUND"}',)),
            'answers 404, where 200 is needed: {"code"',
        ),
        (Script(status=401), "give --token"),
        (Script(status=307, headers=(("location", "https://there.example/"),)), "probe that address"),
        (Script(pieces=(b"data: 1\n\n",), breaks_off=True), "broke off"),
        (Script(pieces=(b"junk",), headers=(("content-encoding", "gzip"),)), "content-encoding"),
    ],
    ids=["404", "401", "redirect", "broken", "not-gzip"],
)
def test_what_cannot_be_measured_is_explained(script: Script, said: str) -> None:
    with served(script) as address:
        result = _coach(f"{address}/stream?ticket=secret")
    assert result.exit_code == 3
    assert said in result.stderr
    assert "ticket" not in result.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/x", "nothing answers at 'http://127.0.0.1:9/x'"),
        ("nonsense", "'nonsense' is no address"),
        ("ftp://127.0.0.1/x", "should begin with https:// or http://"),
        ("http://[bad/x", "nothing answers at"),
    ],
)
def test_an_address_that_leads_nowhere_is_explained(url: str, said: str) -> None:
    result = _coach(url, "--json")
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (3, "unmeasured")
    assert said in result.stderr


def test_tls_that_cannot_be_trusted_is_explained(tmp_path: Path) -> None:
    with _tls_server(tmp_path) as address:
        strict, lax = _coach(address), _coach(address, "--insecure")
    assert strict.exit_code == 3
    assert "certificate" in strict.stderr
    assert "--insecure" in strict.stderr
    assert "certificate" not in lax.stderr


@contextmanager
def _tls_server(folder: Path) -> Iterator[str]:
    """Serve nothing over TLS, with a certificate that nobody vouches for."""
    key, certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                plain, _address = server.accept()
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/x"
        thread.join()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--header", "no-colon"), "a header is NAME: VALUE"),
        (("--header", "x: a\nb: c"), "a header is NAME: VALUE"),
        (("--token", "two words"), "this is no token"),
        (("--words", "2"), "not in the range"),
    ],
)
def test_wrong_use_is_explained(arguments: tuple[str, ...], said: str) -> None:
    result = _coach("http://127.0.0.1:9", *arguments)
    assert (result.exit_code, said in result.stderr) == (2, True)


def test_help_starts_soon() -> None:
    command = [sys.executable, "-m", "local.cli", "probe", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Exit status" in done.stdout
