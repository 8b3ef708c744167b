"""Parameters: ids in the path, and the query parameters and headers that routes name."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from libs.coach_conversation.conversations import MAX_PAGE
from libs.streaming import probe
from libs.streaming.path_params import ID_PATTERN, compile_template
from libs.streaming.routes import Route
from stream_coach.bodies import MAX_KEY_CHARACTERS
from stream_coach.openapi.inputs import Delay

type JsonObject = dict[str, Any]

ID: Final[JsonObject] = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
TEXT: Final[JsonObject] = {"type": "string"}
PROBE: Final = probe.ProbeOptions()


def _query(name: str, description: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": "header", "description": description, "schema": schema}
