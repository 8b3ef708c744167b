"""Sample events: tokens where they are asked for, the rest byte for byte."""

from pathlib import Path

import pytest

from local.errors import UnknownEvent
from local.sample_events import event_names, fill, read_event

TEXT = """{"rawPath": "/users/demo/coaches/atlas/conversations/sample/stream", "body": "{}",
 "headers": {"authorization": "Bearer {{token}}"}, "other": "{{token:alice}}",
 "pathParameters": {"conversationId": "sample"}}"""


def _token_of(user: str | None) -> str:
    return f"<{user or 'default'}>"


def test_tokens_are_filled_in_and_the_rest_stays() -> None:
    assert fill(TEXT, _token_of) == TEXT.replace("{{token}}", "<default>").replace(
        "{{token:alice}}", "<alice>"
    )


def test_the_conversation_is_replaced_wherever_it_is_named() -> None:
    filled = fill(TEXT, _token_of, conversation="01JD")
    assert '"/users/demo/coaches/atlas/conversations/01JD/stream"' in filled
    assert '{"conversationId": "01JD"}' in filled


def test_an_unknown_name_lists_those_that_exist(tmp_path: Path) -> None:
    for name in ("words", "stream"):
        (tmp_path / f"{name}.json").write_text("{}")
    assert event_names(tmp_path) == ["stream", "words"]
    with pytest.raises(UnknownEvent, match=r"no event '\.\./x'; there are: stream, words"):
        read_event(tmp_path, "../x")
