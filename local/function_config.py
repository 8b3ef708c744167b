"""What template.yaml says of a function and of its URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """The `Cors` of a Function URL, field by field; empty fields are not set in the template."""

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_s: int = 0
    allow_credentials: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionConfig:
    """A function as deployed: `task_root` holds its code and the `bootstrap` that starts it."""

    name: str
    handler: str
    timeout_s: float
    memory_mb: int
    task_root: Path
    environment: Mapping[str, str]
    cors: Cors | None
