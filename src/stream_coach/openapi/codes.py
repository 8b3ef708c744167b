"""The codes of errors, each with its status and the sentence that the error trees have for it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import WithJsonSchema

from libs.coach_conversation import errors as coach_errors
from libs.streaming import errors as streaming_errors
from stream_coach.http_errors import STATUSES

TREES: Final = (streaming_errors, coach_errors)
UNFORESEEN: Final = "Something went wrong on our side."


def _schema() -> dict[str, Any]:
    meanings = _meanings()
    lines = [f"- `{code}` ({status}): {meanings.get(code, UNFORESEEN)}" for code, status in STATUSES.items()]
    return {"type": "string", "enum": list(STATUSES), "description": "\n".join(lines)}


def _meanings() -> Mapping[str, str]:
    """Return each code's first sentence; what follows a semicolon is for those who read the class."""
    found: dict[str, str] = {}
    for value in (value for tree in TREES for value in vars(tree).values()):
        if isinstance(value, type) and issubclass(value, Exception) and "code" in vars(value):
            sentence = (value.__doc__ or "").partition("\n")[0]
            found.setdefault(vars(value)["code"], sentence.partition(";")[0].rstrip(".") + ".")
    return found | {"PROCESSING_ERROR": UNFORESEEN}


type ErrorCode = Annotated[str, WithJsonSchema(_schema())]
