"""The prompt cache by a clock of our own."""

import json
from typing import Any

import pytest

from local.bedrock_emulator.requests import ConverseRequest, parse_request
from local.bedrock_emulator.usage import InputUsage, PromptCache, count_tokens

POINT = {"cachePoint": {"type": "default"}}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def request(*system: Any, said: str = "hi..") -> ConverseRequest:
    body = {"system": system, "messages": [{"role": "user", "content": [{"text": said}]}]}
    return parse_request(json.dumps(body).encode())


def text(tokens: int, letter: str = "a") -> dict[str, str]:
    return {"text": letter * 4 * tokens}


@pytest.mark.parametrize(("said", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fives", 2)])
def test_four_characters_are_a_token(said: str, tokens: int) -> None:
    assert count_tokens(said) == tokens


def test_a_prefix_under_1024_tokens_is_not_cached() -> None:
    cache = PromptCache(Clock())
    for _ in range(2):
        assert cache.settle("m", request(text(1023), POINT)) == InputUsage(1024, 0, 0)


def test_a_longer_prefix_reads_what_is_known_and_writes_the_rest() -> None:
    cache = PromptCache(Clock())
    assert cache.settle("m", request(text(1024), POINT)) == InputUsage(1, 0, 1024)
    longer = request(text(1024), POINT, text(500), POINT)
    assert cache.settle("m", longer) == InputUsage(1, 1024, 500)
    assert cache.settle("m", longer) == InputUsage(1, 1524, 0)


def test_another_prefix_or_model_reads_nothing() -> None:
    cache = PromptCache(Clock())
    cache.settle("m", request(text(1024), POINT))
    assert cache.settle("m", request(text(1024, "b"), POINT)).cache_read == 0
    assert cache.settle("other", request(text(1024), POINT)).cache_read == 0


def test_a_prefix_is_forgotten_after_five_minutes_without_a_hit() -> None:
    clock = Clock()
    cache = PromptCache(clock)
    for now, read in [(0.0, 0), (299.0, 1024), (598.0, 1024), (898.5, 0)]:
        clock.now = now
        assert cache.settle("m", request(text(1024), POINT)).cache_read == read, now
