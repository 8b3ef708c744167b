"""The handler over fakes: sample events in, answers out."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from libs.coach_conversation.errors import ModelUnavailable
from libs.coach_conversation.ports import Delta
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, Limits, UserId
from libs.lambda_runtime import Context, StreamingResponse
from libs.streaming.errors import UnknownKey
from libs.streaming.routes import Route
from libs.streaming.tickets import Ticket, TicketOffice
from libs.streaming.tokens import KeySource, TokenVerifier
from stream_coach import api
from stream_coach.composition import App
from stream_coach.routes import ROUTES
from stream_coach.settings import Settings
from tests.fakes.executors import ThreadExecutor
from tests.fakes.faults import FaultyTable, preceded_by
from tests.fakes.model import FakeModel, Gate, Step, answering
from tests.fakes.ports import FakeJournal, FakeQueue, conversation_items, make_ports
from tests.fakes.table import FakeTable
from tests.libs.streaming.signing import AUDIENCE, ID_CLAIMS, ISSUER, KID, NOW_S, private_key, sign

EVENTS: Final = Path(__file__).resolve().parents[2] / "events"
DEMO: Final = ConversationRef(UserId("demo"), CoachId("atlas"), ConversationId("demo-conversation"))
BASE: Final = "/users/demo/coaches/atlas/conversations"
ONE: Final = f"{BASE}/demo-conversation"
SETTINGS: Final = Settings(table_name="t", token_issuer=ISSUER, token_audience=AUDIENCE, jwks_url="https://x")


class OneKey(KeySource):
    def key(self, kid: str) -> RSAPublicKey:
        if kid != KID:
            raise UnknownKey
        return private_key().public_key()


def token(user: str = "demo", **changes: Any) -> str:
    return sign({**ID_CLAIMS, "custom:user_id": user, **changes})


def sample(name: str, *, accept: str = "application/json", **headers: str) -> dict[str, Any]:
    """Return the sample event with fresh tokens and these headers."""
    text = (EVENTS / f"{name}.json").read_text()
    event: dict[str, Any] = json.loads(
        text.replace("{{token}}", token()).replace("{{token:other-user}}", token("eve"))
    )
    event["headers"] |= {"accept": accept, **{key.replace("_", "-"): value for key, value in headers.items()}}
    return event


def asking(method: str, path: str, body: object = None, *, query: str = "", **headers: str) -> dict[str, Any]:
    """Return the event of a request."""
    event = sample("stream", **headers)
    event["rawPath"], event["rawQueryString"] = path, query
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["body"] = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
    return event


class Service:
    """The API over fakes, with the sample conversation in its table."""

    def __init__(self, *answers: tuple[Step, ...], **overrides: Any) -> None:
        self.stored = FakeTable(conversation_items(DEMO))
        self.table = FaultyTable(self.stored)
        self.model = FakeModel(*answers)
        self.threads = ThreadExecutor()
        known: dict[str, Any] = {
            "table": self.table,
            "model": self.model,
            "executor": self.threads,
            "limits": Limits(log_tick_s=0.001, turns_per_minute=0),
        }
        self.ports = make_ports(**known | overrides)
        self.tickets = TicketOffice({"k1": b"0123456789abcdef"}, lambda: NOW_S)
        verifier = TokenVerifier(OneKey(), issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW_S)
        self.app = App(SETTINGS, verifier, self.tickets, self.ports)

    def handle(self, event: object) -> StreamingResponse:
        answer = api.make_handler(self.app)(event, Context("r-1", 300.0, clock=lambda: 0.0))
        assert isinstance(answer, StreamingResponse)
        return answer

    def invoke(self, event: object) -> Iterator[bytes]:
        answer = api.make_handler(self.app)(event, Context("r-1", 300.0, clock=lambda: 0.0))
        assert not isinstance(answer, StreamingResponse)
        return answer

    @property
    def journal(self) -> FakeJournal:
        assert isinstance(self.ports.journal, FakeJournal)
        return self.ports.journal


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service(answering("To ", "parallel."))
    yield made
    made.threads.join()


def body_of(answer: StreamingResponse) -> bytes:
    return b"".join(item if isinstance(item, bytes) else item.encode() for item in answer.body)


def document(answer: StreamingResponse) -> Any:
    return json.loads(body_of(answer))


def refusal(answer: StreamingResponse) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status, document(answer)["code"]


def events_of(answer: StreamingResponse) -> list[tuple[str, dict[str, Any]]]:
    """Return the ids and events of a typed stream."""
    found = []
    for frame in body_of(answer).decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines() if line.startswith(("id", "data")))
        if lines:
            found.append((lines.get("id", ""), json.loads(lines["data"])))
    return found


# Who may come in


def test_a_request_without_a_token_is_refused(service: Service) -> None:
    answer = service.handle(sample("missing-token"))
    assert refusal(answer) == (401, "MISSING_AUTH_HEADER")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("Basic abc", "INVALID_TOKEN_FORMAT"),
        ("Bearer not-a-token", "INVALID_TOKEN_FORMAT"),
        (
            f"Bearer {sign({**ID_CLAIMS, 'custom:user_id': 'demo'}, key=private_key('forger'))}",
            "INVALID_TOKEN",
        ),
        (f"Bearer {token(exp=NOW_S - 60)}", "TOKEN_EXPIRED"),
        (f"Bearer {token('')}", "MISSING_CUSTOM_USER_ID"),
    ],
    ids=lambda value: value[:20],
)
def test_a_bad_token_is_refused(service: Service, authorization: str, code: str) -> None:
    assert refusal(service.handle(sample("stream", authorization=authorization))) == (401, code)


def test_the_sample_of_a_bad_token_is_refused(service: Service) -> None:
    assert service.handle(sample("bad-token")).status == 401


def test_nobody_reaches_what_is_not_theirs(service: Service) -> None:
    assert refusal(service.handle(sample("wrong-user"))) == (403, "USER_ID_MISMATCH")
    assert service.table.done == []


OWNED: Final = [route for route in ROUTES.routes if "{userId}" in route.template]


def path_of(route: Route) -> str:
    names = {
        "{userId}": "demo",
        "{coachId}": "atlas",
        "{conversationId}": "demo-conversation",
        "{turnId}": "t-1",
        "{memoryId}": "m-1",
        "{workoutId}": "w-1",
    }
    path = route.template
    for name, value in names.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("route", OWNED, ids=lambda route: route.name)
def test_every_route_of_a_person_wants_their_token(service: Service, route: Route) -> None:
    event = asking(route.method, path_of(route), {}, authorization=f"Bearer {token('eve')}")
    if "{userId}" in route.template:
        assert refusal(service.handle(event)) == (403, "USER_ID_MISMATCH")
    del event["headers"]["authorization"]
    assert refusal(service.handle(event)) == (401, "MISSING_AUTH_HEADER")


def test_every_route_is_served() -> None:
    assert {route.name for route in ROUTES.routes} == {*api.OPEN, *api.OWNED}
    assert all((route.auth == "none") == (route.name in api.OPEN) for route in ROUTES.routes)


# Tickets


def attaching(service: Service, ticket: Ticket, **query: str) -> dict[str, Any]:
    found = "&".join(
        [f"ticket={service.tickets.issue(ticket)}", *(f"{key}={value}" for key, value in query.items())]
    )
    event = asking("GET", f"{ONE}/stream", query=found)
    del event["headers"]["authorization"]
    return event


def waiting(service: Service) -> str:
    answer = service.handle(
        asking("POST", f"{ONE}/turns", {"userResponse": "How deep?", "clientMessageId": "m-1"})
    )
    assert answer.status == 202
    return str(document(answer)["turnId"])


def test_a_ticket_lets_its_holder_watch_one_turn(service: Service) -> None:
    turn_id = waiting(service)
    found = events_of(service.handle(attaching(service, Ticket("demo", turn_id))))
    assert (found[0][0], found[-1][1]["type"]) == (f"{turn_id}.1", "complete")


@pytest.mark.parametrize("query", [{"turnId": "another"}, {"turnId": ""}])
def test_a_ticket_is_for_its_turn_alone(service: Service, query: dict[str, str]) -> None:
    event = attaching(service, Ticket("demo", waiting(service)), **query)
    assert refusal(service.handle(event)) == (401, "TICKET_INVALID")


def test_a_ticket_is_for_its_user_alone(service: Service) -> None:
    event = attaching(service, Ticket("eve", waiting(service)))
    assert refusal(service.handle(event)) == (401, "TICKET_INVALID")


def test_a_ticket_opens_no_other_route(service: Service) -> None:
    ticket = service.tickets.issue(Ticket("demo", "t-1"))
    event = asking("GET", f"{ONE}/messages", query=f"ticket={ticket}")
    del event["headers"]["authorization"]
    assert refusal(service.handle(event)) == (401, "MISSING_AUTH_HEADER")


def test_a_ticket_is_no_bearer_token(service: Service) -> None:
    ticket = service.tickets.issue(Ticket("demo", "t-1"))
    event = asking("GET", f"{ONE}/stream", authorization=f"Bearer {ticket}")
    status, _ = refusal(service.handle(event))
    assert status == 401


def test_where_no_tickets_are_issued_none_is_good(service: Service) -> None:
    event = attaching(service, Ticket("demo", "t-1"))
    service.app = replace(service.app, tickets=None)
    assert refusal(service.handle(event)) == (401, "TICKET_INVALID")


# Routes


def test_health_needs_no_token(service: Service) -> None:
    event = asking("GET", "/health")
    del event["headers"]["authorization"]
    answer = service.handle(event)
    assert (answer.status, document(answer)) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/users/demo", 404, "ROUTE_NOT_FOUND"),
        ("GET", f"{ONE}/stream/more", 404, "ROUTE_NOT_FOUND"),
        ("PUT", f"{ONE}/stream", 405, "METHOD_NOT_ALLOWED"),
        ("POST", f"{BASE}/a%23b/stream", 400, "INVALID_PATH_PARAMS"),
        ("POST", f"{BASE}/{'x' * 65}/stream", 400, "INVALID_PATH_PARAMS"),
    ],
)
def test_what_is_not_there_is_named_before_anybody_is_asked_who_they_are(
    service: Service, method: str, path: str, status: int, code: str
) -> None:
    event = asking(method, path)
    del event["headers"]["authorization"]
    assert refusal(service.handle(event)) == (status, code)


def test_a_conversation_is_begun(service: Service) -> None:
    answer = service.handle(sample("create-conversation"))
    conversation_id = document(answer)["conversationId"]
    assert answer.status == 201
    assert answer.headers["location"] == f"{BASE}/{conversation_id}"


def test_the_history_is_read_by_pages(service: Service) -> None:
    body_of(service.handle(sample("stream-short")))
    found = document(service.handle(asking("GET", f"{ONE}/messages", query="limit=1")))
    assert [message["role"] for message in found["messages"]] == ["assistant"]
    older = document(service.handle(asking("GET", f"{ONE}/messages", query=f"before={found['cursor']}")))
    assert [message["content"] for message in older["messages"]] == ["ok"]
    assert "cursor" not in older


LIMITS: Final = ("0", "101", "x", "", "%D9%A3", f"000000001{'9' * 5000}")


@pytest.mark.parametrize("query", [*(f"limit={limit}" for limit in LIMITS), "before=x"], ids=range(7))
def test_a_page_that_is_none_is_refused(service: Service, query: str) -> None:
    assert refusal(service.handle(asking("GET", f"{ONE}/messages", query=query))) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "MISSING_REQUEST_BODY"),
        ("{", 400, "INVALID_JSON"),
        ("[]", 400, "INVALID_JSON"),
        ({}, 400, "INVALID_USER_RESPONSE"),
        ({"userResponse": " "}, 400, "INVALID_USER_RESPONSE"),
        ({"userResponse": "Hi", "messageTimestamp": "now"}, 400, "INVALID_TIMESTAMP"),
        ({"userResponse": "x" * 1_048_577}, 413, "PAYLOAD_TOO_LARGE"),
    ],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize("path", [f"{ONE}/stream", f"{ONE}/messages", f"{ONE}/turns"])
def test_a_body_that_does_not_fit_is_refused(
    service: Service, path: str, body: object, status: int, code: str
) -> None:
    assert refusal(service.handle(asking("POST", path, body))) == (status, code)
    assert service.table.done == []


def test_another_media_type_is_refused(service: Service) -> None:
    event = asking("POST", f"{ONE}/stream", "a=b", content_type="application/x-www-form-urlencoded")
    assert refusal(service.handle(event)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_conversation_that_is_not_there_is_refused_before_the_stream(service: Service) -> None:
    event = asking("POST", f"{BASE}/none/stream", {"userResponse": "Hi"})
    assert refusal(service.handle(event)) == (404, "CONVERSATION_NOT_FOUND")


def test_a_refusal_is_one_event_for_a_client_that_reads_events(service: Service) -> None:
    event = asking("POST", f"{BASE}/none/stream", {"userResponse": "Hi"}, accept="text/event-stream")
    answer = service.handle(event)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/event-stream; charset=utf-8")
    (_, error), = events_of(answer)  # fmt: skip
    assert (error["type"], error["code"]) == ("error", "CONVERSATION_NOT_FOUND")


# A turn, live


def test_a_turn_streams_its_events_with_their_ids(service: Service) -> None:
    answer = service.handle(sample("stream"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    text = body_of(answer)
    assert text.startswith(b"retry: 3000\n\nid: ")
    found = events_of(StreamingResponse(body=[text]))
    turn_id = found[0][1]["turnId"]
    assert [event_id for event_id, _ in found] == [
        f"{turn_id}.{number}" for number in range(1, len(found) + 1)
    ]
    assert [event["type"] for _, event in found] == [
        "start",
        "contextual",
        "progress",
        "progress",
        "chunk",
        "chunk",
        "progress",
        "complete",
    ]


def test_the_same_message_again_is_the_same_turn_and_calls_no_model(service: Service) -> None:
    first = events_of(service.handle(sample("stream")))
    again = events_of(service.handle(sample("stream")))
    assert again == first
    assert len(service.model.calls) == 2


def test_the_idempotency_key_of_the_header_counts_first(service: Service) -> None:
    first = events_of(service.handle(sample("stream", idempotency_key="k-1")))
    second = events_of(service.handle(sample("stream", idempotency_key="k-2")))
    assert first[0][1]["turnId"] != second[0][1]["turnId"]
    reused = asking("POST", f"{ONE}/stream", {"userResponse": "Else"}, idempotency_key="k-1")
    assert refusal(service.handle(reused)) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_second_message_while_a_turn_runs_is_told_to_attach() -> None:
    gate = Gate()
    service = Service((Delta("a"), gate, *answering("b")))
    running = service.handle(sample("stream"))
    busy = service.handle(sample("stream-short"))
    assert busy.status == 409
    assert document(busy)["turnId"] == events_of_first(running)["turnId"]
    gate.open()
    close(running)
    service.threads.join()


def events_of_first(answer: StreamingResponse) -> dict[str, Any]:
    """Return the first event of a stream that goes on."""
    first = next(iter(answer.body))
    assert isinstance(first, bytes)
    found: dict[str, Any] = json.loads(first.split(b"data: ")[1].split(b"\n")[0])
    return found


def close(answer: StreamingResponse) -> None:
    body: Any = answer.body
    body.close()


@pytest.mark.parametrize("read", [0, 1])
def test_a_client_that_leaves_stops_no_turn_and_its_invocation_waits_for_the_end(read: int) -> None:
    gate = Gate()
    service = Service((Delta("a"), gate, *answering("b")))
    answer = service.handle(sample("stream"))
    for _ in range(read):
        next(iter(answer.body))
    assert gate.reached.wait(10)
    opened = service.threads.submit(gate.open)
    close(answer)
    opened.result(10)
    assert [record["status"] for record in turns(service)] == ["completed"]
    service.threads.join()


def turns(service: Service) -> list[Mapping[str, Any]]:
    return [item for key, item in service.stored.all().items() if key.sk.startswith("TURN#")]


def test_a_model_that_fails_behind_the_first_byte_is_an_error_event() -> None:
    service = Service((Delta("a"), ModelUnavailable("the model is not available now")))
    answer = service.handle(sample("stream"))
    *_, (_, error) = events_of(answer)
    assert answer.status == 200
    assert (error["code"], error["retryable"]) == ("MODEL_UNAVAILABLE", True)
    assert error["savedContent"].endswith("a")
    service.threads.join()


# A turn, otherwise


def test_a_turn_can_be_answered_as_one_document(service: Service) -> None:
    answer = service.handle(asking("POST", f"{ONE}/messages", {"userResponse": "How deep?"}))
    found = document(answer)
    assert (answer.status, found["status"]) == (200, "completed")
    assert found["aiMessage"]["content"].endswith("To parallel.")


def test_a_turn_that_fails_is_a_problem_with_its_status() -> None:
    service = Service((Delta("a"), ModelUnavailable("away")))
    answer = service.handle(asking("POST", f"{ONE}/messages", {"userResponse": "How deep?"}))
    assert refusal(answer) == (503, "MODEL_UNAVAILABLE")
    service.threads.join()


def test_a_turn_can_be_left_for_the_worker(service: Service) -> None:
    answer = service.handle(asking("POST", f"{ONE}/turns", {"userResponse": "How deep?", "mode": "queued"}))
    found = document(answer)
    assert (answer.status, found["status"]) == (202, "pending")
    queue = service.ports.queue
    assert isinstance(queue, FakeQueue)
    assert queue.sent == [(DEMO, found["turnId"])]
    assert service.model.calls == []


def test_a_turn_can_be_polled_and_cancelled(service: Service) -> None:
    turn_id = waiting(service)
    assert document(service.handle(asking("GET", f"{ONE}/turns/{turn_id}")))["status"] == "pending"
    cancelled = service.handle(asking("POST", f"{ONE}/turns/{turn_id}/cancel"))
    assert (cancelled.status, document(cancelled)["status"]) == (200, "cancelled")
    assert document(service.handle(asking("GET", f"{ONE}/turns/{turn_id}")))["error"]["code"] == "CANCELLED"


def test_a_stream_is_resumed_behind_the_last_event_that_was_seen(service: Service) -> None:
    found = events_of(service.handle(sample("stream")))
    resumed = service.handle(asking("GET", f"{ONE}/stream", last_event_id=found[3][0]))
    assert events_of(resumed) == found[4:]


def test_there_is_nothing_to_resume_behind_the_end(service: Service) -> None:
    found = events_of(service.handle(sample("stream")))
    answer = service.handle(asking("GET", f"{ONE}/stream", query=f"lastEventId={found[-1][0]}"))
    assert (answer.status, body_of(answer)) == (204, b"")


def test_there_is_nothing_to_attach_to_where_no_turn_runs(service: Service) -> None:
    assert service.handle(asking("GET", f"{ONE}/stream")).status == 204


@pytest.mark.parametrize("cursor", ["x", "t-1", "t-1.x", "t-1.1.1", ".1", "t#1.1"])
def test_a_cursor_that_is_none_of_ours_is_refused(service: Service, cursor: str) -> None:
    event = asking("GET", f"{ONE}/stream", last_event_id=cursor)
    assert refusal(service.handle(event)) == (400, "INVALID_CURSOR")


# Direct invocations


def test_the_word_probe_is_streamed_raw(service: Service) -> None:
    words = b"".join(service.invoke({"delay": 0, "format": "text", "sentence": "One two"}))
    assert words == b"One two\n"


@pytest.mark.parametrize("event", [{}, {"action": "unknown"}, {"delay": -1}])
def test_a_direct_invocation_that_asks_for_nothing_known_gets_a_raw_problem(
    service: Service, event: dict[str, Any]
) -> None:
    assert json.loads(b"".join(service.invoke(event)))["status"] == 400


@pytest.mark.parametrize("event", [None, 7, "text", []])
def test_an_event_that_is_no_object_gets_a_raw_problem(service: Service, event: object) -> None:
    assert json.loads(b"".join(service.invoke(event)))["code"] == "INVALID_EVENT"


# What nobody foresaw


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_fault_of_ours_is_recorded_and_told_in_fixed_words(service: Service, accept: str) -> None:
    def broken() -> None:
        raise ValueError("secret")

    service.table.next("read", *[preceded_by(broken)] * 3)
    answer = service.handle(asking("GET", f"{ONE}/messages", accept=accept))
    body = body_of(answer)
    assert answer.status == 500
    assert b"something went wrong on our side; try again" in body
    assert b"secret" not in body
    assert service.journal.unforeseen == [("handler", "ValueError('secret')")]


@pytest.mark.parametrize(
    "work",
    [
        lambda: asking("GET", f"{ONE}/messages"),
        lambda: asking("POST", f"{ONE}/stream", {"userResponse": "Hi"}),
        lambda: asking("POST", BASE),
        lambda: asking("GET", f"{ONE}/turns/t-1"),
    ],
    ids=["history", "turn", "create", "poll"],
)
def test_a_store_that_is_away_is_told_as_such(service: Service, work: Callable[[], dict[str, Any]]) -> None:
    service.table.away = True
    answer = service.handle(work())
    assert refusal(answer) == (503, "STORE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert service.journal.unforeseen == []
