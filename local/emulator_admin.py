"""`/_emulator/…` of each emulator: the script and the log of calls, for tests and for people."""

from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from local.http_server import Exchange

MAX_SCRIPT_BYTES: Final = 16 * 1024 * 1024


class ScriptRefused(Exception):
    """The script sent to `/_emulator/script` does not fit; the text says which part and why."""


class ScriptPart(BaseModel):
    """What a script is made of: camelCase outside, and nothing that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)


class Board(Protocol):
    """Holds the script in force."""

    @property
    def current(self) -> ScriptPart: ...

    def replace(self, body: bytes) -> ScriptPart:
        """Put a new script in force. Raises ScriptRefused: the old one stays."""


class Calls(Protocol):
    """What was asked of the emulator, in order."""

    def to_json(self) -> list[dict[str, Any]]: ...

    def clear(self) -> None: ...


def parse_script[Script: ScriptPart](shape: type[Script], body: bytes) -> Script:
    """Return the script that a body holds. Raises ScriptRefused."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        complaints = error.errors(include_url=False, include_context=False, include_input=False)
        said = [f"{'.'.join(map(str, one['loc'])) or 'script'}: {one['msg']}" for one in complaints]
        raise ScriptRefused("; ".join(said)) from error


async def answer_admin(exchange: Exchange, *, board: Board, calls: Calls) -> None:
    """Answer one admin request; no Authorization is asked for."""
    match exchange.method, exchange.segments[1:]:
        case "GET", ("script",):
            await exchange.reply_json(200, board.current.to_json())
        case "PUT", ("script",):
            await _put_script(exchange, board)
        case "GET", ("calls",):
            await exchange.reply_json(200, calls.to_json())
        case "DELETE", ("calls",):
            calls.clear()
            await exchange.reply(204)
        case _, ("script",) | ("calls",):
            await exchange.reply_json(405, {"message": f"{exchange.path} does not take {exchange.method}"})
        case _:
            await exchange.reply_json(404, {"message": f"no admin resource {exchange.path!r}"})


async def _put_script(exchange: Exchange, board: Board) -> None:
    try:
        script = board.replace(await exchange.body(limit=MAX_SCRIPT_BYTES))
    except ScriptRefused as error:
        await exchange.reply_json(400, {"message": str(error)})
        return
    await exchange.reply_json(200, script.to_json())
