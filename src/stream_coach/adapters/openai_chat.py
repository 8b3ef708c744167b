"""The language model port on chat completions, by the official openai SDK; imported when it is first used."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import httpx2
import openai

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
from stream_coach.adapters.abandonable import Socket

STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
}
_THROTTLED: Final = ("rate_limit", "throttl", "quota", "429")
_UNAVAILABLE: Final = ("overloaded", "unavailable", "503", "529")
_REFUSED: Final = ("invalid", "badrequest", "400")
_AGAIN_LATER: Final = (408, 409, 425)
_BROKEN: Final = (openai.OpenAIError, httpx2.HTTPError, OSError, ValueError, RecursionError)
"""ValueError: what came is not JSON, which the SDK lets through as it is."""


class ChatCompletions(LanguageModel):
    """Calls models through one client, which any number of threads may share, and which never retries.

    Shape   `max_tokens_name` is the provider's name for the limit of an answer; `bearer` False: the key
            is in the client's own headers, and no Authorization is sent
    """

    def __init__(self, client: openai.OpenAI, *, max_tokens_name: str, bearer: bool = True) -> None:
        self._client, self._max_tokens_name = client, max_tokens_name
        self._options: dict[str, Any] = {} if bearer else {"extra_headers": {"Authorization": openai.Omit()}}

    def close(self) -> None:
        """Close the connections that no call is using."""
        self._client.close()

    def call(self, prompt: Prompt) -> ModelCall:
        request = {**_request(prompt), **self._options, self._max_tokens_name: prompt.max_tokens}
        return ChatCompletionsCall(self._client, prompt, request)


class ChatCompletionsCall(ModelCall):
    """One call; its connection can be shut down from any thread at any time."""

    def __init__(self, client: openai.OpenAI, prompt: Prompt, request: dict[str, Any]) -> None:
        self._client, self._prompt, self._request = client, prompt, request
        self._socket = Socket()

    def abandon(self) -> None:
        self._socket.shut_down()

    def tool_answer(self) -> ToolAnswer:
        completion = self._create()
        self._socket.release()
        arguments = _at(completion, "choices", 0, "message", "tool_calls", 0, "function", "arguments")
        return ToolAnswer(_parsed(arguments), self._usage(_at(completion, "usage")))

    def events(self) -> Iterator[ModelEvent]:
        return self._streamed() if self._prompt.streamed else self._whole()

    def _whole(self) -> Iterator[ModelEvent]:
        completion = self._create()
        self._socket.release()
        yield from _said(_at(completion, "choices", 0, "message", "content"))
        yield from _stopped(_at(completion, "choices", 0, "finish_reason"))
        yield Metered(self._usage(_at(completion, "usage")))

    def _streamed(self) -> Iterator[ModelEvent]:
        stream = self._create(stream=True, stream_options={"include_usage": True})
        used: object = None
        with closing(stream):
            try:
                for chunk in stream:
                    yield from _said(_at(chunk, "choices", 0, "delta", "content"))
                    yield from _stopped(_at(chunk, "choices", 0, "finish_reason"))
                    used = _at(chunk, "usage") or used
            except _BROKEN as error:
                raise _failure(error, begun=True) from error
            self._socket.release()
        if used is not None:
            yield Metered(self._usage(used))

    def _create(self, **options: Any) -> Any:
        try:
            with self._socket.tracked():
                return self._client.chat.completions.create(**self._request, **options)
        except _BROKEN as error:
            self._socket.release()
            raise _failure(error) from error

    def _usage(self, used: object) -> Usage:
        cached = _count(_at(used, "prompt_tokens_details", "cached_tokens"))
        usage = Usage(
            input_tokens=max(0, _count(_at(used, "prompt_tokens")) - cached),
            output_tokens=_count(_at(used, "completion_tokens")),
            cache_read_tokens=cached,
            model_calls=1,
        )
        return priced(usage, self._prompt.model_id)


def _request(prompt: Prompt) -> dict[str, Any]:
    """Return the request but for the limit of the answer; a model's id goes without its provider."""
    system = "\n\n".join(prompt.system)
    messages = [{"role": message.role, "content": message.text} for message in prompt.messages]
    request: dict[str, Any] = {
        "model": prompt.model_id.partition(":")[2],
        "messages": [*([{"role": "system", "content": system}] if system else []), *messages],
    }
    if prompt.temperature is not None:
        request["temperature"] = prompt.temperature
    if prompt.tool is None:
        return request
    tool = prompt.tool
    function = {"name": tool.name, "description": tool.description, "parameters": tool.input_schema}
    forced = traits_of(prompt.model_id).forced_tool_choice
    choice = {"type": "function", "function": {"name": tool.name}} if forced else "auto"
    return request | {"tools": [{"type": "function", "function": function}], "tool_choice": choice}


def _said(text: object) -> Iterator[Delta]:
    if isinstance(text, str) and text:
        yield Delta(text)


def _stopped(reason: object) -> Iterator[Stop]:
    if isinstance(reason, str) and reason:
        yield Stop(STOP_REASONS.get(reason, "end_turn"))


def _at(value: Any, *path: str | int) -> Any:
    """Return what lies there, or None: the SDK does not check what servers send."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
    return value


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _parsed(arguments: object) -> Any:
    """Return a tool's input, whatever JSON it is; None for what is none."""
    try:
        return json.loads(arguments) if isinstance(arguments, str) else None
    except (ValueError, RecursionError):
        return None


def _failure(error: Exception, *, begun: bool = False) -> TurnFailed:
    """Return the domain's word for what went wrong; never the foreign error's text."""
    match error:
        case openai.RateLimitError():
            return _throttled()
        case openai.APIStatusError(status_code=status):
            return _unavailable() if status >= 500 or status in _AGAIN_LATER else _refused()
        case openai.APIConnectionError():
            pass
        case openai.APIError():
            return _named(f"{error.type} {error.code} {_at(error.body, 'status')}".lower())
        case _:
            pass
    return ModelStreamInterrupted("the model's answer broke off; ask again") if begun else _unavailable()


def _named(words: str) -> TurnFailed:
    """Return what an error inside a stream means, by the words that providers have for its kind."""
    if any(word in words for word in _THROTTLED):
        return _throttled()
    if any(word in words for word in _UNAVAILABLE):
        return _unavailable()
    if any(word in words for word in _REFUSED):
        return _refused()
    return ModelStreamInterrupted("the model's answer broke off; ask again")


def _throttled() -> TurnFailed:
    return ModelThrottled("the model takes no more requests now; try again in a moment")


def _unavailable() -> TurnFailed:
    return ModelUnavailable("the model is not available now; try again in a moment")


def _refused() -> TurnFailed:
    return ModelRefused("the model does not accept this request")
