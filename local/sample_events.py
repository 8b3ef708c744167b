"""The sample invocations of `events/`, with fresh tokens in the places that are left for them."""

import re
from collections.abc import Callable
from pathlib import Path

from local.errors import UnknownEvent

_TOKEN = re.compile(r"\{\{token(?::([A-Za-z0-9_-]{1,64}))?\}\}")
_USER = re.compile(r"(/users/)[^/\"?\s]+")
_CONVERSATION = re.compile(r'(/conversations/|"conversationId":\s*")[^/"?\s]+')


def event_names(directory: Path) -> list[str]:
    return sorted(path.stem for path in directory.glob("*.json"))


def read_event(directory: Path, name: str) -> str:
    """Return the text of one sample event. Raises UnknownEvent, naming those that exist."""
    names = event_names(directory)
    if name not in names:
        raise UnknownEvent(f"no event {name!r}; there are: {', '.join(names) or 'none'}")
    return (directory / f"{name}.json").read_text()


def fill(
    text: str,
    token_of: Callable[[str | None], str],
    *,
    user: str | None = None,
    conversation: str | None = None,
) -> str:
    """Return `text` with `{{token}}` and `{{token:USER}}` filled in, and the ids of its path replaced.

    Shape   `token_of(None)` signs for the default person; None leaves a path's id as it is
    """
    filled = _TOKEN.sub(lambda match: token_of(match[1]), text)
    for place, chosen in ((_USER, user), (_CONVERSATION, conversation)):
        if chosen is not None:
            filled = place.sub(rf"\g<1>{chosen}", filled)
    return filled
