"""Chat completions: from a prepared conversation to the bytes of its answer."""

import json
from dataclasses import dataclass
from typing import Any, Final

from local.bedrock_emulator.answers import Answer, StopReason
from local.bedrock_emulator.conversing import CONVERSE_SHARE, SILENCE_LIMIT_S, Conversation
from local.bedrock_emulator.errors import BedrockError, ErrorKind
from local.bedrock_emulator.faults import FAULT_MESSAGE, STREAM_EXCEPTIONS, Break

FINISH_REASONS: Final[dict[StopReason, str]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
}
ERROR_TYPES: Final[dict[ErrorKind, str]] = {
    "ThrottlingException": "rate_limit_exceeded",
    "ServiceUnavailableException": "service_unavailable",
    "ValidationException": "invalid_request_error",
    "RequestEntityTooLargeException": "invalid_request_error",
    "UnknownOperationException": "invalid_request_error",
}
ENDED: Final = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Completion:
    """A conversation as it is told here."""

    conversation: Conversation
    model: str
    with_usage: bool

    def head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.conversation.request_id}",
            "object": kind,
            "created": int(self.conversation.call.started_at),
            "model": self.model,
        }

    @property
    def answer(self) -> Answer:
        return self.conversation.outcome.answer

    def usage(self) -> dict[str, Any]:
        used = self.conversation.usage.with_output(self.answer.output_tokens)
        return {
            "prompt_tokens": used["inputTokens"] + used["cacheReadInputTokens"],
            "completion_tokens": used["outputTokens"],
            "total_tokens": used["totalTokens"],
            "prompt_tokens_details": {"cached_tokens": used["cacheReadInputTokens"]},
        }


def error_body(error: BedrockError) -> dict[str, Any]:
    """Return an error as OpenAI words it."""
    kind = ERROR_TYPES.get(error.kind, "server_error")
    return {"error": {"message": error.message, "type": kind, "param": None, "code": kind}}


async def answer_whole(completion: Completion) -> None:
    """Answer with one document. Raises BedrockError: a fault that is an HTTP error here; ClientGone."""
    conversation, answer = completion.conversation, completion.answer
    script = conversation.script
    share = len(answer.deltas) * script.inter_token_ms * CONVERSE_SHARE
    await conversation.pace.after(script.router_ms if answer.tool else script.first_token_ms + share)
    match conversation.outcome.broken:
        case None:
            finished: str | None = FINISH_REASONS[answer.stop_reason]
        case "no_message_stop":
            finished = None
        case "drop" | "silence" as broken:
            await _end_without_answer(conversation, broken)
            return
        case exception:
            raise BedrockError(STREAM_EXCEPTIONS[exception], FAULT_MESSAGE)
    choice = {"index": 0, "message": _message(answer), "finish_reason": finished}
    document = completion.head("chat.completion") | {"choices": [choice], "usage": completion.usage()}
    await conversation.exchange.reply_json(200, document)


def _message(answer: Answer) -> dict[str, Any]:
    if answer.tool is None:
        return {"role": "assistant", "content": answer.text}
    function = {"name": answer.tool.name, "arguments": json.dumps(answer.tool.input, ensure_ascii=False)}
    called = {"id": answer.tool.tool_use_id, "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [called]}


async def answer_stream(completion: Completion) -> None:
    """Answer with chunks as server-sent events; with usage in a chunk of its own where asked for.

    Raises  ClientGone
    """
    conversation, answer = completion.conversation, completion.answer
    exchange = conversation.exchange
    await conversation.pace.after(conversation.script.first_token_ms)
    await exchange.start(200, (("content-type", "text/event-stream"),))
    await exchange.write(_chunk(completion, {"role": "assistant", "content": ""}))
    for index, delta in enumerate(answer.deltas):
        if index:
            await conversation.pace.after(conversation.script.inter_token_ms)
        await exchange.write(_chunk(completion, _delta(answer, delta, first=index == 0)))
        conversation.call.deltas += 1
    if conversation.outcome.broken is not None:
        await _break_off(conversation, conversation.outcome.broken)
        return
    await exchange.write(_chunk(completion, {}, finish_reason=FINISH_REASONS[answer.stop_reason]))
    if completion.with_usage:
        last = completion.head("chat.completion.chunk") | {"choices": [], "usage": completion.usage()}
        await exchange.write(_event(last))
    await exchange.write(ENDED)
    await exchange.end()


def _delta(answer: Answer, text: str, *, first: bool) -> dict[str, Any]:
    if answer.tool is None:
        return {"content": text}
    function = {"arguments": text} | ({"name": answer.tool.name} if first else {})
    begun = {"id": answer.tool.tool_use_id, "type": "function"} if first else {}
    return {"tool_calls": [{"index": 0, **begun, "function": function}]}


def _chunk(completion: Completion, delta: dict[str, Any], *, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _event(completion.head("chat.completion.chunk") | {"choices": [choice]})


def _event(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


async def _break_off(conversation: Conversation, broken: Break) -> None:
    match broken:
        case "drop" | "silence":
            await _end_without_answer(conversation, broken)
        case "no_message_stop":
            await conversation.exchange.end()
        case exception:
            error = BedrockError(STREAM_EXCEPTIONS[exception], FAULT_MESSAGE)
            await conversation.exchange.write(_event(error_body(error)))
            await conversation.exchange.end()


async def _end_without_answer(conversation: Conversation, broken: Break) -> None:
    if broken == "silence":
        await conversation.pace.silence(SILENCE_LIMIT_S)
    conversation.exchange.abort()
