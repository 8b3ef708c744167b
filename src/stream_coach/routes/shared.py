"""What the routes of several parts have in common."""

from typing import Final

USER: Final = "/users/{userId}"

PROTOCOL: Final = ("protocol", "x-stream-protocol")
