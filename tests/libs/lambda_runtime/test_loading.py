"""From `_HANDLER` to a function."""

import gc
from pathlib import Path

import pytest

from libs.lambda_runtime.errors import HandlerUnavailable
from libs.lambda_runtime.loading import load_handler
from tests.libs.lambda_runtime import functions


def test_the_last_dot_parts_module_and_function() -> None:
    assert load_handler("tests.libs.lambda_runtime.functions.greet") is functions.greet


def test_slashes_part_folders() -> None:
    assert load_handler("tests/libs/lambda_runtime/functions.greet") is functions.greet


@pytest.mark.parametrize(
    ("name", "error_type"),
    [
        ("", "Runtime.MalformedHandlerName"),
        ("handler", "Runtime.MalformedHandlerName"),
        ("app.", "Runtime.MalformedHandlerName"),
        ("no_such_module.handler", "Runtime.ImportModuleError"),
        ("tests.libs.lambda_runtime.functions.absent", "Runtime.HandlerNotFound"),
        ("tests.libs.lambda_runtime.functions.NOT_A_FUNCTION", "Runtime.HandlerNotFound"),
    ],
)
def test_a_name_without_a_function_has_a_reason(name: str, error_type: str) -> None:
    with pytest.raises(HandlerUnavailable) as caught:
        load_handler(name)

    assert caught.value.error_type == error_type
    assert gc.isenabled()


def test_a_syntax_error_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_module.py").write_text("def handler(:\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(HandlerUnavailable, match="broken_module") as caught:
        load_handler("broken_module.handler")

    assert caught.value.error_type == "Runtime.UserCodeSyntaxError"
