"""Converse and ConverseStream: from a checked request to the bytes of its answer."""

from dataclasses import dataclass
from typing import Any, Final

from local.bedrock_emulator import eventstream
from local.bedrock_emulator.answers import Answer, ToolUse, text_answer, tool_answer
from local.bedrock_emulator.calls import Call
from local.bedrock_emulator.classifier import SAY_COMMAND
from local.bedrock_emulator.coach import coach_reply
from local.bedrock_emulator.errors import BedrockError
from local.bedrock_emulator.faults import (
    FAULT_MESSAGE,
    STREAM_EXCEPTIONS,
    Break,
    Outcome,
    outcome_of,
    refuse_before,
)
from local.bedrock_emulator.pace import Pace
from local.bedrock_emulator.requests import ConverseRequest
from local.bedrock_emulator.script import Script, ScriptBoard
from local.bedrock_emulator.tools import ToolCase, chosen_tool, tool_input
from local.bedrock_emulator.usage import InputUsage, PromptCache
from local.bedrock_emulator.words import answer_words, message_words, whole_words
from local.http_server import Exchange

SILENCE_LIMIT_S: Final = 600.0
CONVERSE_SHARE: Final = 0.1
"""Of the time that a stream's deltas would take, what Converse takes for all of them."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One call of either operation, ready to be answered; times and faults are those of its start."""

    exchange: Exchange
    call: Call
    pace: Pace
    script: Script
    outcome: Outcome
    usage: InputUsage
    request_id: str

    def metadata(self) -> dict[str, Any]:
        return {
            "usage": self.usage.with_output(self.outcome.answer.output_tokens),
            "metrics": {"latencyMs": self.pace.elapsed_ms},
        }


def prepare(
    exchange: Exchange,
    call: Call,
    request: ConverseRequest,
    *,
    board: ScriptBoard,
    cache: PromptCache,
    request_id: str,
) -> Conversation:
    """Return the conversation that answers a request. Raises BedrockError for a fault that comes first."""
    tool = chosen_tool(request)
    script = board.current
    fault = board.take_fault(call.operation, tool.name if tool else None)
    refuse_before(fault)
    limits = request.inference_config
    if tool is None:
        answer = text_answer(_said(request, script), limits)
    else:
        case = ToolCase(
            message_words(request),
            tool.input_schema.json_,
            round(script.router_ms),
            script=script.router,
            whole=whole_words(request),
        )
        use = ToolUse(f"tooluse_{request_id[:22]}", tool.name, tool_input(tool.name, case))
        answer = tool_answer(use, limits)
    outcome = outcome_of(answer, fault, strike=board.strikes)
    usage = cache.settle(call.model_id, request)
    return Conversation(exchange, call, Pace(exchange.gone), script, outcome, usage, request_id)


def _said(request: ConverseRequest, script: Script) -> str:
    if script.reply is not None:
        return script.reply
    words = answer_words(request)
    if words.startswith(SAY_COMMAND):
        return words.removeprefix(SAY_COMMAND)
    return coach_reply(words, system=request.system_text())


async def answer_whole(conversation: Conversation, *, has_tool: bool) -> None:
    """Answer Converse: one JSON document, after the time that the script gives it.

    Raises  BedrockError: a fault that is an HTTP error here; ClientGone
    """
    script, answer = conversation.script, conversation.outcome.answer
    share = len(answer.deltas) * script.inter_token_ms * CONVERSE_SHARE
    await conversation.pace.after(script.router_ms if has_tool else script.first_token_ms + share)
    document: dict[str, Any] = {"output": {"message": {"role": "assistant", "content": answer.content()}}}
    match conversation.outcome.broken:
        case None:
            document |= {"stopReason": answer.stop_reason, **conversation.metadata()}
        case "no_message_stop":
            pass
        case "drop" | "silence" as broken:
            await _end_without_answer(conversation, broken)
            return
        case exception:
            raise BedrockError(STREAM_EXCEPTIONS[exception], FAULT_MESSAGE)
    headers = (("x-amzn-requestid", conversation.request_id),)
    await conversation.exchange.reply_json(200, document, headers)


async def answer_stream(conversation: Conversation) -> None:
    """Answer ConverseStream: headers and messageStart with the first delta, metadata last.

    The service too holds its headers back that long: what the model refuses is an HTTP status.

    Raises  ClientGone
    """
    exchange, answer = conversation.exchange, conversation.outcome.answer
    headers = (("content-type", eventstream.CONTENT_TYPE), ("x-amzn-requestid", conversation.request_id))
    await conversation.pace.after(conversation.script.first_token_ms)
    await exchange.start(200, headers)
    await exchange.write(_opening(answer))
    await _send_deltas(conversation)
    if conversation.outcome.broken is not None:
        await _break_off(conversation, conversation.outcome.broken)
        return
    if answer.deltas:
        await exchange.write(eventstream.encode_event("contentBlockStop", {"contentBlockIndex": 0}))
    await exchange.write(eventstream.encode_event("messageStop", {"stopReason": answer.stop_reason}))
    await exchange.write(eventstream.encode_event("metadata", conversation.metadata()))
    await exchange.end()


def _opening(answer: Answer) -> bytes:
    start = eventstream.encode_event("messageStart", {"role": "assistant"})
    if answer.tool is None or not answer.deltas:
        return start
    # Bedrock sends contentBlockStart for tool use only; text begins with its first delta
    use = {"toolUseId": answer.tool.tool_use_id, "name": answer.tool.name}
    block = {"contentBlockIndex": 0, "start": {"toolUse": use}}
    return start + eventstream.encode_event("contentBlockStart", block)


async def _send_deltas(conversation: Conversation) -> None:
    exchange, call, pace = conversation.exchange, conversation.call, conversation.pace
    inter_token_ms = conversation.script.inter_token_ms
    answer = conversation.outcome.answer
    encode = eventstream.encode_tool_delta if answer.tool else eventstream.encode_text_delta
    for index, delta in enumerate(answer.deltas):
        if index:
            await pace.after(inter_token_ms)
        await exchange.write(encode(delta))
        call.deltas += 1


async def _break_off(conversation: Conversation, broken: Break) -> None:
    match broken:
        case "drop" | "silence":
            await _end_without_answer(conversation, broken)
        case "no_message_stop":
            await conversation.exchange.end()
        case exception:
            await conversation.exchange.write(eventstream.encode_exception(exception, FAULT_MESSAGE))
            await conversation.exchange.end()


async def _end_without_answer(conversation: Conversation, broken: Break) -> None:
    if broken == "silence":
        await conversation.pace.silence(SILENCE_LIMIT_S)
    conversation.exchange.abort()
