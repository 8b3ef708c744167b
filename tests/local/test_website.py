"""The page's files over a real socket: what is served, as what, and what is not."""

import asyncio
import http.client
from pathlib import Path
from typing import Any

import pytest

from local.http_server import Exchange, close, port_of, serve
from local.website import POLICY, Website

SECRET = "what lies beside the page"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text(SECRET)
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>Coach</title>")
    (root / "assets" / "index-abc123.js").write_text("export {};")
    (root / "assets" / "out").symlink_to(tmp_path / "secret.txt")
    return root


class Reply:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()


def ask(root: Path, path: str, *, method: str = "GET", **headers: str) -> Reply:
    website = Website(root, lambda: {"localToken": "t"})

    async def answer(exchange: Exchange) -> None:
        if website.has(exchange):
            await website.answer(exchange)
        else:
            await exchange.reply(404, b"the function's")

    def request(port: int) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=names)
        reply = Reply(connection.getresponse())
        connection.close()
        return reply

    async def run() -> Any:
        server = await serve(answer)
        try:
            return await asyncio.to_thread(request, port_of(server))
        finally:
            await close(server)

    reply = asyncio.run(run())
    assert isinstance(reply, Reply)
    return reply


def test_the_root_is_the_page_with_a_policy_and_asked_for_anew_each_time(root: Path) -> None:
    reply = ask(root, "/")
    assert (reply.status, reply.body) == (200, b"<!doctype html><title>Coach</title>")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["content-security-policy"] == POLICY


def test_a_hashed_file_is_kept_for_good_and_has_its_type(root: Path) -> None:
    reply = ask(root, "/assets/index-abc123.js")
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_what_a_browser_has_already_is_not_sent_again(root: Path) -> None:
    tag = ask(root, "/").headers["etag"]
    reply = ask(root, "/", if_none_match=tag)
    assert (reply.status, reply.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/hostname",
        "/assets/out",
        "/assets",
        "/index.html%00",
        "/users/demo/coaches/atlas",
    ],
)
def test_nothing_else_is_the_page_s(root: Path, path: str) -> None:
    reply = ask(root, path)
    assert (reply.status, reply.body) == (404, b"the function's")


def test_only_reads_are_the_page_s(root: Path) -> None:
    assert ask(root, "/", method="POST").body == b"the function's"
    assert ask(root, "/", method="HEAD").status == 200


def test_the_settings_are_for_pages_of_this_machine_and_never_kept(root: Path) -> None:
    reply = ask(root, "/config.json")
    assert (reply.status, reply.body) == (200, b'{"localToken":"t"}')
    assert reply.headers["cache-control"] == "no-store"
    refused = ask(root, "/config.json", host="rebound.example")
    assert refused.status == 403
    assert b"localToken" not in refused.body


def test_without_a_built_page_the_function_answers_everything(tmp_path: Path) -> None:
    assert ask(tmp_path, "/").body == b"the function's"
    assert ask(tmp_path, "/config.json").body == b"the function's"
