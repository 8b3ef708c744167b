"""What the emulator was told to do: wait, or answer wrongly.

`PUT /_emulator/script` with any of these members; what is left out returns to its default:

    {"delayMs": 0,      before each answer, fault or not
     "fault": null,     "down": the connection breaks; "garbage": 200 with what is no answer;
                        "error500": an internal error; "error429": too many requests
     "times": null}     how many calls the fault hits; null is until the next PUT

A call that a fault hits changes nothing.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from local.emulator_admin import ScriptPart, parse_script

type Fault = Literal["down", "garbage", "error500", "error429"]

GARBAGE: Final[tuple[bytes, ...]] = (
    b"<html><body>502 Bad Gateway</body></html>",
    b'{"matches":[{"id":"a","score":0.9',
    b'{"matches":[{"id":"a","score":"high","metadata":[]}],"upsertedCount":"all"}',
    b'{"matches":[{"id":"a","score":0.9,"metadata":null}],"upsertedCount":-1}',
    b'{"matches":[{"id":"a","score":1e300,"metadata":{"type":"memory","text":"a"}}]}',
    b'{"matches":[{"id":"\xff\xfe","score":0.9}],"upsertedCount":null}',
    b"",
)
"""In this order, from the start again after each PUT."""


class Script(ScriptPart):
    delay_ms: Annotated[int | float, Field(ge=0, le=600_000)] = 0
    fault: Fault | None = None
    times: Annotated[int, Field(ge=1)] | None = None


class ScriptBoard:
    """The script in force."""

    def __init__(self) -> None:
        self.current = Script()
        self._garbage = 0

    def replace(self, body: bytes) -> Script:
        """Put a new script in force. Raises ScriptRefused: the old one stays."""
        self.current = parse_script(Script, body)
        self._garbage = 0
        return self.current

    def take_fault(self) -> Fault | None:
        """Return the fault that hits this call, if any, and count it down."""
        fault, times = self.current.fault, self.current.times
        if fault is not None and times is not None:
            rest = {"times": times - 1} if times > 1 else {"fault": None, "times": None}
            self.current = self.current.model_copy(update=rest)
        return fault

    def take_garbage(self) -> bytes:
        self._garbage += 1
        return GARBAGE[(self._garbage - 1) % len(GARBAGE)]
