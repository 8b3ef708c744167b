"""The HTTP face of the emulator: which operation, and errors in OpenAI's form."""

import asyncio
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from local.bedrock_emulator.calls import CallLog, Operation
from local.bedrock_emulator.conversing import prepare
from local.bedrock_emulator.errors import BedrockError
from local.bedrock_emulator.script import ScriptBoard
from local.bedrock_emulator.usage import PromptCache
from local.emulator_admin import answer_admin
from local.http_server import BodyTooLarge, ClientGone, Exchange, serve
from local.openai_emulator.completions import Completion, answer_stream, answer_whole, error_body
from local.openai_emulator.requests import converse, parse_request

MAX_BODY_BYTES: Final = 20 * 1024 * 1024
MODEL: Final = "stand-in"
_log = logging.getLogger(__name__)


async def serve_openai(*, port: int = 0) -> asyncio.Server:
    """Listen on 127.0.0.1 and answer as a local model server does; port 0 picks a free one.

    Raises  OSError: the port is taken
    """
    cache = PromptCache(clock=asyncio.get_running_loop().time)
    emulator = Emulator(board=ScriptBoard(), calls=CallLog(clock=time.time), cache=cache)
    return await serve(emulator.answer, port=port)


@dataclass(frozen=True, slots=True)
class Emulator:
    """All state of one server."""

    board: ScriptBoard
    calls: CallLog
    cache: PromptCache

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request. Raises ClientGone, after which the connection is of no more use."""
        try:
            await self._route(exchange)
        except BedrockError as error:
            await exchange.reply_json(error.status, error_body(error))
        except BodyTooLarge:
            too_large = BedrockError("RequestEntityTooLargeException", "The request body is too large.")
            await exchange.reply_json(too_large.status, error_body(too_large))
        except ClientGone:
            raise
        except Exception:  # noqa: BLE001 - the last line: logged whole, and the client sees a fixed text
            _log.exception("openai_emulator.unexpected")
            if exchange.started:
                exchange.abort()
                return
            unexpected = BedrockError("InternalServerException", "The emulator failed; see its log.")
            await exchange.reply_json(unexpected.status, error_body(unexpected))

    async def _route(self, exchange: Exchange) -> None:
        match exchange.method, exchange.segments:
            case _, ("_emulator", *_):
                await answer_admin(exchange, board=self.board, calls=self.calls)
            case "POST", (*_, "v1", "chat", "completions"):
                await self._complete(exchange)
            case "GET", (*_, "v1", "models"):
                model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "stream-coach"}
                await exchange.reply_json(200, {"object": "list", "data": [model]})
            case _:
                raise BedrockError("UnknownOperationException", f"Unknown request URL: {exchange.path}")

    async def _complete(self, exchange: Exchange) -> None:
        body = await exchange.body(limit=MAX_BODY_BYTES)
        request = parse_request(body)
        operation: Operation = "ConverseStream" if request.stream else "Converse"
        call = self.calls.begin(operation, request.model, from_json(body), request_bytes=len(body))
        conversation = prepare(
            exchange,
            call,
            converse(request),
            board=self.board,
            cache=self.cache,
            request_id=uuid.uuid4().hex,
        )
        completion = Completion(conversation, request.model, request.stream_options.include_usage)
        try:
            await (answer_stream if request.stream else answer_whole)(completion)
        except ClientGone:
            call.closed_early = True
            raise
