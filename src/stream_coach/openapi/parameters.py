"""Parameters: ids in the path, and the query parameters and headers that routes name."""

from collections.abc import Iterable
from typing import Final, Literal

from libs.coach_conversation.conversations import MAX_PAGE
from libs.streaming import probe
from libs.streaming.encoders.negotiate import PROTOCOLS
from libs.streaming.path_params import ID_PATTERN, compile_template
from libs.streaming.routes import Route
from stream_coach.bodies import MAX_KEY_CHARACTERS
from stream_coach.openapi.schemas import JsonObject

ID: Final[JsonObject] = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
TEXT: Final[JsonObject] = {"type": "string"}
DEFAULT_PAGE: Final = 50
PROBE: Final = probe.ProbeOptions()


def _named(place: Literal["query", "header"], name: str, description: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": place, "description": description, "schema": schema}


NAMED: Final = {
    parameter["name"]: parameter
    for parameter in (
        _named("query", "before", "The `cursor` of the page before; without it, the latest page.", TEXT),
        _named("query", "after", "The `next` of the page before; without it, the first page.", TEXT),
        _named(
            "query",
            "limit",
            "How many to return at most.",
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE},
        ),
        _named("query", "turnId", "The turn to attach to; without it, the conversation's active one.", ID),
        _named("query", "lastEventId", "The same as the header Last-Event-ID, which wins.", TEXT),
        _named(
            "header", "Last-Event-ID", "The id of the last event seen; the stream continues after it.", TEXT
        ),
        _named(
            "header",
            "Idempotency-Key",
            "Names this request; the same again attaches to its turn or replays it. "
            "Without it, `clientMessageId` is the key, then `messageTimestamp` with the text.",
            {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS},
        ),
        _named(
            "query",
            "protocol",
            "How the stream is written: typed events, or the AI SDK's data stream (its version 4) or UI "
            "message stream (5 and later). Without it, the header x-stream-protocol says so, then the body.",
            {"type": "string", "enum": list(PROTOCOLS)},
        ),
        _named(
            "header",
            "x-stream-protocol",
            "The same as the query's `protocol`, which wins.",
            {"type": "string", "enum": list(PROTOCOLS)},
        ),
        _named(
            "query",
            "chatId",
            "What AI SDK 4 sends to resume; asks for the data stream.",
            TEXT,
        ),
        _named(
            "query",
            "delay",
            "Seconds between two words.",
            {"type": "number", "minimum": 0, "maximum": probe.MAX_DELAY_S, "default": PROBE.delay_s},
        ),
        _named(
            "query",
            "format",
            "Lines of JSON, or the words alone.",
            {"type": "string", "enum": list(probe.CONTENT_TYPES), "default": PROBE.format},
        ),
        _named(
            "query",
            "sentence",
            f"What to say, in at most {probe.MAX_WORDS} words and {probe.MAX_SENTENCE_BYTES} bytes.",
            {"type": "string", "minLength": 1, "default": PROBE.sentence},
        ),
    )
}


def uses(route: Route) -> list[JsonObject]:
    """Return references to all parameters of the route."""
    return [{"$ref": f"#/components/parameters/{key}"} for key in _of(route)]


def components(routes: Iterable[Route]) -> JsonObject:
    """Return the definitions of all parameters that these routes use."""
    return {key: definition for route in routes for key, definition in _of(route).items()}


def _of(route: Route) -> JsonObject:
    """Return the route's parameters by component name; one name may stand in a path and in a query."""
    found: JsonObject = {}
    for name in compile_template(route.template).param_names:
        found[f"path.{name}"] = {"name": name, "in": "path", "required": True, "schema": ID}
    for name in route.parameters:
        if name not in NAMED:
            raise ValueError(f"{route.name} takes {name!r}; define it in stream_coach.openapi.parameters")
        found[f"{NAMED[name]['in']}.{name}"] = NAMED[name]
    return found
