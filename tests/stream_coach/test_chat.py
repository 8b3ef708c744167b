"""`POST /api/ai/chat` and its direct invocation: one model call, nothing stored, the AI SDK's protocols."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from libs.coach_conversation.errors import ModelUnavailable
from libs.coach_conversation.ports import Delta
from libs.coach_conversation.types import Limits, PromptMessage
from tests.fakes.executors import InlineExecutor
from tests.fakes.model import Gate, answering
from tests.stream_coach.test_api import Service, asking, body_of, document, refusal, token
from tests.stream_coach.test_protocols import lines_of, parts_of

CHAT: Final = "/api/ai/chat"
VERSION_4: Final = {"id": "c", "messages": [{"role": "user", "content": "Hi Atlas", "parts": []}]}
VERSION_5: Final = {
    "id": "c",
    "trigger": "submit-message",
    "messages": [
        {"id": "m-1", "role": "user", "parts": [{"type": "text", "text": "Hi"}]},
        {
            "id": "m-2",
            "role": "assistant",
            "parts": [{"type": "step-start"}, {"type": "text", "text": "Hello.", "state": "done"}],
            "metadata": {"usage": {}},
        },
        {"id": "m-3", "role": "user", "parts": [{"type": "text", "text": "And squats?"}]},
    ],
}


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service(answering("To ", "parallel."))
    yield made
    made.threads.join()


def said(text: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **fields}


def test_version_4_reads_a_data_stream(service: Service) -> None:
    answer = service.handle(asking("POST", CHAT, VERSION_4))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-vercel-ai-data-stream"] == "v1"
    lines = lines_of(answer)
    assert [code for code, _ in lines] == ["f", "0", "0", "e", "d"]
    assert [value for code, value in lines if code == "0"] == ["To ", "parallel."]
    assert lines[-1][1]["usage"] == {"promptTokens": 200, "completionTokens": 20}


def test_later_versions_read_a_ui_message_stream(service: Service) -> None:
    answer = service.handle(asking("POST", CHAT, VERSION_5))
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    parts = parts_of(answer)
    assert [part["type"] for part in parts] == [
        *(
            "start",
            "start-step",
            "text-start",
            "text-delta",
            "text-delta",
            "text-end",
            "finish-step",
            "finish",
        )
    ]
    assert parts[-1]["messageMetadata"]["messageId"] == parts[0]["messageId"]


def test_one_model_is_called_once_with_all_messages_and_nothing_is_stored(service: Service) -> None:
    before = service.stored.all()
    body_of(service.handle(asking("POST", CHAT, VERSION_5)))
    (prompt,) = service.model.prompts
    assert prompt.tool is None
    assert prompt.messages == (
        PromptMessage("user", "Hi"),
        PromptMessage("assistant", "Hello."),
        PromptMessage("user", "And squats?"),
    )
    assert service.stored.all() == before


def test_the_model_and_the_system_prompt_are_the_services() -> None:
    service = Service(answering("Yes."), chat_model_id="us.amazon.nova-micro-v1:0", chat_system="Be brief.")
    body_of(service.handle(asking("POST", CHAT, said("Hi", model="other", system="Be rude."))))
    (prompt,) = service.model.prompts
    assert (prompt.model_id, prompt.system) == ("us.amazon.nova-micro-v1:0", ("Be brief.\n\nBe rude.",))
    service.threads.join()


def test_without_settings_it_is_the_answer_model_with_a_prompt_of_its_own(service: Service) -> None:
    body_of(service.handle(asking("POST", CHAT, VERSION_4)))
    (prompt,) = service.model.prompts
    assert prompt.model_id == service.ports.answer_model_id
    assert prompt.system[0].startswith("You are a coach")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "INVALID_USER_RESPONSE"),
        ({"messages": []}, "INVALID_USER_RESPONSE"),
        ({"messages": "Hi"}, "INVALID_USER_RESPONSE"),
        ({"messages": [{"role": "user"}]}, "INVALID_USER_RESPONSE"),
        ({"messages": [{"role": "judge", "content": "Hi"}]}, "INVALID_USER_RESPONSE"),
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, "INVALID_USER_RESPONSE"),
        ({"messages": [{"role": "user", "content": "Hi"}] * 201}, "INVALID_USER_RESPONSE"),
        (said("x" * 262_145), "INVALID_USER_RESPONSE"),
        (said("x" * 1_048_577), "PAYLOAD_TOO_LARGE"),
        ("{", "INVALID_JSON"),
        ("", "MISSING_REQUEST_BODY"),
    ],
)
def test_bad_messages_are_refused_before_any_model_is_called(service: Service, body: Any, code: str) -> None:
    answer = service.handle(asking("POST", CHAT, body))
    assert (answer.status >= 400, document(answer)["code"]) == (True, code)
    assert service.model.calls == []


def test_typed_events_are_not_spoken_here(service: Service) -> None:
    answer = service.handle(asking("POST", CHAT, VERSION_4, query="protocol=typed"))
    problem = document(answer)
    assert (answer.status, problem["code"]) == (400, "INVALID_PROTOCOL")
    assert problem["detail"].endswith("use data or ui")


def test_chats_count_as_turns_against_the_limit() -> None:
    service = Service(answering("Yes."), limits=Limits(turns_per_minute=2))
    for _ in range(2):
        body_of(service.handle(asking("POST", CHAT, VERSION_4)))
    answer = service.handle(asking("POST", CHAT, VERSION_4))
    assert refusal(answer) == (429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(service.model.prompts) == 2


def test_a_chat_is_paid_out_of_the_day_s_budget() -> None:
    service = Service(answering("Yes."), limits=Limits(daily_budget_cents=2))
    statuses = []
    for _ in range(3):
        answer = service.handle(asking("POST", CHAT, VERSION_4))
        statuses.append(answer.status)
        body = body_of(answer)
        service.threads.join()
    assert statuses == [200, 200, 429]  # one answer costs a cent
    assert json.loads(body)["code"] == "BUDGET_EXCEEDED"
    assert len(service.model.prompts) == 2


def test_nobody_chats_without_a_good_token(service: Service) -> None:
    for authorization, code in (("", "MISSING_AUTH_HEADER"), ("Bearer a.b.c", "INVALID_TOKEN")):
        answer = service.handle(asking("POST", CHAT, VERSION_4, authorization=authorization))
        assert (answer.status, document(answer)["code"]) == (401, code)
    answer = service.handle(asking("POST", CHAT, VERSION_4, authorization=f"Bearer {token('anyone')}"))
    assert answer.status == 200
    body_of(answer)


def test_a_model_that_fails_behind_the_first_byte_is_an_error_in_the_stream() -> None:
    failing = (Delta("To "), ModelUnavailable("the model is not available now; try again in a moment"))
    service = Service(failing)
    lines = lines_of(service.handle(asking("POST", CHAT, VERSION_4)))
    assert lines[1:] == [
        ("0", "To "),
        ("2", [{"type": "error", "code": "MODEL_UNAVAILABLE", "retryable": True}]),
        ("3", "the model is not available now; try again in a moment"),
    ]
    parts = parts_of(service.handle(asking("POST", CHAT, VERSION_5)))
    assert [part["type"] for part in parts[-3:]] == ["text-end", "data-error", "error"]
    assert parts[-1]["errorText"] == "the model is not available now; try again in a moment"
    service.threads.join()


def test_a_fault_of_ours_is_told_in_fixed_words_and_journalled() -> None:
    service = Service((RuntimeError("secret"),))
    text = body_of(service.handle(asking("POST", CHAT, VERSION_4))).decode()
    assert "secret" not in text
    assert '"code":"PROCESSING_ERROR"' in text
    assert [where for where, _ in service.journal.unforeseen] == ["chat"]
    service.threads.join()


def test_the_call_of_a_client_that_is_gone_is_abandoned() -> None:
    gate = Gate()
    service = Service((Delta("To "), gate, Delta("parallel.")))
    answer = service.handle(asking("POST", CHAT, VERSION_4))
    pieces = iter(answer.body)
    while b"To " not in (piece if isinstance(piece := next(pieces), bytes) else piece.encode()):
        continue
    answer.body.close()  # type: ignore[attr-defined]
    (call,) = service.model.calls
    assert call.abandoned.is_set()
    service.threads.join()


def test_a_silent_model_is_waited_for_with_keep_alives_that_the_parsers_take() -> None:
    for body, keep_alive in ((VERSION_4, b"2:[]\n"), (VERSION_5, b": keep-alive\n\n")):
        gate = Gate()
        service = Service((gate, *answering("Yes.")), limits=Limits(keep_alive_s=0.01))
        pieces = service.handle(asking("POST", CHAT, body)).body
        found = [next(iter(pieces)) for _ in range(3)]
        assert keep_alive in found
        gate.open()
        assert b"Yes." in b"".join(piece if isinstance(piece, bytes) else b"" for piece in pieces)
        service.threads.join()


def test_a_direct_invocation_is_answered_by_a_raw_data_stream(service: Service) -> None:
    lines = b"".join(service.invoke({"action": "chat-v2-stream", "payload": VERSION_4})).decode().splitlines()
    assert [line[0] for line in lines] == ["f", "0", "0", "e", "d"]
    assert len(service.model.calls) == 1


def test_a_direct_invocation_with_a_trigger_is_answered_by_a_ui_message_stream(service: Service) -> None:
    text = b"".join(service.invoke({"action": "chat-v2-stream", "payload": VERSION_5})).decode()
    assert text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"action": "chat-v2-stream"}, "INVALID_EVENT"),
        ({"action": "chat-v2-stream", "payload": []}, "INVALID_EVENT"),
        ({"action": "chat-v2-stream", "payload": {}}, "INVALID_USER_RESPONSE"),
        ({"action": "chat-v3", "payload": VERSION_4}, "INVALID_EVENT"),
        ({"action": ["chat-v2-stream"]}, "INVALID_EVENT"),
    ],
)
def test_a_direct_invocation_that_asks_for_nothing_known_is_told_what_there_is(
    service: Service, event: dict[str, Any], code: str
) -> None:
    assert json.loads(b"".join(service.invoke(event)))["code"] == code
    assert service.model.calls == []


def test_the_log_line_of_an_answer_holds_no_words() -> None:
    service = Service(answering("To ", "parallel."), executor=InlineExecutor())
    body_of(service.handle(asking("POST", CHAT, VERSION_5)))
    (line,) = service.journal.chats
    assert (line["outcome"], line["modelCalls"]) == ("completed", 1)
    assert "squats" not in str(line)
    assert "parallel" not in str(line)
