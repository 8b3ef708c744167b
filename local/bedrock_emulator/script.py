"""What the emulator was told to do: times, fixed answers, and a fault that is to come.

`PUT /_emulator/script` with any of these members; what is left out returns to its default:

    {"routerMs": 250,        a Converse call with a tool, in all
     "firstTokenMs": 600,    to the first delta of a stream
     "interTokenMs": 25,     from delta to delta; 0 is as fast as possible
     "reply": null,          the text of every answer without a tool; wins over `/say` too
     "router": null,         deep-merged over the router's analysis, as the last step
     "fault": null}

A fault is `{"kind", "afterDeltas": 0, "times": 1, "operation": null}`. It hits answer calls, that is
ConverseStream and Converse without the router's tool; `malformed_tool` hits the router's calls. With
`operation` it hits every call of that operation instead, the router's (Converse) included. `times` counts
down, then calls are normal again; `null` goes on until the next PUT. A fault whose `afterDeltas` is more
than the answer has acts after the last delta.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from local.bedrock_emulator.calls import Operation
from local.emulator_admin import ScriptPart, parse_script

ROUTER_TOOL: Final = "route_message"

type Milliseconds = Annotated[int | float, Field(ge=0, le=600_000)]
type StreamException = Literal[
    "throttlingException",
    "modelStreamErrorException",
    "internalServerException",
    "serviceUnavailableException",
    "validationException",
]
type FaultKind = Literal[
    "throttlingException",
    "modelStreamErrorException",
    "internalServerException",
    "serviceUnavailableException",
    "validationException",
    "throttle_before",
    "drop",
    "silence",
    "no_message_stop",
    "empty",
    "max_tokens",
    "guardrail_intervened",
    "malformed_tool",
]


class Fault(ScriptPart):
    kind: FaultKind
    after_deltas: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] | None = 1
    operation: Literal["Converse", "ConverseStream"] | None = None

    def hits(self, operation: Operation, tool: str | None) -> bool:
        """Return whether a call is meant; `tool` is the name of the tool that its answer uses."""
        if self.operation is not None and self.operation != operation:
            return False
        if self.kind == "malformed_tool":
            return tool is not None if self.operation else tool == ROUTER_TOOL
        return self.operation is not None or operation == "ConverseStream" or tool != ROUTER_TOOL


class Script(ScriptPart):
    router_ms: Milliseconds = 250
    first_token_ms: Milliseconds = 600
    inter_token_ms: Milliseconds = 25
    reply: str | None = None
    router: dict[str, Any] | None = None
    fault: Fault | None = None


class ScriptBoard:
    """The script in force. `strikes` counts the faults taken since it was put there."""

    def __init__(self) -> None:
        self.current = Script()
        self.strikes = 0

    def replace(self, body: bytes) -> Script:
        """Put a new script in force. Raises ScriptRefused: the old one stays."""
        self.current = parse_script(Script, body)
        self.strikes = 0
        return self.current

    def take_fault(self, operation: Operation, tool: str | None) -> Fault | None:
        """Return the fault that hits this call, if any, and count it down."""
        fault = self.current.fault
        if fault is None or not fault.hits(operation, tool):
            return None
        self.strikes += 1
        if fault.times is not None:
            left = fault.times - 1
            rest = fault.model_copy(update={"times": left}) if left else None
            self.current = self.current.model_copy(update={"fault": rest})
        return fault
