"""What is one person's stays so: every route of the table, against every way to reach for another's."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Put
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, UserId
from libs.streaming.path_params import compile_template
from libs.streaming.routes import Route
from libs.streaming.tickets import Ticket
from stream_coach.routes import ROUTES
from tests.fakes.model import answering
from tests.stream_coach.test_api import Service, asking, body_of, document, token

ALICE, BOB = "alice", "bob"
OWNED: Final = [route for route in ROUTES.routes if route.auth != "none"]
OF_A_PERSON: Final = [route for route in OWNED if "{userId}" in route.template]
IDS: Final = ("conversationId", "turnId", "memoryId", "workoutId", "jobId")
BY_ID: Final = [route for route in OWNED if set(IDS) & set(compile_template(route.template).param_names)]
LISTING: Final = {
    "list_conversations": "before",
    "list_messages": "before",
    "list_memories": "before",
    "list_workouts": "before",
    "list_coaches": "after",
    "export_data": "after",
}
BODIES: Final[Mapping[str, object]] = {
    "stream_turn": {"userResponse": "let me in"},
    "answer_turn": {"userResponse": "let me in"},
    "begin_turn": {"userResponse": "let me in", "mode": "attach"},
    "save_coach": {"name": "Mira", "persona": "A coach."},
    "correct_memory": {"content": "Mine now."},
    "stream_chat": {"messages": [{"role": "user", "parts": [{"type": "text", "text": "let me in"}]}]},
    "begin_job": {"messages": [{"role": "user", "parts": [{"type": "text", "text": "let me in"}]}]},
}


def named(route: Route) -> str:
    return route.name


def secret_of(user: str) -> str:
    return f"the left knee of {user}"


class House(Service):
    """Two people of whom everything is kept; `ids` are what each one's paths hold."""

    def __init__(self) -> None:
        super().__init__(answering("To parallel."))
        self.ids = {user: self._furnish(user, number) for number, user in enumerate((ALICE, BOB), 1)}

    def ask(
        self, user: str, method: str, path: str, body: object = None, *, query: str = "", **headers: str
    ) -> tuple[int, str]:
        """Ask with the user's token; return the status and the text."""
        bearer = {"authorization": f"Bearer {token(user)}", "accept": "application/json"}
        answer = self.handle(asking(method, path, body, query=query, **{**bearer, **headers}))
        text = body_of(answer).decode()
        self.threads.join()
        return answer.status, text

    def _furnish(self, user: str, number: int) -> dict[str, str]:
        secret, base = secret_of(user), f"/users/{user}/coaches/atlas"
        for coach_id in ("atlas", "nova"):
            self.ask(user, "PUT", f"/users/{user}/coaches/{coach_id}", {"name": "Mine", "persona": secret})
        ids = {"userId": user, "coachId": "atlas"}
        for turn in range(3):
            _, begun = self.ask(user, "POST", f"{base}/conversations")
            ids["conversationId"] = json.loads(begun)["conversationId"]
            said = f"{base}/conversations/{ids['conversationId']}/messages"
            for word in ("first", "then"):
                _, told = self.ask(user, "POST", said, {"userResponse": f"{secret}, {word} {turn}"})
                ids["turnId"] = json.loads(told)["turnId"]
        _, job = self.ask(user, "POST", "/api/chat", BODIES["begin_job"])
        ids["jobId"] = json.loads(job)["jobId"]
        for drawn in range(3):
            ids |= self._keep(UserId(user), f"01M7YHX300000000000000{number}00{drawn}")
        ref = ConversationRef(UserId(user), CoachId("atlas"), ConversationId(ids["conversationId"]))
        self.stored.commit([Put(items.summary_key(ref, "01M7YHX3000000000000000000"), {"narrative": secret})])
        return ids

    def _keep(self, user: UserId, ulid: str) -> dict[str, str]:
        day = "2026-11-21T08:00:00.000Z"
        memory = {"memoryId": ulid, "content": secret_of(user), "createdAt": day, "coachId": "atlas"}
        workout = {"workoutId": f"1795248000000-{ulid}", "notes": secret_of(user), "completedAt": day}
        self.stored.commit([Put(items.memory_key(user, ulid), memory)])
        self.stored.commit([Put(items.workout_key(user, day, ulid), workout)])
        return {"memoryId": memory["memoryId"], "workoutId": workout["workoutId"]}

    def kept_of(self, user: str) -> dict[Any, Any]:
        """Return all items of the person."""
        stored = self.stored.all().items()
        return {key: item for key, item in stored if f"{key.pk}#".startswith(f"U#{user}#")}


@pytest.fixture(scope="module")
def shared_house() -> House:
    return House()


@pytest.fixture
def house(shared_house: House) -> Iterator[House]:
    """A house in which nothing of Alice changes, whatever Bob does."""
    before = shared_house.kept_of(ALICE)
    calls = len(shared_house.model.prompts)
    yield shared_house
    assert shared_house.kept_of(ALICE) == before
    assert not [prompt for prompt in shared_house.model.prompts[calls:] if secret_of(ALICE) in str(prompt)]
    assert shared_house.journal.unforeseen == []


def path_of(route: Route, ids: Mapping[str, str]) -> str:
    return route.template.format_map(ids)


@pytest.mark.parametrize("route", OF_A_PERSON, ids=named)
def test_nobody_comes_into_the_path_of_another(house: House, route: Route) -> None:
    house.table.done.clear()
    status, text = house.ask(BOB, route.method, path_of(route, house.ids[ALICE]), BODIES.get(route.name))
    assert (status, json.loads(text)["code"]) == (403, "USER_ID_MISMATCH")
    assert house.table.done == []


@pytest.mark.parametrize("route", BY_ID, ids=named)
def test_the_ids_of_another_lead_nowhere_in_one_s_own_path(house: House, route: Route) -> None:
    path = path_of(route, {**house.ids[ALICE], "userId": BOB})
    status, text = house.ask(BOB, route.method, path, BODIES.get(route.name))
    assert (status, secret_of(ALICE) in text) == (404, False)


@pytest.mark.parametrize("route", OWNED, ids=named)
@pytest.mark.parametrize(
    "segment",
    [
        f"{ALICE}%2F",
        f"%2F{ALICE}",
        f"{BOB}%2F..%2F{ALICE}",
        f"{ALICE}%23",
        f"{ALICE}%23C%23c-1",
        f"{BOB}%00",
        f"{ALICE}%20",
        f"{ALICE}%0A",
        f"{ALICE}.",
        f"{ALICE};{BOB}",
        f"{ALICE}%252F",
        f"{ALICE}%C0%AF",
        "%ef%bc%a1lice",
        "..",
        "%2e%2e",
        "*",
        "%25",
        "",
        ALICE.upper(),
        f"%61{ALICE[1:]}",
        "a" * 65,
    ],
)
def test_no_spelling_of_an_id_reaches_another_person(house: House, route: Route, segment: str) -> None:
    own = house.ids[BOB]
    for name in [name for name in own if f"{{{name}}}" in route.template]:
        path = path_of(route, {**own, name: segment})
        if route.name in ("save_coach", "list_conversations", "create_conversation", "show_coach") and (
            name == "coachId"
        ):
            continue  # whatever is an id may be a coach of one's own
        status, text = house.ask(BOB, route.method, path, BODIES.get(route.name))
        assert status in (400, 403, 404, 405), (path, status, text)
        assert secret_of(ALICE) not in text


def cursors_of(house: House, route: Route, user: str) -> list[str]:
    """Return all cursors that the person is given there."""
    path, found, query = path_of(route, house.ids[user]), list[str](), "limit=1"
    while True:
        _, text = house.ask(user, route.method, path, query=query)
        page = json.loads(text)
        cursor = page.get("cursor", page.get("next"))
        if cursor is None:
            return found
        found.append(cursor)
        query = f"limit=1&{LISTING[route.name]}={cursor}"


@pytest.mark.parametrize("route", [route for route in OWNED if route.name in LISTING], ids=named)
def test_the_cursors_of_another_show_one_s_own_only(house: House, route: Route) -> None:
    cursors = cursors_of(house, route, ALICE)
    assert cursors
    for cursor in cursors:
        path = path_of(route, house.ids[BOB])
        status, text = house.ask(BOB, route.method, path, query=f"limit=100&{LISTING[route.name]}={cursor}")
        assert status == 200
        assert ALICE not in text


def test_every_route_that_gives_cursors_is_tried() -> None:
    given = {route.name for route in OWNED if {"before", "after"} & set(route.parameters)}
    assert given == set(LISTING)


@pytest.mark.parametrize("by", ["turnId", "lastEventId", "header"])
def test_the_turn_of_another_cannot_be_attached_to(house: House, by: str) -> None:
    alices, bobs = house.ids[ALICE], house.ids[BOB]
    path = f"/users/{BOB}/coaches/atlas/conversations/{bobs['conversationId']}/stream"
    turn = alices["turnId"]
    query = {"turnId": f"turnId={turn}", "lastEventId": f"lastEventId={turn}.1", "header": ""}[by]
    headers = {"last_event_id": f"{turn}.1"} if by == "header" else {}
    status, text = house.ask(BOB, "GET", path, query=query, **headers)
    assert (status, json.loads(text)["code"]) == (404, "TURN_NOT_FOUND")


@pytest.mark.parametrize("route", OWNED, ids=named)
def test_a_ticket_opens_no_other_route_and_is_no_token(house: House, route: Route) -> None:
    bobs = house.ids[BOB]
    ticket = house.tickets.issue(Ticket(UserId(BOB), bobs["turnId"]))
    if route.auth != "jwt_or_ticket":
        event = asking(route.method, path_of(route, bobs), BODIES.get(route.name), query=f"ticket={ticket}")
        del event["headers"]["authorization"]
        assert house.handle(event).status == 401
    status, _ = house.ask(BOB, route.method, path_of(route, bobs), authorization=f"Bearer {ticket}")
    assert status == 401


@pytest.mark.parametrize(
    ("holder", "of", "wanted"),
    [
        (BOB, BOB, {"userId": ALICE}),
        (BOB, BOB, {"userId": ALICE, "conversationId": "alice's", "turnId": "alice's"}),
        (ALICE, BOB, {}),
        (BOB, ALICE, {}),
    ],
    ids=["another's path", "another's turn", "another's ticket", "a turn of another"],
)
def test_a_ticket_shows_nothing_of_another_person(
    house: House, holder: str, of: str, wanted: dict[str, str]
) -> None:
    alices = house.ids[ALICE]
    where = {
        **house.ids[BOB],
        **{name: alices[name] if "'" in value else value for name, value in wanted.items()},
    }
    ticket = house.tickets.issue(Ticket(UserId(holder), house.ids[of]["turnId"]))
    path = f"/users/{where['userId']}/coaches/atlas/conversations/{where['conversationId']}/stream"
    event = asking("GET", path, query=f"ticket={ticket}")
    del event["headers"]["authorization"]
    answer = house.handle(event)
    assert (answer.status, document(answer)["code"]) in ((401, "TICKET_INVALID"), (404, "TURN_NOT_FOUND"))


def test_a_list_holds_one_s_own_only(house: House) -> None:
    for name in LISTING:
        [route] = [route for route in OWNED if route.name == name]
        status, text = house.ask(BOB, "GET", path_of(route, house.ids[BOB]), query="limit=100")
        assert (status, ALICE in text) == (200, False)


def test_nobody_deletes_the_data_of_another(house: House) -> None:
    status, _ = house.ask(BOB, "DELETE", f"/users/{BOB}/data")
    assert status == 204
    assert house.kept_of(BOB) == {}
