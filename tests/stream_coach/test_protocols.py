"""The protocols of the AI SDK at the routes of a turn: who is answered in which, and how each resumes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from libs.lambda_runtime import StreamingResponse
from tests.fakes.model import answering
from tests.stream_coach.test_api import ONE, Service, asking, body_of, document, events_of

CHAT = {
    "id": "c",
    "messages": [{"id": "m-1", "role": "user", "parts": [{"type": "text", "text": "Hi Atlas"}]}],
}
SUBMIT = {**CHAT, "trigger": "submit-message"}
VERSION_4 = {"id": "c", "messages": [{"role": "user", "content": "Hi Atlas", "parts": []}]}


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service(answering("To ", "parallel."))
    yield made
    made.threads.join()


def parts_of(answer: StreamingResponse) -> list[dict[str, Any]]:
    *frames, done, rest = body_of(answer).decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames if frame.startswith("data: ")]


def lines_of(answer: StreamingResponse) -> list[tuple[str, Any]]:
    lines = body_of(answer).decode().removesuffix("\n").split("\n")
    return [(line[0], json.loads(line[2:])) for line in lines if line]


def test_a_trigger_asks_for_the_ui_message_stream(service: Service) -> None:
    answer = service.handle(asking("POST", f"{ONE}/stream", SUBMIT))
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    parts = parts_of(answer)
    assert [part["type"] for part in parts[:2]] == ["start", "start-step"]
    assert [part["delta"] for part in parts if part["type"] == "text-delta"] == ["To ", "parallel."]
    assert [part["type"] for part in parts[-3:]] == ["text-end", "finish-step", "finish"]
    assert parts[-1]["messageMetadata"]["messageId"] == parts[0]["messageId"]


def test_version_4_asks_by_header_for_the_data_stream(service: Service) -> None:
    answer = service.handle(asking("POST", f"{ONE}/stream", VERSION_4, x_stream_protocol="data"))
    assert answer.headers["x-vercel-ai-data-stream"] == "v1"
    lines = lines_of(answer)
    assert [lines[0][0], *(code for code, _ in lines[-2:])] == ["f", "e", "d"]
    assert [value for code, value in lines if code == "0"] == ["To ", "parallel."]


def test_without_any_mark_the_events_are_typed(service: Service) -> None:
    events = events_of(service.handle(asking("POST", f"{ONE}/stream", VERSION_4)))
    assert [events[0][1]["type"], events[-1][1]["type"]] == ["start", "complete"]


def test_an_unknown_protocol_is_refused_before_anything_is_stored(service: Service) -> None:
    before = service.stored.all()
    answer = service.handle(asking("POST", f"{ONE}/stream", SUBMIT, query="protocol=grpc"))
    assert (answer.status, document(answer)["code"]) == (400, "INVALID_PROTOCOL")
    assert service.stored.all() == before
    answer = service.handle(asking("GET", f"{ONE}/stream", query="protocol=grpc"))
    assert (answer.status, document(answer)["code"]) == (400, "INVALID_PROTOCOL")


@pytest.mark.parametrize("protocol", ["data", "ui"])
def test_a_finished_turn_is_told_again_from_its_start_whatever_was_seen(
    service: Service, protocol: str
) -> None:
    first = service.handle(asking("POST", f"{ONE}/stream", SUBMIT, query=f"protocol={protocol}"))
    told = body_of(first)
    turn_id = next(key.sk for key in service.stored.all() if key.sk.startswith("TURN#")).partition("#")[2]
    for query in (f"turnId={turn_id}", f"lastEventId={turn_id}.3", f"lastEventId={turn_id}.99"):
        again = service.handle(asking("GET", f"{ONE}/stream", query=f"{query}&protocol={protocol}"))
        assert (again.status, body_of(again)) == (200, told)


def test_with_nothing_to_resume_each_client_gets_what_it_takes_for_that(service: Service) -> None:
    for query in ("protocol=ui", "protocol=typed", ""):
        answer = service.handle(asking("GET", f"{ONE}/stream", query=query))
        assert (answer.status, body_of(answer)) == (204, b"")
    for query in ("chatId=c-1", "protocol=data?chatId=c-1"):
        answer = service.handle(asking("GET", f"{ONE}/stream", query=query))
        assert (answer.status, body_of(answer)) == (200, b"")
        assert answer.headers["x-vercel-ai-data-stream"] == "v1"


def test_an_answer_is_written_anew_as_often_as_somebody_asks_without_naming_it() -> None:
    service = Service(answering("One."), answering("Two."), answering("Three."))
    again = {**CHAT, "trigger": "regenerate-message"}
    told = [
        parts_of(service.handle(asking("POST", f"{ONE}/stream", body))) for body in (SUBMIT, again, again)
    ]
    texts = ["".join(part.get("delta", "") for part in parts) for parts in told]
    assert texts == ["One.", "Two.", "Three."]
    assert len({parts[0]["messageId"] for parts in told}) == 3
    service.threads.join()


def test_the_same_message_again_with_the_last_id_seen_is_told_the_rest(service: Service) -> None:
    said = {"userResponse": "Hi Atlas", "clientMessageId": "m-1"}
    whole = events_of(service.handle(asking("POST", f"{ONE}/stream", said)))
    for seen in (1, len(whole) - 1):
        again = asking("POST", f"{ONE}/stream", said, last_event_id=whole[seen - 1][0])
        assert events_of(service.handle(again)) == whole[seen:]
    over = service.handle(asking("POST", f"{ONE}/stream", said, last_event_id=whole[-1][0]))
    assert (over.status, body_of(over)) == (204, b"")
    assert len(service.model.answered) == 1


def test_the_last_id_of_another_turn_means_nothing_to_a_new_one(service: Service) -> None:
    first = events_of(service.handle(asking("POST", f"{ONE}/stream", {"userResponse": "Hi Atlas"})))
    again = asking("POST", f"{ONE}/stream", {"userResponse": "Hi again"}, last_event_id=first[-1][0])
    assert events_of(service.handle(again))[0][1]["type"] == "start"
    answer = service.handle(asking("POST", f"{ONE}/stream", {"userResponse": "Hi"}, last_event_id="7"))
    assert (answer.status, document(answer)["code"]) == (400, "INVALID_CURSOR")


def test_where_empty_answers_hang_a_reader_of_typed_events_is_told_that_all_is_gone() -> None:
    service = Service(answering("To ", "parallel."), empty_answers=False)
    said = {"userResponse": "Hi Atlas", "clientMessageId": "m-1"}
    last_id = events_of(service.handle(asking("POST", f"{ONE}/stream", said)))[-1][0]
    for event in (
        asking("GET", f"{ONE}/stream"),
        asking("GET", f"{ONE}/stream", last_event_id=last_id),
        asking("POST", f"{ONE}/stream", said, last_event_id=last_id),
    ):
        answer = service.handle(event)
        assert (answer.status, body_of(answer)) == (410, b"nothing to come\n")
    assert service.handle(asking("GET", f"{ONE}/stream", query="protocol=ui")).status == 204
    assert service.handle(asking("GET", f"{ONE}/stream", query="protocol=data")).status == 200
    service.threads.join()
