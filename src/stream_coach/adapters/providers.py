"""Whose models can be asked: a model id may begin with its provider's name, and without one is Bedrock's."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from libs.coach_conversation.errors import ProviderNotConfigured
from libs.coach_conversation.ports import LanguageModel, ModelCall, ModelEvent, Prompt, ToolAnswer

if TYPE_CHECKING:
    from stream_coach.adapters.openai_chat import ChatCompletions

CONNECT_TIMEOUT_S: Final = 2.0
BEDROCK: Final = "bedrock"
NO_KEY: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One row: where its models are asked, and what the environment must say for that.

    Shape   `base_url` where the environment names none; `path` is added to what the environment names;
            `key_header`: which header carries the key
    Source  platform.openai.com/docs/api-reference/chat; learn.microsoft.com, Azure OpenAI v1 API;
            ai.google.dev/gemini-api/docs/openai
    """

    name: str
    address_variable: str
    key_variable: str
    base_url: str = ""
    path: str = ""
    key_header: Literal["authorization", "api-key"] = "authorization"
    needs_key: bool = True
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


PROVIDERS: Final = {
    row.name: row
    for row in (
        Provider(
            name="openai",
            base_url="https://api.openai.com/v1",
            address_variable="OPENAI_BASE_URL",
            key_variable="OPENAI_API_KEY",
            max_tokens_name="max_completion_tokens",
        ),
        Provider(
            name="azure",
            address_variable="AZURE_OPENAI_ENDPOINT",
            path="/openai/v1",
            key_variable="AZURE_OPENAI_API_KEY",
            key_header="api-key",
            max_tokens_name="max_completion_tokens",
        ),
        Provider(
            name="google",
            base_url="https://generativelanguage.googleapis.com/v1beta/openai",
            address_variable="GEMINI_BASE_URL",
            key_variable="GEMINI_API_KEY",
        ),
        Provider(
            name="compatible",
            address_variable="COMPATIBLE_BASE_URL",
            key_variable="COMPATIBLE_API_KEY",
            needs_key=False,
        ),
    )
}


class ModelsByProvider(LanguageModel):
    """Passes each call to its provider's adapter, which is made, and its SDK imported, by the first call.

    Shape   `setting` gives what the environment says under a name, empty for nothing
    """

    def __init__(
        self,
        bedrock: LanguageModel,
        setting: Callable[[str], str],
        *,
        read_timeout_s: float,
        max_connections: int,
    ) -> None:
        self._bedrock, self._setting = bedrock, setting
        self._read_timeout_s, self._max_connections = read_timeout_s, max_connections
        self._lock = threading.Lock()
        self._made: dict[str, ChatCompletions] = {}

    def call(self, prompt: Prompt) -> ModelCall:
        """Return the call. Raises ProviderNotConfigured."""
        name, _, rest = prompt.model_id.partition(":")
        if name == BEDROCK:
            return self._bedrock.call(replace(prompt, model_id=rest))
        provider = PROVIDERS.get(name)
        if provider is None:
            return self._bedrock.call(prompt)
        if missing := self._missing(provider):
            raise ProviderNotConfigured(name, missing)
        return DeferredCall(lambda: self._model(provider).call(prompt))

    def prepare(self, model_ids: Iterable[str]) -> None:
        """Make the adapters of these models now: what every turn needs is not left to the first one."""
        for model_id in model_ids:
            provider = PROVIDERS.get(model_id.partition(":")[0])
            if provider is not None and not self._missing(provider):
                self._model(provider)

    def close(self) -> None:
        """Close what connections there are; a process that ends needs not."""
        for model in self._made.values():
            model.close()

    def _missing(self, provider: Provider) -> list[str]:
        address = provider.base_url or self._setting(provider.address_variable)
        key = self._setting(provider.key_variable) or not provider.needs_key
        wanted = ((provider.key_variable, key), (provider.address_variable, address))
        return [variable for variable, value in wanted if not value]

    def _model(self, provider: Provider) -> "ChatCompletions":
        with self._lock:
            if provider.name not in self._made:
                self._made[provider.name] = self._connected(provider)
            return self._made[provider.name]

    def _connected(self, provider: Provider) -> "ChatCompletions":
        # Imported here: the SDK takes a second that whoever asks Bedrock never pays.
        import openai

        from stream_coach.adapters.openai_chat import ChatCompletions
        from stream_coach.adapters.openai_transport import http_client

        named = self._setting(provider.address_variable).rstrip("/")
        key = self._setting(provider.key_variable) or NO_KEY
        bearer = provider.key_header == "authorization"
        client = openai.OpenAI(
            api_key=key,
            base_url=f"{named}{provider.path}" if named else provider.base_url,
            default_headers=None if bearer else {provider.key_header: key},
            max_retries=0,
            http_client=http_client(
                connect_timeout_s=CONNECT_TIMEOUT_S,
                read_timeout_s=self._read_timeout_s,
                max_connections=self._max_connections,
            ),
        )
        return ChatCompletions(client, max_tokens_name=provider.max_tokens_name, bearer=bearer)


class DeferredCall(ModelCall):
    """A call that is made when it is first used, on the thread that uses it; it can be abandoned before."""

    def __init__(self, make: Callable[[], ModelCall]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._call: ModelCall | None = None
        self._abandoned = False

    def events(self) -> Iterator[ModelEvent]:
        yield from self._made().events()

    def tool_answer(self) -> ToolAnswer:
        return self._made().tool_answer()

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            if self._call is not None:
                self._call.abandon()

    def _made(self) -> ModelCall:
        call = self._make()
        with self._lock:
            self._call = call
            if self._abandoned:
                call.abandon()
        return call
