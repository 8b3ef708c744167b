"""The environment, read once."""

import pytest

from libs.lambda_runtime.errors import SettingsInvalid
from libs.lambda_runtime.settings import Settings


def test_the_environment_of_lambda_is_read() -> None:
    environ = {
        "AWS_LAMBDA_RUNTIME_API": "169.254.100.1:9001",
        "_HANDLER": "app.handler",
        "AWS_LAMBDA_MAX_CONCURRENCY": "8",
        "AWS_LAMBDA_FUNCTION_NAME": "coach",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/coach",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[$LATEST]1",
    }

    assert Settings.from_env(environ) == Settings(
        "169.254.100.1",
        9001,
        "app.handler",
        8,
        "coach",
        "$LATEST",
        1024,
        "/aws/lambda/coach",
        "2026/11/21/[$LATEST]1",
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [("localhost", ("localhost", 80)), ("[::1]:9001", ("::1", 9001)), ("[::1]", ("::1", 80))],
)
def test_an_address_may_lack_its_port_or_be_ipv6(address: str, expected: tuple[str, int]) -> None:
    settings = Settings.from_env({"AWS_LAMBDA_RUNTIME_API": address})

    assert (settings.api_host, settings.api_port, settings.concurrency) == (*expected, 1)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "AWS_LAMBDA_RUNTIME_API"),
        ({"AWS_LAMBDA_RUNTIME_API": ":9001"}, "AWS_LAMBDA_RUNTIME_API"),
        ({"AWS_LAMBDA_RUNTIME_API": "host:"}, "AWS_LAMBDA_RUNTIME_API"),
        ({"AWS_LAMBDA_RUNTIME_API": "a:1", "AWS_LAMBDA_MAX_CONCURRENCY": "many"}, "MAX_CONCURRENCY"),
    ],
)
def test_what_cannot_be_used_is_named(environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        Settings.from_env(environ)
