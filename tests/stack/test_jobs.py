"""Jobs and live turns through the openai SDK, against a server on this machine that speaks its wire."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from local.stack_process import running_stack
from tests.conftest import Figures
from tests.stack.client import Stack, connected
from tests.stack.conftest import Relayed
from tests.stack.emulator import Emulator
from tests.stack.jobs import ask
from tests.stack.relay import Outage

pytestmark = pytest.mark.stack

TEXT: Final = " ".join(f"Set number {number} is a little heavier." for number in range(6))
SETTINGS: Final = {
    "ANSWER_MODEL_ID": "compatible:stand-in",
    "ROUTER_MODEL_ID": "compatible:stand-in",
    "FIRST_DELTA_TIMEOUT_S": "2",
    "DELTA_TIMEOUT_S": "1",
    "PENDING_S": "2",
    "LEASE_S": "2",
    "LEASE_RENEWAL_S": "0.5",
    "GEMINI_API_KEY": "secret-gemini-key",
}
BUDGET_S: Final = 1.0
SLACK_S: Final = 0.5
STORE_AWAY_S: Final = 26.0
"""Longer than all tries to save an answer together."""


@pytest.fixture(scope="module")
def shared_job_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose models are all asked by the openai SDK."""
    settings = [part for name, value in SETTINGS.items() for part in ("--env", f"{name}={value}")]
    options = ("--processes", "1", "--sweep-every", "0.5", *settings)
    with (
        running_stack(tmp_path_factory.mktemp("job-stack"), options=options) as endpoints,
        connected(endpoints) as stack,
    ):
        yield stack


@pytest.fixture(scope="module")
def shared_model(shared_job_stack: Stack) -> Iterator[Emulator]:
    assert shared_job_stack.endpoints.openai is not None
    with Emulator(shared_job_stack.endpoints.openai) as emulator:
        yield emulator


@pytest.fixture
def model(shared_model: Emulator) -> Emulator:
    """The server behind `compatible:`, quick, and not called yet."""
    shared_model.play()
    shared_model.forget_calls()
    return shared_model


@pytest.fixture
def stack(shared_job_stack: Stack) -> Stack:
    shared_job_stack.emulator.play()
    shared_job_stack.emulator.forget_calls()
    return shared_job_stack


def test_a_jobs_text_grows_at_least_each_second(stack: Stack, model: Emulator, figures: Figures) -> None:
    model.play(firstTokenMs=200, interTokenMs=80)
    seen = ask(stack.person(), f"/say {TEXT}").watched()
    texts = [state["content"] for _, state in seen]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[-1] == TEXT
    assert [state for _, state in seen if state["status"] == "streaming"]
    last = seen[-1][1]
    assert (last["status"], last["stopReason"], last["usage"]["modelCalls"]) == ("completed", "end_turn", 1)
    grown = [at_s for at_s, state in seen if state["content"]]
    longest_s = max(later - earlier for earlier, later in pairwise(grown))
    figures(
        f"a streamed job: text grew {len(grown)} times, at the latest after {longest_s:.2f} s (budget 1 s)"
    )
    assert longest_s < BUDGET_S + SLACK_S
    [call] = model.calls()
    assert (call["operation"], call["modelId"]) == ("ConverseStream", "stand-in")


@pytest.mark.parametrize(
    ("fault", "code", "kind"),
    [
        ({"kind": "serviceUnavailableException"}, "MODEL_UNAVAILABLE", "provider"),
        ({"kind": "throttle_before"}, "MODEL_THROTTLED", "provider"),
        ({"kind": "silence", "afterDeltas": 2}, "DEADLINE", "timeout"),
        ({"kind": "silence"}, "DEADLINE", "timeout"),
        ({"kind": "validationException"}, "MODEL_REFUSED", "model"),
        ({"kind": "drop", "afterDeltas": 2}, "MODEL_STREAM_INTERRUPTED", "model"),
        ({"kind": "no_message_stop", "afterDeltas": 2}, "MODEL_STREAM_INTERRUPTED", "model"),
    ],
)
def test_each_kind_of_error_ends_in_its_code_and_state(
    stack: Stack, model: Emulator, figures: Figures, fault: dict[str, Any], code: str, kind: str
) -> None:
    model.play(fault={"times": None, **fault})
    state = ask(stack.person(), f"/say {TEXT}").ended()
    assert (state["status"], state["error"]["code"], state["error"]["kind"]) == ("failed", code, kind)
    assert state["content"] == ("Set number " if "afterDeltas" in fault else "")
    figures(f"a job whose model meets {fault['kind']}: failed, {code}, {kind}")


def test_a_store_that_is_away_at_the_end_is_a_store_failure(relayed: Relayed, figures: Figures) -> None:
    person = relayed.stack.person()
    relayed.ledger.expect(person.user, Outage(("T2",), STORE_AWAY_S))
    state = ask(person, f"/say {TEXT}").ended(within_s=60)
    assert (state["status"], state["content"]) == ("failed", TEXT)
    assert (state["error"]["code"], state["error"]["kind"]) == ("STORE_UNAVAILABLE", "store")
    figures(f"a job whose end the store refuses for {STORE_AWAY_S:g} s: failed, STORE_UNAVAILABLE, store")


def test_two_requests_with_one_key_are_one_job(stack: Stack, model: Emulator) -> None:
    person = stack.person()
    with ThreadPoolExecutor(4) as threads:
        jobs = list(threads.map(lambda _: ask(person, f"/say {TEXT}", key="once"), range(4)))
    assert {job.ended()["content"] for job in jobs} == {TEXT}
    assert len({job.id for job in jobs}) == 1
    assert len(model.calls()) == 1
    other = {"messages": [{"role": "user", "content": "Else"}]}
    headers = person.headers | {"idempotency-key": "once"}
    refused = stack.http.post("/api/chat", json=other, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_job_whose_worker_is_killed_fails_with_what_was_said(stack: Stack, model: Emulator) -> None:
    model.play(interTokenMs=300)
    job = ask(stack.person(), f"/say {TEXT}")
    job.until("streaming")
    [pid] = stack.endpoints.pids["worker"]
    os.kill(pid, signal.SIGKILL)
    state = job.ended()
    assert (state["status"], state["error"]["code"]) == ("failed", "MODEL_STREAM_INTERRUPTED")
    assert TEXT.startswith(state["content"])
    assert state["content"]
    model.play()
    assert ask(job.person, f"/say {TEXT}").ended()["status"] == "completed"


def test_a_job_can_be_stopped_while_it_streams(stack: Stack, model: Emulator) -> None:
    model.play(interTokenMs=300)
    job = ask(stack.person(), f"/say {TEXT}")
    job.until("streaming")
    answer = stack.http.delete(f"/api/chat/jobs/{job.id}", headers=job.person.headers)
    assert answer.status_code == 202
    state = job.ended()
    assert (state["status"], state["error"]["code"]) == ("cancelled", "CANCELLED")
    assert TEXT.startswith(state["content"])


def test_the_model_gets_all_messages_of_a_job(stack: Stack, model: Emulator) -> None:
    messages = [
        {"role": "user", "content": "I squat."},
        {"role": "assistant", "parts": [{"type": "text", "text": "Good."}]},
        {"role": "user", "content": f"/say {TEXT}"},
    ]
    person = stack.person()
    body = {"messages": messages, "system": "Be brief.", "temperature": 0.3, "maxTokens": 90}
    answer = stack.http.post("/api/chat", json=body, headers=person.headers).json()
    url = answer["pollUrl"]
    while stack.http.get(url, headers=person.headers).json()["status"] != "completed":
        continue
    [call] = model.calls()
    request = call["request"]
    assert [message["content"] for message in request["messages"]][-3:] == [
        "I squat.",
        "Good.",
        f"/say {TEXT}",
    ]
    assert request["messages"][0]["role"] == "system"
    assert (request["max_tokens"], request["temperature"]) == (90, 0.3)


def test_bedrock_answers_a_job_that_names_its_model(stack: Stack, model: Emulator) -> None:
    state = ask(stack.person(), f"/say {TEXT}", model="bedrock:us.amazon.nova-micro-v1:0").ended()
    assert (state["status"], state["content"]) == ("completed", TEXT)
    assert [call["modelId"] for call in stack.emulator.calls()] == ["us.amazon.nova-micro-v1:0"]
    assert model.calls() == []


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("openai:gpt-5", ["OPENAI_API_KEY"]),
        ("azure:mine", ["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"]),
    ],
)
def test_a_provider_that_is_not_set_up_is_refused_by_name(
    stack: Stack, model: Emulator, name: str, missing: list[str]
) -> None:
    body = {"model": name, "messages": [{"role": "user", "content": "Hi"}]}
    answer = stack.http.post("/api/chat", json=body, headers=stack.person().headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "PROVIDER_NOT_CONFIGURED")
    assert all(variable in answer.json()["detail"] for variable in missing)
    assert "GEMINI" not in answer.text


def test_jobs_are_nobody_elses_and_in_no_list(stack: Stack, model: Emulator) -> None:
    person, other = stack.person(), stack.person()
    job = ask(person, f"/say {TEXT}")
    stranger = stack.http.get(f"/api/chat/jobs/{job.id}", headers=other.headers)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "JOB_NOT_FOUND")
    job.ended()
    assert stack.http.get(person.path, headers=person.headers).json()["conversations"] == []


def test_a_live_turn_is_routed_and_answered_through_the_sdk(stack: Stack, model: Emulator) -> None:
    stream = stack.person().begin().say(f"/say {TEXT}")
    assert (stream.last["type"], stream.answer) == ("complete", TEXT)
    assert model.operations() == ["Converse", "ConverseStream"]
    router = model.calls()[0]["request"]
    assert router["tool_choice"]["function"]["name"] == "route_message"
    assert stack.emulator.calls() == []


def test_no_key_of_a_provider_is_in_any_log(stack: Stack, model: Emulator) -> None:
    ask(stack.person(), f"/say {TEXT}").ended()
    for log in Path(stack.log_file).parent.glob("*.log"):
        assert SETTINGS["GEMINI_API_KEY"].encode() not in log.read_bytes()
