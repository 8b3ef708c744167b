"""The clients that people already use, the real ones, against the running stack."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest
from httpx_sse import EventSource, ServerSentEvent, connect_sse

from tests.conftest import Figures
from tests.stack.client import Conversation, Stack, eventually
from tests.stack.node_clients import NodeClient, require_node, running

pytestmark = pytest.mark.stack

COUNT: Final = 24
WORDS: Final = " ".join(f"wörd-{number}" for number in range(COUNT))
SAID: Final = f"/say {WORDS}"
GAP_MS: Final = 20
CUT_AFTER: Final = 6
CURL_REFUSED: Final = 22
BAD_TOKEN: Final = "e30.e30.e30"
PAGES: Final = ("use_chat4", "use_chat7")
TYPED: Final = ("fetch_event_source", "eventsource")
CLIENTS: Final = ("ai4", "ai5", "ai7", *PAGES, *TYPED)

type Client = Callable[[str], NodeClient]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Return a client by its name; its process runs as long as the module's tests."""
    node, started = require_node(), dict[str, NodeClient]()
    with ExitStack() as undo:

        def find(name: str) -> NodeClient:
            if name not in started:
                started[name] = undo.enter_context(running(name, node))
            return started[name]

        yield find


@pytest.fixture
def conversation(stack: Stack) -> Conversation:
    stack.emulator.play(interTokenMs=GAP_MS)
    return stack.person().begin()


def play(client: NodeClient, scenario: str, conversation: Conversation, **more: Any) -> dict[str, Any]:
    person, route = conversation.person, "turns" if client.name == "eventsource" else "stream"
    spec = {
        "url": person.stack.endpoints.function_url,
        "path": f"{conversation.path}/{route}",
        "token": person.token,
        "text": SAID,
        **more,
    }
    return client.play(scenario, **spec)


def saved(conversation: Conversation) -> dict[str, Any]:
    """Return the saved answer, once there is one."""
    answer: dict[str, Any] = eventually(lambda: conversation.history()["messages"][1:] or None)[-1]
    return answer


def texts(message: dict[str, Any], kind: str) -> list[str]:
    return [part["text"] for part in message["parts"] if part["type"] == kind]


def check_arrivals(arrivals: list[float]) -> None:
    """Check that the text came bit by bit, while it was written."""
    assert len(arrivals) >= COUNT / 2, f"the answer came in {len(arrivals)} pieces"
    assert arrivals[-1] - arrivals[0] >= COUNT * GAP_MS / 2, f"the answer came at once: {arrivals}"


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_shows_the_answer_as_it_is_written(
    client: Client, conversation: Conversation, figures: Figures, name: str
) -> None:
    shown = play(client(name), "stream", conversation)
    message = saved(conversation)
    assert shown["errors"] == []
    assert (shown["text"], shown["messageId"]) == (WORDS, message["messageId"])
    assert texts(message, "answer") == [WORDS]
    assert shown["asides"] == texts(message, "update")
    assert "".join(shown["asides"]) + shown["text"] == message["content"]
    check_arrivals(shown["arrivals"])
    spread = shown["arrivals"][-1] - shown["arrivals"][0]
    figures(f"{name}: {len(shown['arrivals'])} pieces over {spread:.0f} ms, text as saved")


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_tells_of_a_refused_token(client: Client, conversation: Conversation, name: str) -> None:
    shown = play(client(name), "stream", conversation, token=BAD_TOKEN)
    (error,) = shown["errors"]
    problem = json.loads(error)
    assert (problem["status"], problem["code"]) == (401, "INVALID_TOKEN")
    assert problem.get("detail", problem.get("message"))


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_tells_of_an_error_behind_the_first_byte(
    client: Client, conversation: Conversation, stack: Stack, name: str
) -> None:
    stack.emulator.fail("drop", after_deltas=5)
    shown = play(client(name), "stream", conversation)
    assert shown["errors"] == ["the model's answer broke off; ask again"]
    assert shown.get("codes", ["MODEL_STREAM_INTERRUPTED"]) == ["MODEL_STREAM_INTERRUPTED"]
    assert shown["text"]
    assert WORDS.startswith(shown["text"])
    assert texts(saved(conversation), "answer") == [shown["text"]]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_was_cut_off_has_the_whole_answer_in_the_end(
    client: Client, conversation: Conversation, stack: Stack, name: str
) -> None:
    stack.emulator.play(interTokenMs=4 * GAP_MS)
    shown = play(client(name), "resume", conversation, cutAfter=CUT_AFTER)
    message = saved(conversation)
    assert (shown["text"], shown["messageId"]) == (WORDS, message["messageId"])
    assert shown["asides"] == texts(message, "update")
    if "cut" in shown:
        assert shown["cut"]["text"] != WORDS
        assert WORDS.startswith(shown["cut"]["text"])
    assert shown.get("nothing") is None
    assert shown.get("final", WORDS) == WORDS
    assert shown.get("reloaded", shown)["text"] == WORDS
    assert stack.emulator.operations() == ["Converse", "ConverseStream"]
    if name in TYPED:
        check_cursors(shown)
    if name == "eventsource":
        # A browser asks once more behind the end, and 204 keeps it closed.
        assert shown["statuses"][-1] == 204


def check_cursors(shown: dict[str, Any]) -> None:
    """Check that the client came back behind the last event it saw, and saw each event once."""
    turn_id = shown["ids"][0].partition(".")[0]
    assert shown["ids"] == [f"{turn_id}.{number}" for number in range(1, len(shown["ids"]) + 1)]
    lines = [line.partition(": ") for head in shown["heads"] for line in head.split("\r\n")]
    cursors = [value for name, _, value in lines if name.lower() == "last-event-id"]
    assert cursors[0] in shown["ids"][:-1]


def test_a_bad_ticket_closes_an_event_source_for_good(client: Client, conversation: Conversation) -> None:
    shown = play(client("eventsource"), "refusedTicket", conversation)
    assert (shown["statuses"], shown["text"]) == ([401], "")


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_lives_through_a_silence(client: Client, impatient_stack: Stack, name: str) -> None:
    impatient_stack.emulator.play(firstTokenMs=700)
    conversation = impatient_stack.person().begin()
    shown = play(client(name), "stream", conversation)
    assert (shown["errors"], shown["text"]) == ([], WORDS)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_an_answer_written_anew(client: Client, conversation: Conversation, name: str) -> None:
    shown = play(client(name), "regenerate", conversation)
    ids = [outcome["messageId"] for outcome in (*shown["before"], shown)]
    assert len(set(ids)) == len(ids)
    assert [shown["text"], *(outcome["text"] for outcome in shown["before"])] == [WORDS] * len(ids)
    history = conversation.history()["messages"]
    assert [message["role"] for message in history] == ["user", "assistant"]
    assert history[-1]["messageId"] == ids[-1]


def test_a_page_that_stops_only_hangs_up_and_the_cancel_route_stops_the_turn(
    client: Client, conversation: Conversation, stack: Stack
) -> None:
    stack.emulator.play(interTokenMs=100)
    shown = play(client("use_chat7"), "stop", conversation)
    assert (shown["errors"], shown["status"]) == ([], "ready")
    http, headers = stack.http, conversation.person.headers
    turn_id = http.get(conversation.path, headers=headers).json()["activeTurnId"]
    assert http.post(f"{conversation.path}/turns/{turn_id}/cancel", headers=headers).status_code in (200, 202)
    message = saved(conversation)
    assert message["status"] == "partial"
    assert "".join(texts(message, "answer")).startswith(shown["text"].rstrip())


@pytest.mark.parametrize("name", ["ai4", "ai5", "ai7", *PAGES])
def test_the_proxy_answers_an_ai_sdk_client_without_a_conversation(
    client: Client, conversation: Conversation, stack: Stack, name: str
) -> None:
    messages = [["user", "Hello"], ["assistant", "Hello yourself."], ["user", SAID]]
    shown = play(client(name), "stream", conversation, path="/api/ai/chat", messages=messages)
    assert (shown["errors"], shown["text"]) == ([], WORDS)
    check_arrivals(shown["arrivals"])
    (call,) = stack.emulator.calls()
    if name not in PAGES:
        asked = [(one["role"], one["content"][0]["text"]) for one in call["request"]["messages"]]
        assert asked == [tuple(message) for message in messages]
    assert conversation.stored() == []


def test_httpx_sse_reads_the_stream_and_resumes_behind_the_last_event(
    conversation: Conversation, stack: Stack, figures: Figures
) -> None:
    url, headers = f"{conversation.path}/stream", conversation.person.headers
    seen: list[tuple[float, ServerSentEvent]] = []
    with connect_sse(stack.http, "POST", url, json={"userResponse": SAID}, headers=headers) as source:
        for event in told(source):
            seen.append((time.monotonic(), event))
            if len(chunks_of(seen)) == CUT_AFTER:
                break
    behind = {**headers, "last-event-id": seen[-1][1].id}
    with connect_sse(stack.http, "GET", url, headers=behind) as source:
        seen += [(time.monotonic(), event) for event in told(source)]
    message = saved(conversation)
    assert "".join(text for _, text in chunks_of(seen)) == WORDS
    assert seen[-1][1].json()["aiMessage"] == message
    assert stack.http.get(url, headers={**headers, "last-event-id": seen[-1][1].id}).status_code == 204
    check_arrivals([at_s * 1000 for at_s, _ in chunks_of(seen)])
    figures(f"httpx-sse: {len(chunks_of(seen))} pieces, cut after {CUT_AFTER}, text as saved")


def told(source: EventSource) -> Iterator[ServerSentEvent]:
    """Yield the events; `retry:` and comments reach this client as empty ones."""
    return (event for event in source.iter_sse() if event.data)


def chunks_of(seen: list[tuple[float, ServerSentEvent]]) -> list[tuple[float, str]]:
    return [(at_s, event.json()["content"]) for at_s, event in seen if event.json()["type"] == "chunk"]


def test_httpx_sse_tells_of_a_refusal_and_of_a_broken_answer(
    conversation: Conversation, stack: Stack
) -> None:
    url, body = f"{conversation.path}/stream", {"userResponse": SAID}
    bad = {"authorization": f"Bearer {BAD_TOKEN}"}
    with connect_sse(stack.http, "POST", url, json=body, headers=bad) as source:
        assert source.response.status_code == 401
        assert [event.json()["code"] for event in source.iter_sse()] == ["INVALID_TOKEN"]
    stack.emulator.fail("drop", after_deltas=5)
    with connect_sse(stack.http, "POST", url, json=body, headers=conversation.person.headers) as source:
        assert list(source.iter_sse())[-1].json()["code"] == "MODEL_STREAM_INTERRUPTED"


def curl(*arguments: str) -> tuple[list[tuple[float, str]], int]:
    """Return curl's lines, each with the milliseconds at which it came, and its exit code."""
    with subprocess.Popen(
        ["curl", "--silent", "--no-buffer", "--fail-with-body", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [(time.monotonic() * 1000, line.rstrip("\n")) for line in process.stdout]
    return lines, process.returncode


def records_of(lines: list[tuple[float, str]]) -> list[tuple[float, dict[str, Any]]]:
    return [(at, json.loads(line.removeprefix("data: "))) for at, line in lines if line.startswith("data: ")]


def test_curl_shows_the_stream_line_by_line_and_resumes(
    conversation: Conversation, stack: Stack, figures: Figures
) -> None:
    url = f"{stack.endpoints.function_url.rstrip('/')}{conversation.path}/stream"
    bearer = ("-H", f"authorization: Bearer {conversation.person.token}")
    body = ("-H", "content-type: application/json", "-d", json.dumps({"userResponse": SAID}))
    lines, code = curl(*bearer, *body, url)
    records = records_of(lines)
    chunks = [(at, record["content"]) for at, record in records if record["type"] == "chunk"]
    assert code == 0
    assert "".join(text for _, text in chunks) == WORDS
    assert records[-1][1]["aiMessage"] == saved(conversation)
    check_arrivals([at for at, _ in chunks])
    ids = [line.removeprefix("id: ") for _, line in lines if line.startswith("id: ")]
    rest, code = curl(*bearer, "-H", f"last-event-id: {ids[4]}", url)
    assert (records_of(rest)[0][1], code) == (records[5][1], 0)
    figures(f"curl -N: {len(chunks)} pieces over {chunks[-1][0] - chunks[0][0]:.0f} ms, text as saved")


def test_curl_fails_where_it_is_refused_and_shows_why(conversation: Conversation, stack: Stack) -> None:
    url = f"{stack.endpoints.function_url.rstrip('/')}{conversation.path}/stream"
    body = ("-H", "content-type: application/json", "-d", json.dumps({"userResponse": SAID}))
    lines, code = curl("-H", f"authorization: Bearer {BAD_TOKEN}", *body, url)
    assert (json.loads(lines[0][1])["code"], code) == ("INVALID_TOKEN", CURL_REFUSED)
    stack.emulator.fail("drop", after_deltas=5)
    lines, code = curl("-H", f"authorization: Bearer {conversation.person.token}", *body, url)
    assert (records_of(lines)[-1][1]["code"], code) == ("MODEL_STREAM_INTERRUPTED", 0)
