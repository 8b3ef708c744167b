"""The browser client, as the local stack serves it: built files, and the settings that they ask for.

On AWS the same files lie on any static host, with a `config.json` of the deployment (`make web-config`).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from local.http_server import Exchange

type Config = Callable[[], dict[str, Any]]
type Headers = tuple[tuple[str, str], ...]

ENTRY: Final = "index.html"
CONFIG: Final = "config.json"
ASSETS: Final = "assets"
OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_SAFE: Final = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
)
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Website:
    """The files under `root`, looked up at each request, and `/config.json`, made anew each time."""

    root: Path
    config: Config

    def has(self, exchange: Exchange) -> bool:
        """Whether this request is for the page, and not for the function."""
        if exchange.method not in ("GET", "HEAD"):
            return False
        return self._is_config(exchange) or self._file(exchange.path) is not None

    async def answer(self, exchange: Exchange) -> None:
        """Answer a request that `has` took for the page's."""
        if self._is_config(exchange):
            await self._answer_config(exchange)
            return
        path = self._file(exchange.path)
        if path is None:
            await exchange.reply_json(404, {"message": "no such file"})
            return
        body = path.read_bytes()
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = _headers(path.relative_to(self.root), tag)
        if exchange.header("if-none-match") == tag:
            await exchange.reply(304, b"", headers)
        else:
            await exchange.reply(200, body, headers)

    def _is_config(self, exchange: Exchange) -> bool:
        return exchange.path == f"/{CONFIG}" and (self.root / ENTRY).is_file()

    async def _answer_config(self, exchange: Exchange) -> None:
        # It holds a token: a page elsewhere whose name was made to point here is told nothing.
        if _host_of(exchange) not in OWN_NAMES:
            await exchange.reply_json(403, {"message": f"{CONFIG} is for pages of this machine"}, _SAFE)
            return
        body = json.dumps(self.config(), separators=(",", ":")).encode()
        headers = (("content-type", _TYPES[".json"]), ("cache-control", "no-store"), *_SAFE)
        await exchange.reply(200, body, headers)

    def _file(self, path: str) -> Path | None:
        """Return the file that a request's path names; None where there is none below the root."""
        name = unquote(path).removeprefix("/") or ENTRY
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or "\0" in name or "\\" in name or parts[0] == "/":
            return None
        found = self.root.joinpath(*parts)
        try:
            inside = found.is_file() and found.resolve().is_relative_to(self.root.resolve())
        except OSError:  # a name that no file can have
            return None
        return found if inside else None


def _headers(path: Path, tag: str) -> Headers:
    hashed = path.parts[0] == ASSETS
    kept = "public, max-age=31536000, immutable" if hashed else "no-cache"
    kind = _TYPES.get(path.suffix, "application/octet-stream")
    policy = (("content-security-policy", POLICY),) if path.suffix == ".html" else ()
    return (("content-type", kind), ("cache-control", kept), ("etag", tag), *policy, *_SAFE)


def _host_of(exchange: Exchange) -> str | None:
    try:
        return urlsplit(f"//{exchange.header('host')}").hostname
    except ValueError:
        return None
