"""Which conversation `coach say` continues: the last one of each person with each coach."""

import json

from local.endpoints import write_json
from local.state_dir import StateDir


def last_conversation(state: StateDir, user: str, coach: str) -> str | None:
    """Return the id of the conversation to continue, if there was one."""
    return _kept(state).get(f"{user}/{coach}")


def remember_conversation(state: StateDir, user: str, coach: str, conversation: str) -> None:
    write_json(state.conversations, {**_kept(state), f"{user}/{coach}": conversation})


def _kept(state: StateDir) -> dict[str, str]:
    try:
        found = json.loads(state.conversations.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
