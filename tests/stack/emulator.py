"""The emulated Bedrock, from outside: what it is told to do, and what it was asked."""

from types import TracebackType
from typing import Any, Final, Self

import httpx

QUICK: Final = {"routerMs": 5, "firstTokenMs": 10, "interTokenMs": 1}
"""A model in a hurry: for all tests in which time does not matter."""


class Emulator:
    """The admin routes of the emulator at `url`."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/_emulator", trust_env=False, timeout=10.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def play(self, **script: Any) -> None:
        """Put a script in force; times that are not named are those of `QUICK`."""
        self._http.put("/script", json={**QUICK, **script}).raise_for_status()

    def fail(self, kind: str, *, after_deltas: int = 0, times: int | None = 1, **fault: Any) -> None:
        """Let the next answers fail, in a hurry."""
        self.play(fault={"kind": kind, "afterDeltas": after_deltas, "times": times, **fault})

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls of turns since the last `forget_calls`, in order of their start.

        What the worker asks behind a turn is not among them: it comes when it comes; nor are embeddings.
        """
        return [call for call in self._all_calls() if _converses(call) and not _extracts(call)]

    def extractions(self) -> list[dict[str, Any]]:
        """Return the calls of the worker's tasks."""
        return [call for call in self._all_calls() if _extracts(call)]

    def embedded(self) -> list[str]:
        """Return the texts that were embedded."""
        return [call["request"]["inputText"] for call in self._all_calls() if not _converses(call)]

    def _all_calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/calls").raise_for_status().json()
        return found

    def operations(self) -> list[str]:
        return [call["operation"] for call in self.calls()]

    def forget_calls(self) -> None:
        self._http.delete("/calls").raise_for_status()


def _converses(call: dict[str, Any]) -> bool:
    return str(call["operation"]).startswith("Converse")


def _extracts(call: dict[str, Any]) -> bool:
    tools = call["request"].get("toolConfig", {}).get("tools", ())
    return any(tool["toolSpec"]["name"].startswith("save_") for tool in tools)
