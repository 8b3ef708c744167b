"""One turn from end to end: asked over HTTP, routed, streamed, saved, and found again."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation, Stack, Stream
from tests.stack.stored import Item

pytestmark = pytest.mark.stack

TEXT = "How should I warm up for heavy squats?"
SENT_AT = "2026-11-21T09:30:00+01:00"


@dataclass(frozen=True, slots=True)
class Job:
    """A finished turn, as each side saw it."""

    told: Stream
    conversation: Conversation
    calls: list[dict[str, Any]]
    stored: list[Item]


@pytest.fixture(scope="module")
def job(shared_stack: Stack) -> Job:
    emulator = shared_stack.emulator
    emulator.play(routerMs=100, firstTokenMs=200, interTokenMs=15)
    conversation = shared_stack.person().begin()
    emulator.forget_calls()
    told = conversation.say(TEXT, messageTimestamp=SENT_AT)
    return Job(told, conversation, emulator.calls(), conversation.stored())


def test_a_conversation_is_created_with_nothing_but_its_id(stack: Stack) -> None:
    person = stack.person()
    response = stack.http.post(person.path, json={}, headers=person.headers)
    conversation_id = response.json()["conversationId"]
    assert (response.status_code, response.headers["content-type"]) == (201, "application/json")
    assert response.json() == {"conversationId": conversation_id}
    assert response.headers["location"] == f"{person.path}/{conversation_id}"
    assert Conversation(person, conversation_id).history() == {"messages": []}


def test_the_response_has_the_headers_of_a_stream_that_nobody_may_buffer(job: Job) -> None:
    headers = job.told.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert "content-length" not in headers


def test_the_stream_opens_with_its_retry_time_and_start(job: Job) -> None:
    start = job.told.events[0].data
    assert job.told.lines[0].content == b"retry: 3000"
    assert start == {
        "type": "start",
        "status": "initialized",
        "turnId": job.told.turn_id,
        "conversationId": job.conversation.id,
        "messageId": job.told.last["messageId"],
    }


def test_the_greeting_comes_before_any_model_has_answered(job: Job) -> None:
    greeting = job.told.events[1]
    assert (greeting.type, greeting.data["stage"]) == ("contextual", "initial_greeting")
    assert greeting.data["content"].endswith("\n")
    assert greeting.at_s < job.told.of("chunk")[0].at_s - 0.1


def test_the_chunks_are_spread_over_time(job: Job, figures: Figures) -> None:
    arrivals = [event.at_s for event in job.told.of("chunk")]
    apart = {round(at_s, 2) for at_s in arrivals}
    spread_s = arrivals[-1] - arrivals[0]
    figures(f"{len(arrivals)} chunks over {spread_s:.2f} s, at {len(apart)} different moments")
    expected_s = 0.015 * (len(arrivals) - 1)
    assert spread_s > expected_s / 2
    assert len(apart) > len(arrivals) / 4


def test_complete_comes_last_with_both_messages(job: Job) -> None:
    last, turn_id = job.told.last, job.told.turn_id
    assert (last["type"], last["status"], last["stopReason"]) == ("complete", "finished", "end_turn")
    assert last["conversationId"] == job.conversation.id
    user, coach = last["userMessage"], last["aiMessage"]
    assert (user["role"], user["content"], user["messageTimestamp"]) == ("user", TEXT, SENT_AT)
    assert user["parts"] == [{"type": "text", "text": TEXT}]
    assert (coach["role"], coach["messageId"]) == ("assistant", last["messageId"])
    assert {(message["status"], message["turnId"]) for message in (user, coach)} == {("complete", turn_id)}
    assert user["messageId"] < coach["messageId"]


def test_complete_says_what_the_turn_used_and_how_long_it_took(job: Job) -> None:
    usage, timings = job.told.last["usage"], job.told.last["timings"]
    assert usage.keys() == {
        "inputTokens",
        "outputTokens",
        "cacheReadTokens",
        "cacheWriteTokens",
        "modelCalls",
        "costUsd",
    }
    assert usage["modelCalls"] == 2
    assert min(usage["inputTokens"], usage["outputTokens"]) > 50
    assert 0 < usage["costUsd"] < 0.1
    assert timings.keys() == {"firstTokenMs", "totalMs", "routerMs"}
    assert 100 <= timings["routerMs"] <= timings["firstTokenMs"] - 200 + 5 < timings["totalMs"]


def test_the_saved_content_is_byte_equal_to_what_was_shown(job: Job) -> None:
    shown = job.told.text.encode()
    coach = job.told.last["aiMessage"]
    assert coach["content"].encode() == shown
    assert "".join(part["text"] for part in coach["parts"]).encode() == shown
    assert [item["content"].encode() for item in job.stored] == [TEXT.encode(), shown]


def test_the_parts_keep_asides_and_answer_apart(job: Job) -> None:
    *asides, answer = job.told.last["aiMessage"]["parts"]
    told = [event.data for event in job.told.of("contextual")]
    assert asides == [{"type": "update", "text": aside["content"], "stage": aside["stage"]} for aside in told]
    assert answer == {"type": "answer", "text": job.told.answer}


def test_both_messages_are_in_the_table(job: Job) -> None:
    user, coach = job.stored
    last = job.told.last
    assert (user["role"], user["messageId"]) == ("user", last["userMessage"]["messageId"])
    assert (coach["role"], coach["messageId"]) == ("assistant", last["messageId"])
    assert {item["turnId"] for item in job.stored} == {job.told.turn_id}
    assert {item["status"] for item in job.stored} == {"complete"}


def test_the_turn_s_record_is_closed_and_the_conversation_free(job: Job) -> None:
    table = job.conversation.person.stack.table
    record = table.turn(*job.conversation.where, job.told.turn_id)
    meta = table.meta(*job.conversation.where)
    assert (record["status"], record["attempt"]) == ("completed", 1)
    assert record["loggedUpTo"] == len(job.told.events) - 1
    assert "activeTurn" not in meta
    assert (meta["messageCount"], meta["lastId"]) == (2, job.told.last["messageId"])


def test_the_history_gives_the_same_messages(job: Job) -> None:
    last = job.told.last
    assert job.conversation.history() == {"messages": [last["userMessage"], last["aiMessage"]]}


def test_a_turn_costs_two_model_calls_the_router_s_first(job: Job) -> None:
    router, answer = job.calls
    assert (router["operation"], router["modelId"]) == ("Converse", "us.amazon.nova-micro-v1:0")
    assert (answer["operation"], answer["modelId"]) == ("ConverseStream", "us.anthropic.claude-sonnet-5-5")
    assert [router["closedEarly"], answer["closedEarly"]] == [False, False]
    assert answer["deltas"] == len(job.told.of("chunk"))


def test_the_model_is_told_what_was_said_before_without_the_asides(stack: Stack) -> None:
    conversation = stack.person().begin()
    first = conversation.say("/say Squats on Mondays.")
    conversation.say("And on Tuesdays?")
    messages = stack.emulator.calls()[-1]["request"]["messages"]
    assert first.text != first.answer
    assert [(message["role"], message["content"][0]["text"]) for message in messages] == [
        ("user", "/say Squats on Mondays."),
        ("assistant", "Squats on Mondays."),
        ("user", "And on Tuesdays?"),
    ]


def test_a_short_message_is_answered_without_any_aside(stack: Stack) -> None:
    told = stack.person().begin().say("/say yo")
    assert told.types == ["start", "progress", "progress", "chunk", "progress", "complete"]
    assert told.text == "yo"
