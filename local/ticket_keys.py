"""The keys that sign this machine's tickets: made once, kept in the state directory."""

import os
import secrets
import tempfile
from pathlib import Path

SECRET_BYTES = 32


def load_or_make_keys(path: Path) -> str:
    """Return the setting TICKET_KEYS kept at `path`, making it (mode 0600) when there is none.

    To rotate by hand, put a new `id:secret,` in front and start the stack again.
    """
    if not path.exists():
        _make(path)
    return path.read_text().strip()


def _make(path: Path) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(f"local:{secrets.token_hex(SECRET_BYTES)}\n")
    Path(draft).replace(path)
