"""What a person chooses about a stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from local.state_dir import StateDir

DEFAULT_PORT = 3000

type Bedrock = Literal["local", "aws"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """How a stack is to run.

    Shape   `port` 0 takes a free one; `overrides` are environment variables of both functions, and win;
            `artifact` is a built function's folder to serve in the place of the working tree
    """

    state: StateDir
    port: int = DEFAULT_PORT
    bedrock: Bedrock = "local"
    processes: int = 2
    pollers: int = 32
    sweep_every_s: float = 60.0
    overrides: Mapping[str, str] = field(default_factory=dict)
    artifact: Path | None = None
    log_level: str = "INFO"
