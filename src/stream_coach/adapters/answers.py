"""What comes in the place of an AWS service's answer: a page of a proxy, half a document, bytes.

botocore takes such a body for an answer without members, so that a write would count as done, or falls
over it with whatever its parser raises.
"""

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.model import OperationModel

BEFORE_PARSE: Final = "before-parse"
_FIRST_ERROR: Final = 300
_IN_JSON: Final = ("json", "rest-json")


class NotAnAnswer(BotoCoreError):
    """A service answered with something that is no JSON object."""

    fmt = "the service answered {operation} with something that is no JSON object"


def check(response_dict: dict[str, Any], operation_model: "OperationModel", **_: object) -> None:
    """Refuse a body that is no JSON object; of an error, its status is all that counts then.

    To be registered for `BEFORE_PARSE` in a session, before it makes clients.

    Raises  NotAnAnswer
    """
    is_error = response_dict["status_code"] >= _FIRST_ERROR
    if operation_model.service_model.resolved_protocol not in _IN_JSON or _is_object(response_dict["body"]):
        return
    if is_error:
        response_dict["body"] = b"{}"
    elif not _is_streamed(operation_model):
        raise NotAnAnswer(operation=operation_model.name)


def _is_streamed(operation_model: "OperationModel") -> bool:
    return bool(operation_model.has_event_stream_output or operation_model.has_streaming_output)


def _is_object(body: object) -> bool:
    try:
        return isinstance(body, bytes) and isinstance(json.loads(body), dict)
    except ValueError:
        return False
