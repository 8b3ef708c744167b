"""`/_emulator/…`: the script and the log of calls, for tests and for people."""

from local.http_server import Exchange
from local.pinecone_emulator.calls import CallLog
from local.pinecone_emulator.script import ScriptBoard, ScriptRefused

MAX_SCRIPT_BYTES = 65_536


async def answer_admin(exchange: Exchange, *, board: ScriptBoard, calls: CallLog) -> None:
    """Answer one admin request; no key is asked for."""
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


async def _put_script(exchange: Exchange, board: ScriptBoard) -> None:
    try:
        script = board.replace(await exchange.body(limit=MAX_SCRIPT_BYTES))
    except ScriptRefused as error:
        await exchange.reply_json(400, {"message": str(error)})
        return
    await exchange.reply_json(200, script.to_json())
