"""What is checked, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from local.doctor.visitor import Answer, Visitor

type Needs = Literal["nothing", "token", "turn"]
type Outcome = Literal["ok", "failed", "unchecked"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check saw. Shape  `advice` is what to do where it is not as it should be"""

    text: str
    ok: bool
    advice: str = ""


class NotPossible(Exception):
    """An earlier check did not give what this one needs; the text says what."""


@dataclass(slots=True)
class Case:
    """One examination: the service, who asks, and what earlier checks left for later ones.

    Shape   `conversation` is made by one check and deleted by another
    """

    visitor: Visitor
    user: str = "nobody"
    coach: str = "atlas"
    token: str | None = None
    origin: str = "https://app.example.com"
    conversation: str | None = None
    turn: list[tuple[str, str]] = field(default_factory=list)
    key: str = ""

    @property
    def conversations_path(self) -> str:
        return f"/users/{self.user}/coaches/{self.coach}/conversations"

    @property
    def conversation_path(self) -> str:
        """Raises NotPossible: there is none."""
        if self.conversation is None:
            raise NotPossible("no conversation could be begun")
        return f"{self.conversations_path}/{self.conversation}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def signed(self, method: str, path: str, content: bytes | None = None, **headers: str) -> Answer:
        """Ask with the token."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"content-type": "application/json"} if content is not None else {}
        return self.visitor.ask(method, path, headers={**self.bearer, **body, **named}, content=content)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that should be so."""

    name: str
    expected: str
    run: Callable[[Case], Seen]
    needs: Needs = "nothing"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check."""

    name: str
    expected: str
    seen: str
    outcome: Outcome
    advice: str = ""
