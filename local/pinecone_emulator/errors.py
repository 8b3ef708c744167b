"""The errors that Pinecone answers with."""

from typing import Final, Literal

type ErrorKind = Literal[
    "invalid", "not_found", "no_key", "too_large", "unknown_path", "throttled", "internal"
]

STATUS: Final[dict[ErrorKind, int]] = {
    "invalid": 400,
    "not_found": 404,
    "no_key": 401,
    "too_large": 413,
    "unknown_path": 404,
    "throttled": 429,
    "internal": 500,
}
# google.rpc.Code, which stands in the body beside the message.
_CODES: Final[dict[ErrorKind, int]] = {
    "invalid": 3,
    "not_found": 5,
    "no_key": 16,
    "too_large": 11,
    "unknown_path": 12,
    "throttled": 8,
    "internal": 13,
}


class PineconeError(Exception):
    """An answer that is an HTTP error: `kind` decides status and code, `message` is for people."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    @property
    def status(self) -> int:
        return STATUS[self.kind]

    def to_json(self) -> dict[str, object]:
        return {"code": _CODES[self.kind], "message": self.message, "details": []}
