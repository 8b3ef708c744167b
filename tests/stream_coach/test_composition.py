"""What the settings become; nothing here is called."""

from dataclasses import fields

import pytest

from libs.coach_conversation.types import Limits
from stream_coach.composition import build_app
from stream_coach.settings import Settings

NEEDED = {
    "TABLE_NAME": "table",
    "TOKEN_ISSUER": "https://issuer.example/pool",
    "TOKEN_AUDIENCE": "app-1",
    "JWKS_URL": "https://issuer.example/jwks.json",
}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def settings(**environ: str) -> Settings:
    return Settings.from_env({**NEEDED, **environ})


SHARED = sorted({field.name for field in fields(Settings)} & {field.name for field in fields(Limits)})


def test_every_limit_that_can_be_set_arrives() -> None:
    environ = {name.upper(): str(number) for number, name in enumerate(SHARED, start=11)}
    limits = build_app(settings(**environ)).ports.limits
    assert {name: getattr(limits, name) for name in SHARED} == {
        name: number for number, name in enumerate(SHARED, start=11)
    }


def test_the_limits_that_can_be_set_have_the_designs_defaults() -> None:
    chosen = settings()
    assert {name: getattr(chosen, name) for name in SHARED} == {
        name: getattr(Limits(), name) for name in SHARED
    }


def test_the_models_are_those_of_the_settings() -> None:
    ports = build_app(settings(ANSWER_MODEL_ID="a", ROUTER_MODEL_ID="r", FALLBACK_MODEL_ID="f")).ports
    assert (ports.answer_model_id, ports.router_model_id, ports.fallback_model_id) == ("a", "r", "f")


@pytest.mark.parametrize(("text", "streamed"), [("true", True), ("false", False)])
def test_streaming_can_be_turned_off(text: str, *, streamed: bool) -> None:
    assert build_app(settings(STREAMING_ENABLED=text)).ports.streaming_enabled is streamed


def test_the_starter_coach_has_the_id_of_the_settings() -> None:
    starter = build_app(settings(STARTER_COACH_ID="nova")).ports.starter_coach
    assert starter is not None
    assert (starter["coachId"], starter["name"]) == ("nova", "Atlas")


def test_tickets_are_issued_where_there_are_keys() -> None:
    assert build_app(settings()).tickets is None
    assert build_app(settings(TICKET_KEYS="k1:0123456789abcdef")).tickets is not None


@pytest.mark.parametrize("keys", ["k1", "k1:short", ":0123456789abcdef"])
def test_ticket_keys_that_are_none_are_refused_without_being_shown(keys: str) -> None:
    with pytest.raises(ValueError, match="each ticket key is id:secret") as caught:
        build_app(settings(TICKET_KEYS=keys))
    assert keys not in str(caught.value)
