"""The language model port on Amazon Bedrock's Converse and ConverseStream."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError

from libs.coach_conversation.errors import (
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
    TurnFailed,
)
from libs.coach_conversation.models import priced, traits_of
from libs.coach_conversation.ports import (
    Delta,
    LanguageModel,
    Metered,
    ModelCall,
    ModelEvent,
    Prompt,
    Stop,
    ToolAnswer,
)
from libs.coach_conversation.types import Usage
from stream_coach.adapters import delta_stream
from stream_coach.adapters.abandonable import Socket, track_sockets

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.client import BedrockRuntimeClient

_THROTTLED: Final = ("throttlingexception", "toomanyrequestsexception", "servicequotaexceededexception")
_UNAVAILABLE: Final = (
    "serviceunavailableexception",
    "modelnotreadyexception",
    "modeltimeoutexception",
    "modelerrorexception",
)


class BedrockModel(LanguageModel):
    """Calls models through one client, which any number of threads may share.

    The client must not retry by itself: what may be tried again is the turn's decision.
    """

    def __init__(self, client: "BedrockRuntimeClient") -> None:
        self._client = client
        track_sockets(client)

    def call(self, prompt: Prompt) -> ModelCall:
        return BedrockCall(self._client, prompt)


class BedrockCall(ModelCall):
    """One call; its connection can be shut down from any thread at any time."""

    def __init__(self, client: "BedrockRuntimeClient", prompt: Prompt) -> None:
        self._client, self._prompt = client, prompt
        self._socket = Socket()

    def abandon(self) -> None:
        self._socket.shut_down()

    def _converse(self) -> Any:
        try:
            with self._socket.tracked():
                response = self._client.converse(**_request(self._prompt))
        except (BotoCoreError, ClientError, HTTPError, OSError) as error:
            self._socket.release()
            raise _failure(error) from error
        self._socket.release()
        return response

    def tool_answer(self) -> ToolAnswer:
        response = self._converse()
        uses: list[Any] = [block["toolUse"] for block in _content(response) if "toolUse" in block]
        usage = _usage(response.get("usage", {}), self._prompt.model_id)
        return ToolAnswer(uses[0].get("input") if uses else None, usage)

    def events(self) -> Iterator[ModelEvent]:
        return self._streamed() if self._prompt.streamed else self._whole()

    def _whole(self) -> Iterator[ModelEvent]:
        response = self._converse()
        text = "".join(block["text"] for block in _content(response) if "text" in block)
        if text:
            yield Delta(text)
        if "stopReason" in response:
            yield Stop(response["stopReason"])
        yield Metered(_usage(response.get("usage", {}), self._prompt.model_id))

    def _streamed(self) -> Iterator[ModelEvent]:
        try:
            with self._socket.tracked():
                stream = self._client.converse_stream(**_request(self._prompt))["stream"]
        except (BotoCoreError, ClientError, HTTPError, OSError) as error:
            self._socket.release()
            raise _failure(error) from error
        with closing(stream):
            try:
                for event in delta_stream.read(stream):
                    if not isinstance(event, str):
                        yield from self._read(event)
                    elif event:
                        yield Delta(event)
            except (BotoCoreError, ClientError, HTTPError, OSError, ParserError, ValueError) as error:
                raise _failure(error, begun=True) from error
            self._socket.release()

    def _read(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        match event:
            case {"contentBlockDelta": {"delta": {"text": str(text)}}} if text:
                yield Delta(text)
            case {"messageStop": {"stopReason": str(reason)}}:
                yield Stop(reason)
            case {"metadata": {"usage": used}}:
                yield Metered(_usage(used, self._prompt.model_id))


def _content(response: Mapping[str, Any]) -> list[Any]:
    """Return the blocks of a whole answer; botocore demands none of its members."""
    content: list[Any] = response.get("output", {}).get("message", {}).get("content", [])
    return content


def _request(prompt: Prompt) -> dict[str, Any]:
    """Return the request that both operations take."""
    inference: dict[str, Any] = {"maxTokens": prompt.max_tokens}
    if prompt.temperature is not None:
        inference["temperature"] = prompt.temperature
    request = {
        "modelId": prompt.model_id,
        "system": _system(prompt),
        "messages": [
            {"role": message.role, "content": [{"text": message.text}]} for message in prompt.messages
        ],
        "inferenceConfig": inference,
    }
    if prompt.tool is None:
        return request
    tool = prompt.tool
    forced = traits_of(prompt.model_id).forced_tool_choice
    spec = {"name": tool.name, "description": tool.description, "inputSchema": {"json": tool.input_schema}}
    choice = {"tool": {"name": tool.name}} if forced else {"auto": {}}
    return request | {"toolConfig": {"tools": [{"toolSpec": spec}], "toolChoice": choice}}


def _system(prompt: Prompt) -> list[dict[str, Any]]:
    """Return the system texts; a cache point after the stable ones where the model takes one."""
    blocks: list[dict[str, Any]] = [{"text": text} for text in prompt.system]
    if prompt.stable_system and traits_of(prompt.model_id).cache_points:
        blocks.insert(prompt.stable_system, {"cachePoint": {"type": "default"}})
    return blocks


def _usage(used: Mapping[str, Any], model_id: str) -> Usage:
    usage = Usage(
        input_tokens=used.get("inputTokens", 0),
        output_tokens=used.get("outputTokens", 0),
        cache_read_tokens=used.get("cacheReadInputTokens", 0),
        cache_write_tokens=used.get("cacheWriteInputTokens", 0),
        model_calls=1,
    )
    return priced(usage, model_id)


def _failure(error: Exception, *, begun: bool = False) -> TurnFailed:
    """Return the domain's word for what went wrong; never the foreign error's text."""
    code = _code(error)
    if code in _THROTTLED:
        return ModelThrottled("the model takes no more requests now; try again in a moment")
    if code in _UNAVAILABLE or (not begun and (not code or _status(error) >= 500)):
        return ModelUnavailable("the model is not available now; try again in a moment")
    if (code and not begun) or code == "validationexception":
        return ModelRefused("the model does not accept this request")
    return ModelStreamInterrupted("the model's answer broke off; ask again")


def _code(error: Exception) -> str:
    if isinstance(error, ClientError | EventStreamError):
        return str(error.response.get("Error", {}).get("Code", "")).lower()
    return ""


def _status(error: Exception) -> int:
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0
