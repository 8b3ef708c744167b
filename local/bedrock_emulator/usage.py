"""How many tokens a request has, and which of them a prompt cache would have held."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from local.bedrock_emulator.requests import CachePoint, ContentBlock, ConverseRequest

CHARACTERS_PER_TOKEN: Final = 4
MIN_CACHED_TOKENS: Final = 1024
_TTL_S: Final = {"5m": 300.0, "1h": 3600.0}
_PRUNE_ABOVE: Final = 512


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has; at least 1 unless it is empty."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class InputUsage:
    """The tokens of a request: `fresh` ones are neither read from the cache nor written to it."""

    fresh: int
    cache_read: int
    cache_write: int

    def with_output(self, output_tokens: int) -> dict[str, int]:
        """Return Bedrock's `usage`; its total counts the cached tokens too."""
        return {
            "inputTokens": self.fresh,
            "outputTokens": output_tokens,
            "totalTokens": self.fresh + self.cache_read + self.cache_write + output_tokens,
            "cacheReadInputTokens": self.cache_read,
            "cacheWriteInputTokens": self.cache_write,
        }


@dataclass(frozen=True, slots=True)
class _Piece:
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class _Mark:
    """A cache point: the hash of all before it, and how many tokens that is."""

    digest: bytes
    tokens: int
    ttl_s: float


@dataclass(slots=True)
class PromptCache:
    """Prefixes seen within their time to live, which starts anew with each hit.

    Source  prompt caching of Bedrock: tools, then system, then messages; at least 1,024 tokens
    """

    clock: Callable[[], float]
    _expiry: dict[bytes, float] = field(default_factory=dict)

    def settle(self, model_id: str, request: ConverseRequest) -> InputUsage:
        """Return what a call uses, and keep its prefixes for those after it."""
        total, marks = _measure(model_id, request)
        now = self.clock()
        cached = [mark for mark in marks if mark.tokens >= MIN_CACHED_TOKENS]
        read = max((mark.tokens for mark in cached if self._expiry.get(mark.digest, 0.0) > now), default=0)
        written = max((mark.tokens for mark in cached), default=0) - read
        for mark in cached:
            self._expiry[mark.digest] = now + mark.ttl_s
        if len(self._expiry) > _PRUNE_ABOVE:
            self._expiry = {digest: end for digest, end in self._expiry.items() if end > now}
        return InputUsage(total - read - written, read, written)


def _measure(model_id: str, request: ConverseRequest) -> tuple[int, list[_Mark]]:
    running = hashlib.sha256(model_id.encode())
    characters = 0
    marks: list[_Mark] = []
    for piece in _pieces(request):
        if isinstance(piece, CachePoint):
            tokens = characters // CHARACTERS_PER_TOKEN
            marks.append(_Mark(running.digest(), tokens, _TTL_S[piece.ttl]))
            continue
        characters += len(piece.text)
        running.update(f"\0{piece.label}\0{piece.text}".encode())
    return -(-characters // CHARACTERS_PER_TOKEN), marks


def _pieces(request: ConverseRequest) -> Iterator[_Piece | CachePoint]:
    for tool in request.tool_config.tools if request.tool_config else ():
        yield tool.cache_point or _Piece("tool", tool.model_dump_json(exclude_none=True, by_alias=True))
    for block in request.system:
        yield block.cache_point or _Piece("system", _text_of(block.text, block.guard_content))
    for message in request.messages:
        for content in message.content:
            yield content.cache_point or _Piece(message.role, _content_text(content))


def _content_text(block: ContentBlock) -> str:
    return _text_of(block.text, block.model_dump(exclude_none=True, by_alias=True))


def _text_of(text: str | None, other: Any) -> str:
    return text if text is not None else json.dumps(other, ensure_ascii=False)
