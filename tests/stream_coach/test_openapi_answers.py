"""What the service answers is what its document says, field by field."""

import json
import time
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from libs.coach_conversation.errors import ConversationBusy, ModelThrottled
from libs.coach_conversation.ports import Ports
from libs.lambda_runtime import Context, StreamingResponse
from libs.streaming import events
from libs.streaming.errors import MissingAuthHeader
from libs.streaming.events import Error, Notice, Progress, Recall, TurnEvent, to_record
from libs.streaming.requests import Request
from stream_coach import api, http_errors
from stream_coach.deliveries.call import Call
from stream_coach.routes import ROUTES
from tests.fakes.executors import ThreadExecutor
from tests.fakes.faults import FaultyTable, refused
from tests.fakes.model import FakeModel, answering, routing
from tests.fakes.ports import make_ports
from tests.fakes.table import FakeTable
from tests.stream_coach.schemas import DOCUMENT, faults, ref, resolved

PARAMS = {"userId": "alice", "coachId": "atlas"}
SAID = {"userResponse": "I did five sets of squats today", "messageTimestamp": "2026-11-21T08:00:00Z"}
COACH = {"name": "Nova", "persona": "Brisk.", "goals": ["A first pull-up"]}


class Person:
    """Asks every route as the API does behind the token, and checks each answer against the document."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._params = dict(PARAMS)

    def ask(self, name: str, body: Mapping[str, Any] | None = None, *, query: str = "") -> tuple[int, Any]:
        request = Request(
            source="function_url",
            request_id="r-1",
            query=dict(pair.split("=") for pair in query.split("&") if pair),
            body=json.dumps(body).encode() if body is not None else b"",
        )
        context = Context("r-1", time.monotonic() + 300)
        if name in api.OPEN:
            answer = api.OPEN[name](request)
        else:
            answer = api.OWNED[name](Call(request, self._params, context), self._ports)
        return answer.status, documented(name, answer)

    def begin(self) -> None:
        _, created = self.ask("create_conversation")
        self._params |= created

    def look_at(self, turn_id: str) -> None:
        self._params |= {"turnId": turn_id}


def documented(name: str, answer: StreamingResponse) -> Any:
    """Return the answer's body as JSON, or its lines as such, after a look into the document."""
    [operation] = [
        DOCUMENT["paths"][route.template][route.method.lower()]
        for route in ROUTES.routes
        if route.name == name
    ]
    response = resolved(operation["responses"][str(answer.status)])
    text = b"".join(item if isinstance(item, bytes) else item.encode() for item in answer.body).decode()
    if not text:
        assert "content" not in response
        return None
    media_type = answer.headers["content-type"].partition(";")[0]
    schema = response["content"][media_type]["schema"]
    values = _values(media_type, text)
    assert [fault for value in values for fault in faults(value, schema)] == []
    return values if media_type in ("text/event-stream", "application/x-ndjson") else values[0]


def _values(media_type: str, text: str) -> list[Any]:
    match media_type:
        case "text/event-stream":
            lines = text.splitlines()
            return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
        case "application/x-ndjson":
            return [json.loads(line) for line in text.splitlines()]
        case "text/plain":
            return [text]
        case _:
            return [json.loads(text)]


def someone(model: FakeModel | None = None) -> Person:
    return Person(make_ports(executor=ThreadExecutor(), model=model or FakeModel()))


@pytest.fixture
def person() -> Person:
    return someone()


@pytest.fixture
def talking(person: Person) -> Person:
    person.begin()
    return person


def test_a_conversation_is_begun_shown_listed_and_deleted(talking: Person) -> None:
    _, page = talking.ask("list_conversations")
    assert [talking.ask("show_conversation")] == [(200, shown) for shown in page["conversations"]]
    assert talking.ask("delete_conversation") == (204, None)


def test_a_list_of_conversations_has_a_cursor(talking: Person) -> None:
    talking.begin()
    _, page = talking.ask("list_conversations", query="limit=1")
    assert set(page) == {"conversations", "cursor"}


def test_a_coach_is_saved_and_shown(person: Person) -> None:
    assert person.ask("save_coach", COACH) == person.ask("show_coach")


def test_coaches_are_listed_page_by_page(person: Person) -> None:
    person.ask("save_coach", COACH)
    _, page = person.ask("list_coaches", query="limit=1")
    assert page == {"coaches": [person.ask("show_coach")[1]]}


def test_a_turn_is_streamed_from_start_to_complete(talking: Person) -> None:
    _, streamed = talking.ask("stream_turn", SAID)
    assert [streamed[0]["type"], streamed[-1]["type"]] == ["start", "complete"]


def test_an_aside_and_a_notice_are_streamed() -> None:
    model = FakeModel(
        answering("Three", stop="max_tokens"),
        router=routing(userIntent="question", showContextualUpdates=True, contextualUpdates=[]),
    )
    person = someone(model)
    person.begin()
    _, streamed = person.ask("stream_turn", SAID)
    assert {event["type"] for event in streamed} >= {"contextual", "notice", "chunk"}


def test_a_turn_that_fails_streams_an_error() -> None:
    person = someone(FakeModel((ModelThrottled("the model is busy"),)))
    person.begin()
    _, streamed = person.ask("stream_turn", SAID)
    assert streamed[-1]["code"] == "MODEL_THROTTLED"


def test_a_turn_is_answered_as_one_document(talking: Person) -> None:
    status, answered = talking.ask("answer_turn", SAID)
    assert (status, answered["status"]) == (200, "completed")


def test_a_turn_that_fails_is_answered_as_a_problem() -> None:
    person = someone(FakeModel((ModelThrottled("the model is busy"),)))
    person.begin()
    status, problem = person.ask("answer_turn", SAID)
    assert (status, problem["code"]) == (503, "MODEL_THROTTLED")


def test_history_is_read_page_by_page(talking: Person) -> None:
    talking.ask("answer_turn", SAID)
    _, page = talking.ask("list_messages", query="limit=1")
    assert set(page) == {"messages", "cursor"}


def test_all_that_is_kept_is_exported(talking: Person) -> None:
    talking.ask("answer_turn", SAID)
    _, page = talking.ask("export_data")
    assert [record["kind"] for record in page["records"]] == [
        "coach",
        "conversation",
        "message",
        "message",
        "turn",
    ]
    _, page = talking.ask("export_data", query="limit=1")
    assert set(page) == {"records", "next"}


def test_all_that_is_kept_is_deleted(talking: Person) -> None:
    assert talking.ask("show_data") == (200, {"deleting": False})
    assert talking.ask("delete_data") == (204, None)
    assert talking.ask("export_data") == (200, {"records": []})


def test_a_deletion_that_takes_longer_says_how_it_stands() -> None:
    table = FaultyTable(FakeTable())
    person = Person(make_ports(table=table))
    table.next("query", refused)
    status, state = person.ask("delete_data")
    assert (status, state["deleting"]) == (202, True)
    assert person.ask("show_data") == (200, state)


def test_a_finished_turn_is_polled(talking: Person) -> None:
    _, answered = talking.ask("answer_turn", SAID)
    talking.look_at(answered["turnId"])
    status, state = talking.ask("show_turn")
    assert (status, state["status"]) == (200, "completed")


def test_a_turn_that_waits_is_polled_stopped_and_polled_again(talking: Person) -> None:
    _, links = talking.ask("begin_turn", SAID | {"mode": "attach"})
    talking.look_at(links["turnId"])
    assert talking.ask("show_turn")[1]["status"] == "pending"
    assert talking.ask("cancel_turn") == (200, {"turnId": links["turnId"], "status": "cancelled"})
    assert talking.ask("show_turn")[1]["error"]["code"] == "CANCELLED"


def test_a_turn_that_waits_is_attached_to(talking: Person) -> None:
    _, links = talking.ask("begin_turn", SAID)
    _, streamed = talking.ask("resume_stream", query=f"turnId={links['turnId']}")
    assert streamed[-1]["type"] == "complete"


def test_where_nothing_runs_there_is_nothing_to_resume(talking: Person) -> None:
    assert talking.ask("resume_stream") == (204, None)


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_probe_says_its_words(person: Person, form: str) -> None:
    status, _ = person.ask("probe", query=f"delay=0&format={form}")
    assert status == 200


def test_the_service_is_alive_and_describes_itself(person: Person) -> None:
    assert person.ask("health") == (200, {"status": "ok"})
    assert person.ask("show_api") == (200, DOCUMENT)


@pytest.mark.parametrize(
    "event",
    [
        Progress("recalling", "Looking back"),
        Recall(({"memoryId": "m-1", "snippet": "Bad knee", "score": 0.8, "source": "search"},)),
        Notice("safety", "Please see a doctor."),
        Error("DEADLINE", "the time is over", True, "t-1", "Three sets"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_is_as_documented(event: TurnEvent) -> None:
    assert faults(to_record(event), ref("TurnEvent")) == []


def test_every_event_of_the_union_is_documented() -> None:
    union = get_args(events.TurnEvent.__value__)
    assert {f"{event.__name__}Event" for event in union} == {
        use["$ref"].rpartition("/")[2] for use in DOCUMENT["components"]["schemas"]["TurnEvent"]["oneOf"]
    }


@pytest.mark.parametrize(
    "error", [MissingAuthHeader(), ConversationBusy("t-1")], ids=lambda error: error.code
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_refusal_is_as_documented(error: MissingAuthHeader | ConversationBusy, accept: str) -> None:
    request = Request(source="function_url", request_id="r-1", headers={"accept": accept})
    documented("stream_turn", http_errors.refusal(error, request))
