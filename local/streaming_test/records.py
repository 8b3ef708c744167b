"""What was answered, kept between two steps: one file an event and target."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from local.endpoints import write_json
from local.integration_response import DELIMITER
from local.state_dir import StateDir

type Target = Literal["url", "emulator"]
TARGETS: Final[tuple[Target, ...]] = ("url", "emulator")


@dataclass(frozen=True, slots=True)
class Record:
    """One answer.

    Shape   `status` and `headers` are those of the HTTP exchange, `pieces` the body's parts as they came;
            `raw` a direct invocation's, which has neither of its own; `trouble` why it has no proper end
    Units   `at_ms` since the request, one for each piece
    """

    name: str
    target: Target
    raw: bool
    status: int
    headers: Mapping[str, str]
    pieces: tuple[bytes, ...]
    at_ms: tuple[float, ...]
    trouble: str = ""

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def payload(self) -> bytes:
        """The answer as a function writes it: prelude, eight NULs and body, or the body alone."""
        if self.raw:
            return self.body
        prelude = {"statusCode": self.status, "headers": dict(self.headers), "cookies": []}
        return json.dumps(prelude).encode() + DELIMITER + self.body


def answers_dir(state: StateDir) -> Path:
    return state.root / "answers"


def write_record(state: StateDir, record: Record) -> None:
    folder = answers_dir(state) / record.target
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "raw": record.raw,
        "status": record.status,
        "headers": dict(record.headers),
        "pieces": [base64.b64encode(piece).decode() for piece in record.pieces],
        "atMs": record.at_ms,
        "trouble": record.trouble,
    }
    write_json(folder / f"{record.name}.json", document)


def read_record(state: StateDir, target: Target, name: str) -> Record | None:
    """Return an answer, None where none was kept."""
    try:
        found = json.loads((answers_dir(state) / target / f"{name}.json").read_text())
    except FileNotFoundError:
        return None
    return Record(
        name=name,
        target=target,
        raw=found["raw"],
        status=found["status"],
        headers=found["headers"],
        pieces=tuple(base64.b64decode(piece) for piece in found["pieces"]),
        at_ms=tuple(found["atMs"]),
        trouble=found["trouble"],
    )
