"""Jobs as a client sees them: begun, polled, stopped."""

import time
from dataclasses import dataclass
from typing import Any, Final

from tests.stack.client import WAIT_S, Person, eventually

ENDED: Final = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Job:
    person: Person
    id: str

    def poll(self) -> dict[str, Any]:
        response = self.person.stack.http.get(f"/api/chat/jobs/{self.id}", headers=self.person.headers)
        assert response.status_code == 200, response.text
        assert (response.headers.get("retry-after") is None) == (response.json()["status"] in ENDED)
        state: dict[str, Any] = response.json()
        return state

    def ended(self, *, within_s: float = WAIT_S) -> dict[str, Any]:
        def find() -> dict[str, Any] | None:
            state = self.poll()
            return state if state["status"] in ENDED else None

        return eventually(find, within_s=within_s)

    def until(self, status: str) -> dict[str, Any]:
        def find() -> dict[str, Any] | None:
            state = self.poll()
            return state if state["status"] == status else None

        return eventually(find)

    def watched(self) -> list[tuple[float, dict[str, Any]]]:
        """Poll to the end; return each state that differs from the one before, with when it was seen."""
        seen: list[tuple[float, dict[str, Any]]] = []
        while not seen or seen[-1][1]["status"] not in ENDED:
            state = self.poll()
            if not seen or state != seen[-1][1]:
                seen.append((time.monotonic(), state))
            time.sleep(0.02)
        return seen


def ask(person: Person, text: str, *, key: str | None = None, **fields: Any) -> Job:
    """Begin a job with one message."""
    headers = person.headers | ({"idempotency-key": key} if key is not None else {})
    body = {"messages": [{"role": "user", "content": text}], **fields}
    response = person.stack.http.post("/api/chat", json=body, headers=headers)
    assert response.status_code == 202, response.text
    assert response.headers["location"] == response.json()["pollUrl"]
    return Job(person, response.json()["jobId"])
