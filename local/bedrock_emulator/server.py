"""The HTTP face of the emulator: who may call, which operation, and errors in Bedrock's form."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json

from local.bedrock_emulator.calls import Call, CallLog, Operation
from local.bedrock_emulator.conversing import answer_stream, answer_whole, prepare
from local.bedrock_emulator.embeddings import answer_titan
from local.bedrock_emulator.errors import BedrockError
from local.bedrock_emulator.requests import parse_request
from local.bedrock_emulator.rules import check_request
from local.bedrock_emulator.script import ScriptBoard
from local.bedrock_emulator.tools import chosen_tool
from local.bedrock_emulator.usage import PromptCache
from local.embedders import Embedder, SentenceModel, installed_embedder
from local.emulator_admin import answer_admin
from local.http_server import BodyTooLarge, ClientGone, Exchange, serve

MAX_BODY_BYTES: Final = 20 * 1024 * 1024
# The stack is up by then; whoever embeds before loads the model then.
LOAD_AFTER_S: Final = 2.0
_OPERATIONS: Final[dict[str, Operation]] = {
    "converse": "Converse",
    "converse-stream": "ConverseStream",
    "invoke": "InvokeModel",
}
_ERROR_TYPE_SUFFIX: Final = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
_log = logging.getLogger(__name__)


async def serve_bedrock(*, port: int = 0, embedder: Embedder | None = None) -> asyncio.Server:
    """Listen on 127.0.0.1 and answer as the Bedrock runtime does; port 0 picks a free one.

    Shape   `embedder` None for the best that is installed
    Raises  OSError: the port is taken
    """
    chosen = embedder or installed_embedder()
    emulator = Emulator(
        board=ScriptBoard(),
        calls=CallLog(clock=time.time),
        cache=PromptCache(clock=asyncio.get_running_loop().time),
        embedder=chosen,
        new_id=lambda: str(uuid.uuid4()),
    )
    server = await serve(emulator.answer, port=port)
    if isinstance(chosen, SentenceModel):
        _load_later(chosen)
    return server


@dataclass(frozen=True, slots=True)
class Emulator:
    """All state of one server."""

    board: ScriptBoard
    calls: CallLog
    cache: PromptCache
    embedder: Embedder
    new_id: Callable[[], str]

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request. Raises ClientGone, after which the connection is of no more use."""
        request_id = self.new_id()
        try:
            if exchange.segments[0] == "_emulator":
                await answer_admin(exchange, board=self.board, calls=self.calls)
            else:
                await self._answer_operation(exchange, request_id)
        except BedrockError as error:
            await _reply_error(exchange, error, request_id)
        except BodyTooLarge:
            too_large = BedrockError("RequestEntityTooLargeException", "The request body is too large.")
            await _reply_error(exchange, too_large, request_id)
        except ClientGone:
            raise
        except Exception:  # noqa: BLE001 - the last line: logged whole, and the client sees a fixed text
            _log.exception("bedrock_emulator.unexpected")
            if exchange.started:
                exchange.abort()
                return
            unexpected = BedrockError("InternalServerException", "The emulator failed; see its log.")
            await _reply_error(exchange, unexpected, request_id)

    async def _answer_operation(self, exchange: Exchange, request_id: str) -> None:
        operation, model_id = _addressed(exchange)
        body = await exchange.body(limit=MAX_BODY_BYTES)
        call = self.calls.begin(operation, model_id, _parsed(body), request_bytes=len(body))
        try:
            if operation == "InvokeModel":
                await self._invoke(exchange, body, request_id)
            else:
                await self._converse(exchange, call, body, request_id)
        except ClientGone:
            call.closed_early = True
            raise

    async def _converse(self, exchange: Exchange, call: Call, body: bytes, request_id: str) -> None:
        request = parse_request(body)
        check_request(call.model_id, request)
        conversation = prepare(
            exchange, call, request, board=self.board, cache=self.cache, request_id=request_id
        )
        if call.operation == "ConverseStream":
            await answer_stream(conversation)
        else:
            await answer_whole(conversation, has_tool=chosen_tool(request) is not None)

    async def _invoke(self, exchange: Exchange, body: bytes, request_id: str) -> None:
        answer = await asyncio.to_thread(answer_titan, body, self.embedder)
        headers = (
            ("x-amzn-requestid", request_id),
            ("x-amzn-bedrock-input-token-count", str(answer["inputTextTokenCount"])),
            ("x-emulator-embedder", self.embedder.label),
        )
        await exchange.reply_json(200, answer, headers)


def _load_later(model: SentenceModel) -> None:
    """Read the model beside everything else, so that the first recall need not wait for it."""
    loop = asyncio.get_running_loop()
    loop.call_later(LOAD_AFTER_S, loop.run_in_executor, None, model.load)


def _addressed(exchange: Exchange) -> tuple[Operation, str]:
    """Return operation and model id of a request. Raises BedrockError for what leads nowhere."""
    match exchange.method, exchange.segments:
        case "POST", ("model", model_id, action) if model_id and action in _OPERATIONS:
            if not exchange.header("authorization"):
                raise BedrockError("MissingAuthenticationTokenException", "Missing Authentication Token")
            return _OPERATIONS[action], model_id
        case _:
            raise BedrockError(
                "UnknownOperationException", f"No operation {exchange.method} {exchange.path!r} is emulated."
            )


def _parsed(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BedrockError(
            "ValidationException",
            "Malformed input request, please reformat your input and try again: the body is not JSON.",
        ) from error


async def _reply_error(exchange: Exchange, error: BedrockError, request_id: str) -> None:
    headers = (("x-amzn-requestid", request_id), ("x-amzn-errortype", error.kind + _ERROR_TYPE_SUFFIX))
    await exchange.reply_json(error.status, {"message": error.message}, headers)
