"""events/*.json: the sample invocations have the shape that AWS gives them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

EVENTS = Path(__file__).resolve().parent.parent / "events"
DIRECT = {"words", "words-text", "chat", "chat-turns"}
NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))
FROM_URL = [name for name in NAMES if name not in DIRECT]
CONVERSATIONS = "/users/demo/coaches/atlas/conversations"


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def test_the_samples_are_those_that_the_documentation_names() -> None:
    assert NAMES == [
        "ai-chat",
        "bad-token",
        "chat",
        "chat-turns",
        "create-conversation",
        "health-stream",
        "messages",
        "missing-token",
        "stream",
        "stream-short",
        "words",
        "words-text",
        "workout-log",
        "wrong-user",
    ]


@pytest.mark.parametrize("name", FROM_URL)
def test_a_sample_has_the_fields_of_payload_2_0(name: str) -> None:
    event = load(name)
    optional = {"body", "queryStringParameters", "cookies"}
    assert set(event) - optional == {
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "requestContext",
        "isBase64Encoded",
    }
    assert (event["version"], event["routeKey"], event["isBase64Encoded"]) == ("2.0", "$default", False)
    assert set(event["requestContext"]) == {
        "accountId",
        "apiId",
        "domainName",
        "domainPrefix",
        "http",
        "requestId",
        "routeKey",
        "stage",
        "time",
        "timeEpoch",
    }


@pytest.mark.parametrize("name", FROM_URL)
def test_a_sample_agrees_with_itself(name: str) -> None:
    event = load(name)
    context, headers = event["requestContext"], event["headers"]
    assert context["http"]["path"] == event["rawPath"]
    assert context["domainName"] == headers["host"]
    assert context["domainName"].startswith(context["domainPrefix"] + ".lambda-url.")
    assert context["http"]["userAgent"] == headers["user-agent"]
    assert context["http"]["sourceIp"] == headers["x-forwarded-for"]
    assert dict(parse_qsl(event["rawQueryString"])) == event.get("queryStringParameters", {})
    assert headers.get("content-length") == (str(len(event["body"].encode())) if "body" in event else None)
    moment = datetime.fromtimestamp(context["timeEpoch"] / 1000, UTC)
    assert moment.strftime("%d/%b/%Y:%H:%M:%S +0000") == context["time"]


@pytest.mark.parametrize("name", FROM_URL)
def test_header_names_are_in_lower_case(name: str) -> None:
    assert all(key == key.lower() for key in load(name)["headers"])


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("stream", "POST", f"{CONVERSATIONS}/demo-conversation/stream"),
        ("stream-short", "POST", f"{CONVERSATIONS}/demo-conversation/stream"),
        ("workout-log", "POST", f"{CONVERSATIONS}/demo-conversation/stream"),
        ("bad-token", "POST", f"{CONVERSATIONS}/demo-conversation/stream"),
        ("wrong-user", "POST", f"{CONVERSATIONS}/demo-conversation/stream"),
        ("missing-token", "POST", f"{CONVERSATIONS}/demo-conversation/stream"),
        ("create-conversation", "POST", CONVERSATIONS),
        ("messages", "GET", f"{CONVERSATIONS}/demo-conversation/messages"),
        ("health-stream", "GET", "/health/stream"),
        ("ai-chat", "POST", "/api/ai/chat"),
    ],
)
def test_a_sample_asks_for_its_route(name: str, method: str, path: str) -> None:
    event = load(name)
    assert (event["requestContext"]["http"]["method"], event["rawPath"]) == (method, path)


@pytest.mark.parametrize(
    ("name", "authorization"),
    [
        ("stream", "Bearer {{token}}"),
        ("ai-chat", "Bearer {{token}}"),
        ("stream-short", "Bearer {{token}}"),
        ("workout-log", "Bearer {{token}}"),
        ("create-conversation", "Bearer {{token}}"),
        ("messages", "Bearer {{token}}"),
        ("wrong-user", "Bearer {{token:other-user}}"),
        ("bad-token", "Bearer not.a.token"),
        ("missing-token", None),
        ("health-stream", None),
    ],
)
def test_a_sample_leaves_a_place_for_a_fresh_token(name: str, authorization: str | None) -> None:
    assert load(name)["headers"].get("authorization") == authorization


@pytest.mark.parametrize("name", ["stream", "stream-short", "workout-log"])
def test_a_turn_carries_what_the_person_said(name: str) -> None:
    body = json.loads(load(name)["body"])
    assert set(body) == {"userResponse", "messageTimestamp", "clientMessageId"}
    assert datetime.fromisoformat(body["messageTimestamp"]).tzinfo is not None


def test_the_turns_are_a_question_an_acknowledgment_and_a_slash_command() -> None:
    said = [
        json.loads(load(name)["body"])["userResponse"] for name in ("stream", "stream-short", "workout-log")
    ]
    assert said[0].endswith("?")
    assert said[1] == "ok"
    assert said[2].startswith("/log-workout ")


@pytest.mark.parametrize(("name", "form"), [("words", "json"), ("words-text", "text")])
def test_a_direct_invocation_asks_for_words(name: str, form: str) -> None:
    sentence = "Hello this is a streaming Lambda function response"
    assert load(name) == {"delay": 0.05, "format": form, "sentence": sentence}


@pytest.mark.parametrize(
    ("name", "roles"), [("chat", ["user"]), ("chat-turns", ["user", "assistant", "user"])]
)
def test_a_direct_invocation_asks_for_an_answer_to_its_messages(name: str, roles: list[str]) -> None:
    event = load(name)
    assert event["action"] == "chat-v2-stream"
    assert [message["role"] for message in event["payload"]["messages"]] == roles


def test_the_sample_of_the_ai_sdk_is_what_its_version_5_sends() -> None:
    body = json.loads(load("ai-chat")["body"])
    assert set(body) == {"id", "messages", "trigger"}
    assert [part["type"] for part in body["messages"][0]["parts"]] == ["text"]
