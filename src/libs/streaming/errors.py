"""What can be wrong with a request before it reaches the work itself.

No class here knows HTTP; one table in the shell maps codes to statuses. Every text is public: it says
what, which one and what to do, and never holds a token or a person's words.

    StreamingError
    ├── RequestRefused              the request cannot be served as it was sent
    │   ├── InvalidEvent
    │   ├── RouteNotFound
    │   ├── MethodNotAllowed
    │   ├── InvalidPathParams
    │   ├── MissingRequestBody
    │   ├── PayloadTooLarge
    │   ├── UnsupportedMediaType
    │   ├── UnsupportedCoding
    │   ├── InvalidJson
    │   ├── InvalidProbeOptions
    │   └── InvalidProtocol
    ├── NotAuthenticated            nobody knows who is asking
    │   ├── MissingAuthHeader
    │   ├── InvalidTokenFormat
    │   ├── InvalidToken
    │   │   └── UnknownKey
    │   ├── TokenExpired
    │   ├── MissingCustomUserId
    │   ├── TicketInvalid
    │   └── TicketExpired
    ├── NotAllowed                  it is known who is asking, and they may not
    │   └── UserIdMismatch
    └── KeysUnavailable             nobody can be authenticated now
"""

from typing import ClassVar

_SHOWN_CHARS = 100


class StreamingError(Exception):
    """Any foreseen failure before the work: `code` for programs, the text for people."""

    code: ClassVar[str] = "PROCESSING_ERROR"
    retryable: ClassVar[bool] = False


class RequestRefused(StreamingError):
    """The request cannot be served as it was sent."""


class InvalidEvent(RequestRefused):
    """The invocation is neither an HTTP event of a known shape nor a JSON object."""

    code = "INVALID_EVENT"


class RouteNotFound(RequestRefused):
    """No route has this path."""

    code = "ROUTE_NOT_FOUND"

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no route {shown(path)}; GET /openapi.json lists them")


class MethodNotAllowed(RequestRefused):
    """The path exists, but not for this method; `allowed` is what the Allow header names."""

    code = "METHOD_NOT_ALLOWED"

    def __init__(self, method: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{shown(method)} is not allowed here; use {' or '.join(allowed)}")
        self.allowed = allowed


class InvalidPathParams(RequestRefused):
    """A parameter in the path is not an id; `name` says which."""

    code = "INVALID_PATH_PARAMS"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} in the path is not an id: use 1 to 64 letters, digits, '_' or '-'")
        self.name = name


class MissingRequestBody(RequestRefused):
    """The body is empty or blank."""

    code = "MISSING_REQUEST_BODY"

    def __init__(self) -> None:
        super().__init__("the request has no body; send a JSON object")


class PayloadTooLarge(RequestRefused):
    """The body has more bytes than allowed."""

    code = "PAYLOAD_TOO_LARGE"

    def __init__(self, size: int, *, limit: int) -> None:
        super().__init__(f"the body has {size} bytes; send at most {limit}")


class UnsupportedMediaType(RequestRefused):
    """The body is declared to be something other than JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self, media_type: str) -> None:
        curl = " (curl -d says so unless told otherwise)" if media_type.endswith("urlencoded") else ""
        super().__init__(
            f"the body is declared as {shown(media_type)}{curl}; "
            "send JSON with the header 'content-type: application/json'"
        )


class UnsupportedCoding(RequestRefused):
    """The body is declared to be compressed."""

    code = "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self, coding: str) -> None:
        super().__init__(f"the body is encoded as {shown(coding)}; send it without a content-encoding")


class InvalidJson(RequestRefused):
    """The body is not a JSON object that can be stored and given back."""

    code = "INVALID_JSON"


class InvalidProbeOptions(RequestRefused):
    """An option of the word probe is out of its range."""

    code = "INVALID_PROBE_OPTIONS"


class InvalidProtocol(RequestRefused):
    """The client asks for a stream protocol that this route does not speak."""

    code = "INVALID_PROTOCOL"

    def __init__(self, name: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(f"the protocol {shown(name)} is not spoken here; use {' or '.join(allowed)}")


class NotAuthenticated(StreamingError):
    """Nobody knows who is asking."""


class MissingAuthHeader(NotAuthenticated):
    """There is no Authorization header."""

    code = "MISSING_AUTH_HEADER"

    def __init__(self) -> None:
        super().__init__("the Authorization header is missing; send 'Authorization: Bearer <token>'")


class InvalidTokenFormat(NotAuthenticated):
    """The Authorization header does not hold a bearer token in compact JWT form."""

    code = "INVALID_TOKEN_FORMAT"


class InvalidToken(NotAuthenticated):
    """The token is forged, broken, too early, or meant for another issuer or audience."""

    code = "INVALID_TOKEN"


class UnknownKey(InvalidToken):
    """The issuer publishes no key with the id that the token names."""

    def __init__(self) -> None:
        super().__init__("the token is signed with a key that its issuer does not publish; sign in again")


class TokenExpired(NotAuthenticated):
    """The token was good and is too old."""

    code = "TOKEN_EXPIRED"

    def __init__(self) -> None:
        super().__init__("the token has expired; refresh it or sign in again")


class MissingCustomUserId(NotAuthenticated):
    """The token is good but does not say which user it stands for."""

    code = "MISSING_CUSTOM_USER_ID"

    def __init__(self) -> None:
        super().__init__(
            "the token has no usable claim 'custom:user_id'; the issuer must add it to this token"
        )


class TicketInvalid(NotAuthenticated):
    """The ticket is forged, broken, or of a key that is no longer in use."""

    code = "TICKET_INVALID"

    def __init__(self) -> None:
        super().__init__("the ticket is not valid; ask for a new one with POST …/turns, or send a token")


class TicketExpired(NotAuthenticated):
    """The ticket was good and is too old."""

    code = "TICKET_EXPIRED"

    def __init__(self) -> None:
        super().__init__("the ticket has expired; send the same message to POST …/turns for a new one")


class NotAllowed(StreamingError):
    """It is known who is asking, and they may not."""


class UserIdMismatch(NotAllowed):
    """The path belongs to another user than the token."""

    code = "USER_ID_MISMATCH"

    def __init__(self) -> None:
        super().__init__("the userId in the path is not the token's user; use the id that the token names")


class KeysUnavailable(StreamingError):
    """The issuer's keys cannot be fetched, so no token can be checked."""

    code = "KEYS_UNAVAILABLE"
    retryable = True

    def __init__(self) -> None:
        super().__init__("tokens cannot be checked right now: the issuer's keys are unavailable; try again")


def shown(text: str) -> str:
    """Return `text` as a short quoted literal, safe in one line of any message."""
    return repr(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")
