"""Two people of whom everything is kept, over real sockets: what is one's own, and how it goes."""

import json
from typing import Any, Final

import httpx
import pytest

from stream_coach.routes import ROUTES
from tests.stack.client import Conversation, Person, Stack, eventually
from tests.stack.conftest import Figures

pytestmark = pytest.mark.stack

KNEE: Final = {"one": "my left knee clicks when I row", "other": "my right wrist burns when I press"}
LOG: Final = {"one": "I did 5x5 squats at 101 kg today", "other": "I did 3x8 rows at 62 kg today"}
GOAL: Final = {"one": "My goal is a first muscle-up.", "other": "My goal is a marathon in spring."}
SECRETS: Final = {
    "one": ("left knee clicks", "101", "muscle-up"),
    "other": ("right wrist burns", "62 kg", "marathon"),
}
READING: Final = [
    route.template
    for route in ROUTES.routes
    if route.method == "GET" and route.auth != "none" and route.template.startswith("/users/{userId}")
]


def get(person: Person, path: str, **query: Any) -> httpx.Response:
    return person.stack.http.get(f"/users/{person.user}{path}", params=query, headers=person.headers)


def kept(person: Person, what: str) -> list[dict[str, Any]]:
    response = get(person, f"/{what}")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()[what]
    return found


def exported(person: Person, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return the records of all pages."""
    records: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        response = get(person, "/export", **query)
        assert response.status_code == 200, response.text
        page = response.json()
        records += page["records"]
        if "next" not in page:
            return records
        query["after"] = page["next"]


def live(person: Person, who: str) -> Conversation:
    """Let the coach remember, log and sum up, and wait for all of it."""
    person.begin().say(f"Remember that {KNEE[who]}")
    person.begin().say(LOG[who])
    conversation = person.begin()
    conversation.say(GOAL[who])
    for number in range(2):
        conversation.say(f"/say Point {number} is noted.")
    stack = person.stack
    eventually(lambda: stack.table.meta(*conversation.where).get("summary"))
    eventually(lambda: kept(person, "memories") and kept(person, "workouts"))
    eventually(lambda: not stack.table.notes(person.user))
    return conversation


def said_by(person: Person) -> list[dict[str, Any]]:
    """Return what of the person's does not change behind their back."""
    return [
        item
        for item in person.stack.table.naming(person.user)
        if item["sk"].startswith(("COACH#", "CONV#", "M#"))
    ]


def vectors_of(person: Person) -> int:
    """Return how many vectors the person's namespace has."""
    url = f"{person.stack.endpoints.pinecone}/describe_index_stats"
    answer = httpx.post(url, json={}, headers={"api-key": "test"}, trust_env=False)
    namespaces = answer.raise_for_status().json()["namespaces"]
    return int(namespaces.get(person.user, {}).get("vectorCount", 0))


def of(who: str, text: str) -> list[str]:
    return [secret for secret in SECRETS[who] if secret in text]


@pytest.fixture(scope="module")
def two(shared_stack: Stack) -> tuple[tuple[Person, Conversation], tuple[Person, Conversation]]:
    """Two people, each with the conversation that was summed up."""
    shared_stack.emulator.play()
    one, other = shared_stack.person(), shared_stack.person()
    return (one, live(one, "one")), (other, live(other, "other"))


type Two = tuple[tuple[Person, Conversation], tuple[Person, Conversation]]


def test_no_answer_to_one_person_holds_anything_of_the_other(two: Two, stack: Stack) -> None:
    for who, (person, conversation), (them, theirs) in (("other", *two), ("one", *two[::-1])):
        ids = {
            "coachId": person.coach,
            "conversationId": conversation.id,
            "turnId": conversation.history()["messages"][0]["turnId"],
        }
        told = [
            get(person, template.removeprefix("/users/{userId}").format_map(ids)).text
            for template in READING
            if "broken" not in template
        ]
        told.append(json.dumps(exported(person, limit=7)))
        text = "\n".join(told)
        assert of(who, text) == []
        assert (them.user in text, theirs.id in text) == (False, False)
        mine = "one" if who == "other" else "other"
        assert of(mine, text) == list(SECRETS[mine])


def test_no_model_and_no_recall_is_told_of_the_other(two: Two, stack: Stack) -> None:
    for who, (person, _), _ in (("one", *two), ("other", *two[::-1])):
        stack.emulator.forget_calls()
        told = person.begin().say("What hurts when I row or press, and am I getting stronger?")
        asked = json.dumps([*stack.emulator.calls(), *stack.emulator.extractions()])
        them = "one" if who == "other" else "other"
        assert of(them, asked + told.text + str([event.data for event in told.events])) == []
        assert of(who, asked)


def test_everything_is_exported_once_in_pages_of_any_size(two: Two, stack: Stack) -> None:
    (person, conversation), _ = two
    records = exported(person)
    assert exported(person, limit=1) == exported(person, limit=5) == records
    kinds = {record["kind"] for record in records}
    assert kinds >= {"coach", "memory", "workout", "conversation", "message", "summary", "turn"}
    said = [
        record
        for record in records
        if record["kind"] == "message" and record["conversationId"] == conversation.id
    ]
    assert [
        {key: value for key, value in one.items() if key not in ("kind", "conversationId")} for one in said
    ] == conversation.history(limit=100)["messages"]
    assert [record["memoryId"] for record in records if record["kind"] == "memory"] == [
        memory["memoryId"] for memory in reversed(kept(person, "memories"))
    ]


def test_whoever_leaves_leaves_nothing_and_may_come_back(stack: Stack, figures: Figures) -> None:
    person, other = stack.person(), stack.person()
    live(person, "one")
    eventually(lambda: vectors_of(person) > 0)
    other.begin().say("/say I stay.")
    before = said_by(other)
    count = len(stack.table.naming(person.user))
    waiting = person.begin()
    stack.http.post(
        f"{waiting.path}/turns", json={"userResponse": "wait", "mode": "attach"}, headers=person.headers
    )
    response = stack.http.delete(f"/users/{person.user}/data", headers=person.headers)
    assert response.status_code == 204, response.text
    figures(f"all of a person's data: {count} items gone in {response.elapsed.total_seconds() * 1000:.0f} ms")
    assert stack.table.naming(person.user) == []
    assert vectors_of(person) == 0
    assert len(before) == 4
    assert said_by(other) == before
    assert get(person, "/data").json() == {"deleting": False}
    assert exported(person) == []
    assert person.begin().say("/say Hello again.").answer == "Hello again."


def test_an_answer_that_is_running_ends_and_is_not_kept(stack: Stack) -> None:
    person = stack.person()
    stack.emulator.play(interTokenMs=100)
    with person.begin().stream("/say " + "word " * 200) as stream:
        stream.until("chunk", count=3)
        response = stack.http.delete(f"/users/{person.user}/data", headers=person.headers)
        assert response.status_code == 204
        stream.read()
    assert (stream.types.count("complete"), stream.types.count("error")) == (0, 1)
    assert stack.table.naming(person.user) == []
