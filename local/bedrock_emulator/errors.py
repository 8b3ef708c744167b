"""The errors that Bedrock answers with; one class, since they differ only in what goes over the wire."""

from typing import Final, Literal

type ErrorKind = Literal[
    "InternalServerException",
    "MissingAuthenticationTokenException",
    "ModelErrorException",
    "RequestEntityTooLargeException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationException",
]

STATUS: Final[dict[ErrorKind, int]] = {
    "InternalServerException": 500,
    "MissingAuthenticationTokenException": 403,
    "ModelErrorException": 424,
    "RequestEntityTooLargeException": 413,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "ValidationException": 400,
}


class BedrockError(Exception):
    """An answer that is an HTTP error: `kind` names it on the wire, `message` is for people."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    @property
    def status(self) -> int:
        return STATUS[self.kind]
