"""What can go wrong in the runtime itself; a handler's own errors keep their own types.

RuntimeFault
├── SettingsInvalid         Lambda's environment variables are missing or unreadable
├── HandlerUnavailable      the function's module or attribute cannot be loaded: `/init/error`
├── EventUnreadable         the Runtime API sent an event that is not JSON: `/error`, and on
├── AnswerUnsendable        the handler's answer cannot be written as JSON or bytes: `/error`, and on
├── PollFailed              `/next` gave no invocation: polling ends
└── ExchangeFailed          one request to the Runtime API did not go well: its connection is dropped
    ├── ConnectionBroken    it could not be opened, or ended too soon
    ├── DeadlinePassed      the other side did not take or give its bytes in time
    ├── AnsweredEarly       it replied before it had the whole request
    ├── ReplyUnreadable     its reply is not HTTP/1.1
    └── Refused             it replied with a status that is not 2xx
"""


class RuntimeFault(Exception):
    """A fault of the runtime, under the name that Lambda's own runtimes use for it."""

    error_type = "Runtime.Unknown"


class SettingsInvalid(RuntimeFault):
    """The process was not started the way Lambda starts it."""


class HandlerUnavailable(RuntimeFault):
    """`_HANDLER` names nothing that can be called."""

    def __init__(self, message: str, *, error_type: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class EventUnreadable(RuntimeFault):
    """The event, or a header that describes it, is not JSON."""

    error_type = "Runtime.UnmarshalError"


class AnswerUnsendable(RuntimeFault):
    """The handler answered with something that has no form on the wire."""

    error_type = "Runtime.MarshalError"


class PollFailed(RuntimeFault):
    """The Runtime API gave no invocation, which is its way to say that this process should end."""


class ExchangeFailed(RuntimeFault):
    """A request to the Runtime API failed; its connection must not be used again."""


class ConnectionBroken(ExchangeFailed):
    """The connection could not be opened, or ended in the middle."""


class DeadlinePassed(ExchangeFailed):
    """The Runtime API neither took nor gave a byte until the deadline."""


class AnsweredEarly(ExchangeFailed):
    """The Runtime API replied while the request was still being written."""


class ReplyUnreadable(ExchangeFailed):
    """The Runtime API's reply is not HTTP/1.1."""


class Refused(ExchangeFailed):
    """The Runtime API replied with a status that is not 2xx."""
