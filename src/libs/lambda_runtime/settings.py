"""What Lambda tells a runtime through the environment, read once."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from libs.lambda_runtime.errors import SettingsInvalid

DEFAULT_PORT = 80


class Settings(NamedTuple):
    """The process's place in Lambda: whom to poll, what to run, and as which function."""

    api_host: str
    api_port: int
    handler_name: str
    concurrency: int = 1
    function_name: str = ""
    function_version: str = ""
    memory_limit_in_mb: int = 0
    log_group_name: str = ""
    log_stream_name: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings; a missing `_HANDLER` is left to the handler's loading, which reports it.

        Raises  SettingsInvalid
        """
        host, port = _parse_address(environ.get("AWS_LAMBDA_RUNTIME_API", ""))
        return cls(
            api_host=host,
            api_port=port,
            handler_name=environ.get("_HANDLER", ""),
            concurrency=max(1, _parse_int(environ, "AWS_LAMBDA_MAX_CONCURRENCY", 1)),
            function_name=environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
            function_version=environ.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
            memory_limit_in_mb=_parse_int(environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 0),
            log_group_name=environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""),
            log_stream_name=environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
        )


def _parse_address(address: str) -> tuple[str, int]:
    """Return host and port of `host`, `host:port` or `[v6 address]:port`."""
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    if not host or not port.isdecimal():
        raise SettingsInvalid(f"AWS_LAMBDA_RUNTIME_API is {address!r}: it must be host:port")
    return host.strip("[]"), int(port)


def _parse_int(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal():
        raise SettingsInvalid(f"{name} is {text!r}: it must be a whole number")
    return int(text)
