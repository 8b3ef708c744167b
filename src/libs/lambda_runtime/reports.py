"""An error as the Runtime API takes it, and as the function's own log shows it.

The text goes to Lambda (so to the invoker of a direct invocation, to X-Ray, to a failure
destination) and to the log, as with AWS's own runtimes: without it nobody can find the cause. It
never goes to the client of a Function URL. Errors whose text a person wrote are the handler's to
catch. The stack is code only: no values, no event.
"""

import json
from binascii import b2a_base64
from typing import NamedTuple, Self

from libs.lambda_runtime.errors import RuntimeFault
from libs.lambda_runtime.http1 import Fields

TYPE_FIELD = "Lambda-Runtime-Function-Error-Type"
BODY_FIELD = "Lambda-Runtime-Function-Error-Body"

# Trailers are headers, and HTTP servers bound a header's size: 16 KB is the least of the usual limits.
MAX_MESSAGE_CHARS = 1000
MAX_FRAMES = 12


class ErrorReport(NamedTuple):
    """What is told about an error."""

    error_type: str
    message: str
    stack_trace: tuple[str, ...] = ()

    @classmethod
    def of(cls, fault: BaseException) -> Self:
        """Return the report on a raised error."""
        # Imported here: 8 ms that a function without faults never pays.
        from traceback import format_tb

        error_type = fault.error_type if isinstance(fault, RuntimeFault) else type(fault).__name__
        frames = format_tb(fault.__traceback__)[-MAX_FRAMES:]
        return cls(error_type, _describe(fault)[:MAX_MESSAGE_CHARS], tuple(frames))

    def to_fields(self) -> dict[str, object]:
        """Return the fields of the JSON document that Lambda defines for errors."""
        return {
            "errorType": self.error_type,
            "errorMessage": self.message,
            "stackTrace": list(self.stack_trace),
        }

    def to_json(self) -> bytes:
        """Return that document."""
        return json.dumps(self.to_fields()).encode()

    def to_header(self) -> tuple[str, str]:
        """Return the header that names the error's type, in ASCII and on one line whatever the name."""
        return TYPE_FIELD, self.error_type.encode("unicode_escape").decode("ascii")

    def to_trailers(self) -> Fields:
        """Return the trailers that end a stream in which this error was raised."""
        return self.to_header(), (BODY_FIELD, b2a_base64(self.to_json(), newline=False).decode())


def _describe(fault: BaseException) -> str:
    try:
        return str(fault)
    except Exception:  # noqa: BLE001 an error whose own text fails must still be reported
        return "(the error has no readable text)"
