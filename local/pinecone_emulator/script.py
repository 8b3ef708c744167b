"""What the emulator was told to do: wait, or answer wrongly.

`PUT /_emulator/script` with any of these members; what is left out returns to its default:

    {"delayMs": 0,      before each answer, fault or not
     "fault": null,     "down": the connection breaks; "garbage": 200 with what is no answer;
                        "error500": an internal error; "error429": too many requests
     "times": null}     how many calls the fault hits; null is until the next PUT

A call that a fault hits changes nothing.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

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


class ScriptRefused(Exception):
    """The script sent to `/_emulator/script` does not fit; the text says which part and why."""


class Script(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)

    delay_ms: Annotated[int | float, Field(ge=0, le=600_000)] = 0
    fault: Fault | None = None
    times: Annotated[int, Field(ge=1)] | None = None

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)


class ScriptBoard:
    """The script in force."""

    def __init__(self) -> None:
        self.current = Script()
        self._garbage = 0

    def replace(self, body: bytes) -> Script:
        """Put a new script in force. Raises ScriptRefused: the old one stays."""
        try:
            self.current = Script.model_validate_json(body)
        except ValidationError as error:
            complaints = error.errors(include_url=False, include_context=False, include_input=False)
            said = [f"{'.'.join(map(str, one['loc'])) or 'script'}: {one['msg']}" for one in complaints]
            raise ScriptRefused("; ".join(said)) from error
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
