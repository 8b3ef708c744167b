"""Which conversation `coach say` continues: the last one of each person with each coach of each service."""

import json

from local.endpoints import write_json
from local.state_dir import StateDir


def last_conversation(state: StateDir, user: str, coach: str, url: str = "") -> str | None:
    """Return the id of the conversation to continue, if there was one."""
    return _kept(state).get(_name(user, coach, url))


def remember_conversation(state: StateDir, user: str, coach: str, conversation: str, url: str = "") -> None:
    state.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_json(state.conversations, {**_kept(state), _name(user, coach, url): conversation})


def _name(user: str, coach: str, url: str) -> str:
    """Return the entry's name; the local stack's port may change, its conversations do not."""
    is_local = not url or url.startswith("http://127.0.0.1:")
    return f"{user}/{coach}" if is_local else f"{url}/{user}/{coach}"


def _kept(state: StateDir) -> dict[str, str]:
    try:
        found = json.loads(state.conversations.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
