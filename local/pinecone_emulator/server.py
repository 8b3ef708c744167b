"""The HTTP face of the emulator: who may call, which operation, and errors in Pinecone's form."""

import asyncio
import importlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from pydantic_core import from_json

from local.emulator_admin import answer_admin
from local.http_server import BodyTooLarge, ClientGone, Exchange, serve
from local.pinecone_emulator.calls import CallLog
from local.pinecone_emulator.errors import PineconeError
from local.pinecone_emulator.index import Index
from local.pinecone_emulator.record_file import RecordFile
from local.pinecone_emulator.script import ScriptBoard

MAX_BODY_BYTES: Final = 2 * 1024 * 1024
_JSON: Final = (("content-type", "application/json"),)
_log = logging.getLogger(__name__)


async def serve_pinecone(state_file: Path, *, port: int = 0) -> asyncio.Server:
    """Listen on 127.0.0.1 and answer as an index of Pinecone does; port 0 picks a free one.

    Shape   `state_file` is made where there is none; each change is in it before its answer
    Raises  PartFailed: `state_file` cannot be read; OSError: the port is taken
    """
    emulator = Emulator(
        index=Index(RecordFile(state_file)), board=ScriptBoard(), calls=CallLog(clock=time.time)
    )
    server = await serve(emulator.answer, port=port)
    # It takes 0.2 s: neither the stack's start nor its first search shall wait for all of it.
    asyncio.get_running_loop().run_in_executor(None, importlib.import_module, "numpy")
    return server


@dataclass(frozen=True, slots=True)
class Emulator:
    """All state of one server."""

    index: Index
    board: ScriptBoard
    calls: CallLog

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request. Raises ClientGone, after which the connection is of no more use."""
        try:
            if exchange.segments[0] == "_emulator":
                await answer_admin(exchange, board=self.board, calls=self.calls)
            else:
                await self._answer_operation(exchange)
        except PineconeError as error:
            await _reply_error(exchange, error)
        except BodyTooLarge:
            limit = f"the request exceeds the limit of {MAX_BODY_BYTES} bytes"
            await _reply_error(exchange, PineconeError("too_large", limit))
        except ClientGone:
            raise
        except Exception:  # noqa: BLE001 - the last line: logged whole, and the client sees a fixed text
            _log.exception("pinecone_emulator.unexpected")
            await _reply_error(exchange, PineconeError("internal", "The emulator failed; see its log."))

    async def _answer_operation(self, exchange: Exchange) -> None:
        operation = self.index.operation(exchange.method, exchange.path)
        if operation is None:
            raise PineconeError("unknown_path", f"{exchange.method} {exchange.path} is not emulated")
        if not exchange.header("api-key"):
            raise PineconeError("no_key", "Invalid API Key")
        request = await _request(exchange)
        fault = self.board.take_fault()
        self.calls.add(
            exchange.method,
            exchange.path,
            api_version=exchange.header("x-pinecone-api-version"),
            request=request,
            fault=fault,
        )
        await asyncio.sleep(self.board.current.delay_ms / 1000)
        match fault:
            case "down":
                exchange.abort()
            case "garbage":
                await exchange.reply(200, self.board.take_garbage(), _JSON)
            case "error500":
                raise PineconeError("internal", "A fault of the emulator's script.")
            case "error429":
                raise PineconeError("throttled", "A fault of the emulator's script.")
            case _:
                await exchange.reply_json(200, operation(request))


async def _request(exchange: Exchange) -> Any:
    """Return what is asked: the body, or the query of a GET. Raises PineconeError (invalid), BodyTooLarge."""
    body = await exchange.body(limit=MAX_BODY_BYTES)
    if exchange.method == "GET":
        names = parse_qs(exchange.raw_query, keep_blank_values=True)
        return {name: values if name == "ids" else values[-1] for name, values in names.items()}
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise PineconeError("invalid", "the body is not JSON") from error


async def _reply_error(exchange: Exchange, error: PineconeError) -> None:
    await exchange.reply_json(error.status, error.to_json())
