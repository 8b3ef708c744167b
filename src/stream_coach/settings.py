"""Settings: read once from the environment, checked together, frozen."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final


class InvalidSettings(Exception):
    """Names are missing from the environment, or hold what they must not; all are named together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says. Names are the fields' in capitals; units are in the names.

    `ticket_keys` is `id:secret,…`, the signing one first; empty means that no tickets are issued;
    `turns_per_minute` and `daily_budget_cents`, US cents that a person's model calls may cost in a day, are
    without limit at 0; `starter_coach_id` empty means that nobody gets a coach unasked; `pinecone_host` empty
    means that memories are found by their words only; `chat_model_id` and `chat_system_prompt` are those of
    `/api/ai/chat`, empty for the answer model and a built-in prompt; without `empty_answers` a resume with
    nothing left answers 410 and a body where typed events are read; what the providers of models need is in
    `adapters/providers.py`.
    """

    table_name: str
    token_issuer: str
    token_audience: str
    jwks_url: str
    queue_url: str = ""
    answer_model_id: str = "us.anthropic.claude-sonnet-5-5"
    router_model_id: str = "us.amazon.nova-micro-v1:0"
    fallback_model_id: str = ""
    chat_model_id: str = ""
    chat_system_prompt: str = ""
    ticket_keys: str = field(default="", repr=False)
    starter_coach_id: str = "atlas"
    pinecone_host: str = ""
    pinecone_api_key: str = field(default="", repr=False)
    openai_api_key: str = field(default="", repr=False)
    openai_base_url: str = ""
    azure_openai_api_key: str = field(default="", repr=False)
    azure_openai_endpoint: str = ""
    gemini_api_key: str = field(default="", repr=False)
    gemini_base_url: str = ""
    compatible_base_url: str = ""
    compatible_api_key: str = field(default="", repr=False)
    embedding_model_id: str = "amazon.titan-embed-text-v2:0"
    embedding_dimensions: int = 512
    streaming_enabled: bool = True
    empty_answers: bool = True
    turns_per_minute: int = 60
    daily_budget_cents: int = 0
    max_concurrency: int = 1
    store_timeout_s: float = 2.0
    router_timeout_s: float = 1.5
    recall_timeout_s: float = 0.3
    first_delta_timeout_s: float = 30.0
    delta_timeout_s: float = 30.0
    keep_alive_s: float = 10.0
    deadline_margin_s: float = 5.0
    lease_s: float = 15.0
    lease_renewal_s: float = 5.0
    pending_s: float = 60.0
    max_output_tokens: int = 1000
    history_items: int = 20

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings in `environ`; a name that is empty is not there.

        Raises  InvalidSettings
        """
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for setting in fields(cls):
            name = _ENVIRONMENT_NAMES.get(setting.name, setting.name.upper())
            text = environ.get(name, "")
            if not text:
                if setting.default is MISSING:
                    wrong.append(f"{name} is missing")
                continue
            try:
                values[setting.name] = _PARSERS[setting.type](text)
            except ValueError:
                wrong.append(f"{name} is not {_KINDS[setting.type]}: {text!r}")
        wrong += [
            f"{name.upper()} is not an address that begins with http:// or https://"
            for name in _ADDRESSES
            if name in values and not values[name].startswith(("http://", "https://"))
        ]
        if values.get("pinecone_host") and not values.get("pinecone_api_key"):
            wrong.append("PINECONE_API_KEY is missing, which PINECONE_HOST needs")
        if wrong:
            raise InvalidSettings("; ".join(wrong))
        return cls(**values)


def _boolean(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 86_400:
        raise ValueError(text)
    return number


_PARSERS: Final[dict[Any, Callable[[str], Any]]] = {str: str, bool: _boolean, int: _count, float: _seconds}
_KINDS: Final[dict[Any, str]] = {
    bool: "true or false",
    int: "a whole number from 0",
    float: "a number of seconds above 0",
}
_ADDRESSES: Final = ("openai_base_url", "azure_openai_endpoint", "gemini_base_url", "compatible_base_url")
_ENVIRONMENT_NAMES: Final = {"max_concurrency": "AWS_LAMBDA_MAX_CONCURRENCY"}
