"""ConverseStream through boto3: order, exact text, arrival, leaving, many at once."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.local.bedrock_emulator.conftest import Emulator, wait_until_left

MODEL = "us.anthropic.claude-sonnet-5-5"


def asked(text: str, **members: Any) -> Any:
    return {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": text}]}], **members}


def events_of(emulator: Emulator, text: str, **members: Any) -> list[Any]:
    return list(emulator.bedrock.converse_stream(**asked(text, **members))["stream"])


def text_of(events: list[Any]) -> str:
    deltas = (event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event)
    return "".join(delta["text"] for delta in deltas)


def test_events_come_in_bedrocks_order(emulator: Emulator) -> None:
    events = events_of(emulator, "/say Two words")
    metadata = events.pop()["metadata"]
    assert events == [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Two "}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "words"}}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
    ]
    assert metadata["usage"] == {
        "inputTokens": 4,
        "outputTokens": 3,
        "totalTokens": 7,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0,
    }
    assert metadata["metrics"]["latencyMs"] >= 0


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        " two leading spaces",
        "trailing space and newlines \n\n",
        "\nstarts with a newline",
        "\ttabs\tand\r\nWindows lines\r\n",
        "no-break\u00a0space, line\u2028separator, ideographic\u3000space",
        "family 👨‍👩‍👧‍👦 flag 🇩🇪 skin 👍🏽 combined e\u0301",
        "筋力トレーニングは楽しい",
        'quotes " and \\ and </message> and \u0000 \u001b',
        "/say again",
        "   ",
        "x " * 2_000,
    ],
)
def test_say_is_answered_to_the_byte(emulator: Emulator, text: str) -> None:
    assert text_of(events_of(emulator, f"/say {text}")) == text


def test_deltas_end_after_each_run_of_whitespace(emulator: Emulator) -> None:
    events = events_of(emulator, "/say  one \n two\tthree ")
    deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert deltas == [" ", "one \n ", "two\t", "three "]


def test_say_is_taken_from_the_last_text_block_and_from_its_fence(emulator: Emulator) -> None:
    content = [
        {"text": "Notes about the person."},
        {"text": "<message>\n/say hello \n</message>\nAnswer now."},
    ]
    messages: Any = [{"role": "user", "content": content}]
    stream = emulator.bedrock.converse_stream(modelId=MODEL, messages=messages)["stream"]
    assert text_of(list(stream)) == "hello "


def test_a_scripted_reply_wins_over_say(emulator: Emulator) -> None:
    emulator.script(reply="As told.")
    assert text_of(events_of(emulator, "/say something else")) == "As told."


def test_an_empty_reply_has_no_content_block(emulator: Emulator) -> None:
    emulator.script(reply="")
    events = events_of(emulator, "hello")
    assert [next(iter(event)) for event in events] == ["messageStart", "messageStop", "metadata"]


def test_max_tokens_cuts_the_text(emulator: Emulator) -> None:
    events = events_of(emulator, "/say one two three four", inferenceConfig={"maxTokens": 2})
    assert text_of(events) == "one two "
    assert events[-2] == {"messageStop": {"stopReason": "max_tokens"}}


def test_a_stop_sequence_ends_the_text(emulator: Emulator) -> None:
    events = events_of(emulator, "/say one END two", inferenceConfig={"stopSequences": ["END"]})
    assert text_of(events) == "one "
    assert events[-2] == {"messageStop": {"stopReason": "stop_sequence"}}


def test_a_tool_call_is_streamed_as_pieces_of_json(emulator: Emulator) -> None:
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "sets": {"type": "integer", "minimum": 1}},
        "required": ["title", "sets"],
    }
    tool = {"toolSpec": {"name": "extract", "inputSchema": {"json": schema}}}
    events = events_of(emulator, "5x5 squats", toolConfig={"tools": [tool]})
    start = events[1]["contentBlockStart"]
    assert start["start"]["toolUse"]["name"] == "extract"
    pieces = [event["contentBlockDelta"]["delta"]["toolUse"]["input"] for event in events[2:-3]]
    assert len(pieces) > 1
    assert json.loads("".join(pieces)) == {"title": "5x5 squats", "sets": 1}
    assert events[-2] == {"messageStop": {"stopReason": "tool_use"}}


def test_deltas_arrive_one_by_one_on_schedule(emulator: Emulator) -> None:
    emulator.script(firstTokenMs=100, interTokenMs=20)
    begun = time.monotonic()
    stream = emulator.bedrock.converse_stream(**asked("/say " + "w " * 11))["stream"]
    arrivals = [time.monotonic() - begun for event in stream if "contentBlockDelta" in event]
    assert len(arrivals) == 11
    assert arrivals[-1] < 2
    assert all(index * 0.02 + 0.1 <= arrival for index, arrival in enumerate(arrivals))


def test_a_client_that_leaves_is_logged(emulator: Emulator) -> None:
    emulator.script(interTokenMs=20)
    stream = emulator.bedrock.converse_stream(**asked("/say " + "w " * 500))["stream"]
    for _ in range(4):
        next(iter(stream))
    (running,) = emulator.calls()
    assert running["closedEarly"] is False
    assert running["deltas"] >= 1
    stream.close()
    left = wait_until_left(emulator)
    assert 1 <= left["deltas"] < 500


def test_fifty_streams_run_at_once(emulator: Emulator) -> None:
    emulator.script(firstTokenMs=100, interTokenMs=10)
    begun = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        said = pool.map(lambda n: text_of(events_of(emulator, f"/say {n} " + "w " * 20)), range(50))
        assert list(said) == [f"{n} " + "w " * 20 for n in range(50)]
    assert time.monotonic() - begun < 5
    calls = emulator.calls()
    assert len(calls) == 50
    assert {(call["deltas"], call["closedEarly"]) for call in calls} == {(21, False)}
