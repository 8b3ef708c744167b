from dataclasses import FrozenInstanceError, fields
from typing import Any, Final

import pytest

from stream_coach.settings import InvalidSettings, Settings

NEEDED: Final = {
    "TABLE_NAME": "table",
    "TOKEN_ISSUER": "https://issuer.example/pool",
    "TOKEN_AUDIENCE": "app-1",
    "JWKS_URL": "https://issuer.example/pool/.well-known/jwks.json",
}


def test_what_is_needed_is_enough() -> None:
    assert Settings.from_env(NEEDED) == Settings(
        table_name="table",
        token_issuer="https://issuer.example/pool",
        token_audience="app-1",
        jwks_url="https://issuer.example/pool/.well-known/jwks.json",
    )


def test_the_defaults_are_those_of_the_design() -> None:
    settings = Settings.from_env(NEEDED)
    assert settings.answer_model_id == "us.anthropic.claude-sonnet-5-5"
    assert settings.router_model_id == "us.amazon.nova-micro-v1:0"
    assert (settings.streaming_enabled, settings.max_output_tokens, settings.history_items) == (
        True,
        1000,
        20,
    )
    assert (settings.store_timeout_s, settings.router_timeout_s, settings.keep_alive_s) == (2.0, 1.5, 10.0)
    assert (settings.lease_s, settings.lease_renewal_s, settings.deadline_margin_s) == (15.0, 5.0, 5.0)


def test_all_that_is_missing_is_named_together() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_env({"TABLE_NAME": "", "TOKEN_ISSUER": "x"})
    assert str(caught.value) == "TABLE_NAME is missing; TOKEN_AUDIENCE is missing; JWKS_URL is missing"


def test_what_is_missing_and_what_is_wrong_are_named_together() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_env({"LEASE_S": "soon", "TURNS_PER_MINUTE": "-1", "STREAMING_ENABLED": "maybe"})
    text = str(caught.value)
    assert "TABLE_NAME is missing" in text
    assert "LEASE_S is not a number of seconds above 0: 'soon'" in text
    assert "TURNS_PER_MINUTE is not a whole number from 0: '-1'" in text
    assert "STREAMING_ENABLED is not true or false: 'maybe'" in text


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("STREAMING_ENABLED", "false", "streaming_enabled", False),
        ("STREAMING_ENABLED", "FALSE", "streaming_enabled", False),
        ("STREAMING_ENABLED", "0", "streaming_enabled", False),
        ("STREAMING_ENABLED", "no", "streaming_enabled", False),
        ("STREAMING_ENABLED", "True", "streaming_enabled", True),
        ("STREAMING_ENABLED", "", "streaming_enabled", True),
        ("TURNS_PER_MINUTE", "0", "turns_per_minute", 0),
        ("MAX_OUTPUT_TOKENS", "8000", "max_output_tokens", 8000),
        ("KEEP_ALIVE_S", "0.2", "keep_alive_s", 0.2),
        ("KEEP_ALIVE_S", "15", "keep_alive_s", 15.0),
        ("STARTER_COACH_ID", "nova", "starter_coach_id", "nova"),
        ("AWS_LAMBDA_MAX_CONCURRENCY", "8", "max_concurrency", 8),
    ],
)
def test_a_setting_is_read_by_its_name_in_capitals(name: str, text: str, field: str, value: object) -> None:
    assert getattr(Settings.from_env({**NEEDED, name: text}), field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KEEP_ALIVE_S", "0"),
        ("KEEP_ALIVE_S", "-1"),
        ("KEEP_ALIVE_S", "nan"),
        ("KEEP_ALIVE_S", "inf"),
        ("KEEP_ALIVE_S", "86400"),
        ("KEEP_ALIVE_S", "10s"),
        ("TURNS_PER_MINUTE", "1.5"),
        ("TURNS_PER_MINUTE", "many"),
        ("STREAMING_ENABLED", "2"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidSettings, match=f"^{name} is not "):
        Settings.from_env({**NEEDED, name: text})


def test_what_else_is_in_the_environment_is_left_alone() -> None:
    assert Settings.from_env({**NEEDED, "PATH": "/bin", "lease_s": "x"}) == Settings.from_env(NEEDED)


def test_settings_do_not_change() -> None:
    settings: Any = Settings.from_env(NEEDED)
    with pytest.raises(FrozenInstanceError):
        settings.table_name = "other"


def test_secrets_are_not_shown() -> None:
    settings = Settings.from_env({**NEEDED, "TICKET_KEYS": "k1:a-very-long-secret"})
    assert settings.ticket_keys == "k1:a-very-long-secret"
    assert "secret" not in repr(settings)


def test_every_setting_is_of_a_kind_that_can_be_read() -> None:
    assert {field.type for field in fields(Settings)} <= {str, bool, int, float}
