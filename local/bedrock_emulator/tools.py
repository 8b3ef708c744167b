"""Which tool an answer uses, and what goes into it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.bedrock_emulator.analysis import analysis_of
from local.bedrock_emulator.classifier import read
from local.bedrock_emulator.extraction import memory_in, summary_in, workout_in
from local.bedrock_emulator.requests import ConverseRequest, ToolSpec
from local.bedrock_emulator.schemas import MISSING, Schema, fit
from local.bedrock_emulator.script import ROUTER_TOOL


@dataclass(frozen=True, slots=True)
class ToolCase:
    """What a tool's input is made from: the fenced words, and the whole text around them.

    Shape   `script` is the part of the admin script that is meant for the router
    """

    words: str
    schema: Schema
    latency_ms: int
    script: Mapping[str, Any] | None = None
    whole: str = ""


def chosen_tool(request: ConverseRequest) -> ToolSpec | None:
    """Return the tool to call: the forced one, else the router's, else the first.

    Shape   None without tools, and with a free choice once the last message brings a tool's result
    """
    config = request.tool_config
    if config is None or not config.specs():
        return None
    specs = {spec.name: spec for spec in config.specs()}
    choice = config.tool_choice
    if choice is not None and choice.tool is not None:
        return specs[choice.tool.name]
    forced = choice is not None and choice.any is not None
    if not forced and any(block.tool_result for block in request.messages[-1].content):
        return None
    return specs.get(ROUTER_TOOL) or next(iter(specs.values()))


def tool_input(name: str, case: ToolCase) -> Any:
    """Return the input for a tool of that name; tools nobody registered get what their schema requires."""
    return _INPUTS.get(name, _plausible)(case)


def _route(case: ToolCase) -> Any:
    analysis = analysis_of(read(case.words), processing_ms=case.latency_ms)
    shaped = fit(_with_updates_as(case.schema, analysis), case.schema, words="offline rules")
    return merge(shaped, case.script or {})


def _extracted(found: dict[str, Any], case: ToolCase) -> Any:
    return fit(found, case.schema, words="offline rules")


def _plausible(case: ToolCase) -> Any:
    return fit(MISSING, case.schema, words=case.words)


def _with_updates_as(schema: Schema, analysis: dict[str, Any]) -> dict[str, Any]:
    """Return the analysis with its updates keyed by stage where the schema has no list for them."""
    updates = analysis["contextualUpdates"]
    wanted = fit(updates, schema.get("properties", {}).get("contextualUpdates", {}) | _definitions(schema))
    if isinstance(wanted, list):
        return analysis
    return {**analysis, "contextualUpdates": {one["stage"]: one["content"] for one in updates}}


def _definitions(schema: Schema) -> dict[str, Any]:
    return {key: schema[key] for key in ("$defs", "definitions") if key in schema}


def merge(base: Any, change: Any) -> Any:
    """Return `base` with `change` laid over it, objects member by member, all else replaced.

    >>> merge({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    if not isinstance(base, dict) or not isinstance(change, Mapping):
        return change
    return base | {name: merge(base.get(name), value) for name, value in change.items()}


_INPUTS: Final[dict[str, Callable[[ToolCase], Any]]] = {
    ROUTER_TOOL: _route,
    "save_workout": lambda case: _extracted(workout_in(case.words, case.whole), case),
    "save_memory": lambda case: _extracted(memory_in(case.words), case),
    "save_summary": lambda case: _extracted(summary_in(case.whole), case),
}
