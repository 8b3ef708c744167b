"""The emulated vector index, from outside: what it holds of a person, and what it is told to do."""

from types import TracebackType
from typing import Any, Self

import httpx


class VectorEmulator:
    """The index at `url`, by its own wire and its admin routes."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=10.0, headers={"api-key": "tests"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def play(self, **script: Any) -> None:
        """Put a script in force; without any, it answers at once and rightly."""
        self._http.put("/_emulator/script", json=script).raise_for_status()

    def ids(self, user: str) -> list[str]:
        """Return the ids of the person's texts, in order."""
        page = self._http.get("/vectors/list", params={"namespace": user, "limit": 100}).raise_for_status()
        return [vector["id"] for vector in page.json()["vectors"]]

    def texts(self, user: str) -> list[dict[str, Any]]:
        """Return the metadata of the person's texts, their text among them."""
        ids = self.ids(user)
        if not ids:
            return []
        query = {"namespace": user, "ids": ids}
        found = self._http.get("/vectors/fetch", params=query).raise_for_status().json()["vectors"]
        return [found[text_id]["metadata"] for text_id in ids]

    def copy(self, user: str, other: str) -> None:
        """Write the person's vectors under somebody else's name too, as nobody can."""
        query = {"namespace": user, "ids": self.ids(user)}
        found = self._http.get("/vectors/fetch", params=query).raise_for_status().json()["vectors"]
        body = {"namespace": other, "vectors": list(found.values())}
        self._http.post("/vectors/upsert", json=body).raise_for_status()
