"""The codes of errors, each in a sentence: the first that the error trees have for it."""

from collections.abc import Iterator
from typing import Any, Final

from libs.coach_conversation import errors as coach_errors
from libs.coach_conversation.errors import TurnError
from libs.streaming import errors as streaming_errors
from libs.streaming.errors import StreamingError
from stream_coach.http_errors import STATUSES

UNFORESEEN: Final = "Something went wrong on our side."


def schema() -> dict[str, Any]:
    """Return the schema of `code`, with the status and the meaning of each."""
    meanings = dict(reversed(list(_meanings()))) | {"PROCESSING_ERROR": UNFORESEEN}
    lines = [f"- `{code}` ({status}): {meanings.get(code, '')}".rstrip() for code, status in STATUSES.items()]
    return {"type": "string", "enum": list(STATUSES), "description": "\n".join(lines)}


def _meanings() -> Iterator[tuple[str, str]]:
    """Yield codes and meanings in the order of the modules; what follows a semicolon is for readers of code."""
    for module in (streaming_errors, coach_errors):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, StreamingError | TurnError):
                sentence = (value.__doc__ or "").partition("\n")[0]
                yield value.code, sentence.partition(";")[0].rstrip(".") + "."
