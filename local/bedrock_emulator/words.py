"""Where in a request the person's own words are."""

import re
from typing import Final

from local.bedrock_emulator.requests import ConverseRequest, Message

_FENCE: Final = re.compile(r"<message>(.*)</message>", re.DOTALL)


def message_words(request: ConverseRequest) -> str:
    """Return the message that a router or another tool is asked about: fenced, else all of the last text."""
    whole = whole_words(request)
    fenced = _fenced(whole)
    return whole if fenced is None else fenced


def whole_words(request: ConverseRequest) -> str:
    """Return all of the last text, with its fences and what stands around them."""
    return "\n".join(_last_user_message(request).texts())


def answer_words(request: ConverseRequest) -> str:
    """Return what an answer is asked for: the last text block, or what is fenced in it."""
    last = next(reversed(tuple(_last_user_message(request).texts())), "")
    fenced = _fenced(last)
    return last if fenced is None else fenced


def _last_user_message(request: ConverseRequest) -> Message:
    return next(message for message in reversed(request.messages) if message.role == "user")


def _fenced(text: str) -> str | None:
    match = _FENCE.search(text)
    if match is None:
        return None
    inner = match[1]
    # a fence on lines of its own: these two newlines are the fence's, all others the person's
    on_own_lines = inner.startswith("\n") and inner.endswith("\n") and len(inner) > 1
    return inner[1:-1] if on_own_lines else inner
