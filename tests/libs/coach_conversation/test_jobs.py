"""Jobs: stored for the worker, run by it, polled; their states and the codes of their errors."""

import time
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation import conversations, sweeping
from libs.coach_conversation.chats import jobs
from libs.coach_conversation.chats.chats import chat_of
from libs.coach_conversation.errors import (
    IdempotencyKeyReused,
    JobNotFound,
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
    ProviderNotConfigured,
    RateLimited,
    StoreUnavailable,
)
from libs.coach_conversation.personal_data import erasure
from libs.coach_conversation.ports import Delta, LanguageModel, ModelCall, Prompt
from libs.coach_conversation.store import items, transitions
from libs.coach_conversation.types import Chat, Limits, PromptMessage, TurnRecord, UserId
from libs.lambda_runtime import Context
from stream_coach.deliveries import worker
from tests.fakes.clock import FakeClock, RunningClock
from tests.fakes.executors import ThreadExecutor
from tests.fakes.faults import FaultyTable, refused
from tests.fakes.model import FakeModel, Gate, Step, answering
from tests.fakes.ports import ALICE, ATLAS, FakeQueue, make_ports
from tests.fakes.table import FakeTable

EARLIER: Final = (PromptMessage("user", "I squat."), PromptMessage("assistant", "Good."))
CHAT: Final = chat_of([*EARLIER, PromptMessage("user", "How deep?")], system="Be brief.", temperature=0.3)
QUICK: Final = Limits(log_tick_s=0.001, turns_per_minute=0)


class Bench:
    """Jobs on fakes, with a worker that is called by hand."""

    def __init__(self, *answers: tuple[Step, ...], limits: Limits = QUICK, **overrides: Any) -> None:
        self.stored, self.threads, self.model = FakeTable(), ThreadExecutor(), FakeModel(*answers)
        self.table, self.clock = FaultyTable(self.stored), overrides.pop("clock", None) or FakeClock()
        known: dict[str, Any] = {"model": self.model, "executor": self.threads, "limits": limits}
        self.ports = make_ports(table=self.table, clock=self.clock, **known | overrides)

    def begin(self, chat: Chat = CHAT, *, key: str = "k-1", user: UserId = ALICE) -> TurnRecord:
        return jobs.begin(user, chat, key=key, ports=self.ports)

    def work(self, record: TurnRecord) -> None:
        context = Context("r-1", time.monotonic() + 300)
        worker.run_queued(record.conversation, record.turn_id, context, self.ports)
        self.threads.join()

    def state(self, record: TurnRecord) -> dict[str, Any]:
        return jobs.state(jobs.find(ALICE, record.turn_id, self.ports), self.ports)


def test_a_job_goes_from_pending_to_completed_by_the_worker_alone() -> None:
    bench = Bench(answering("To ", "parallel."))
    record = bench.begin()
    assert bench.state(record) == {
        "jobId": record.turn_id,
        "status": "pending",
        "content": "",
        "progress": "received",
    }
    bench.work(record)
    state = bench.state(record)
    assert (state["status"], state["content"], state["stopReason"]) == (
        "completed",
        "To parallel.",
        "end_turn",
    )
    assert state["usage"]["modelCalls"] == 1


def test_the_model_gets_the_messages_and_neither_a_router_nor_a_coach() -> None:
    bench = Bench()
    bench.work(bench.begin(replace(CHAT, model_id="us.amazon.nova-micro-v1:0")))
    *_, prompt = bench.model.prompts
    assert prompt.messages == CHAT.messages
    assert (prompt.system, prompt.model_id, prompt.temperature) == (
        ("Be brief.",),
        "us.amazon.nova-micro-v1:0",
        0.3,
    )
    assert bench.model.routed == []


def test_text_grows_while_the_job_streams() -> None:
    gate = Gate()
    bench = Bench((Delta("To "), gate, *answering("parallel.")))
    record = bench.begin()
    running = bench.threads.submit(
        lambda: worker.run_queued(
            record.conversation, record.turn_id, Context("r-1", time.monotonic() + 300), bench.ports
        )
    )
    assert gate.reached.wait(10)
    until = time.monotonic() + 10
    while bench.state(record)["content"] != "To " and time.monotonic() < until:
        time.sleep(0.001)
    state = bench.state(record)
    assert (state["status"], state["content"]) == ("streaming", "To ")
    gate.open()
    running.result(10)
    assert bench.state(record)["content"] == "To parallel."


@pytest.mark.parametrize(
    ("failure", "code", "kind"),
    [
        (ModelUnavailable("down"), "MODEL_UNAVAILABLE", "provider"),
        (ModelThrottled("busy"), "MODEL_THROTTLED", "provider"),
        (ModelRefused("no"), "MODEL_REFUSED", "model"),
        (ModelStreamInterrupted("cut"), "MODEL_STREAM_INTERRUPTED", "model"),
    ],
)
def test_a_failing_model_ends_the_job_with_its_code_and_kind(
    failure: Exception, code: str, kind: str
) -> None:
    bench = Bench((failure,))
    record = bench.begin()
    bench.work(record)
    state = bench.state(record)
    assert (state["status"], state["error"]["code"], state["error"]["kind"]) == ("failed", code, kind)


def test_a_silent_model_is_a_timeout() -> None:
    bench = Bench((Delta("To "), Gate()), limits=replace(QUICK, delta_timeout_s=0.01), clock=RunningClock())
    record = bench.begin()
    bench.work(record)
    state = bench.state(record)
    assert (state["status"], state["content"]) == ("failed", "To ")
    assert (state["error"]["code"], state["error"]["kind"]) == ("DEADLINE", "timeout")


def test_an_answer_that_could_not_be_saved_is_a_store_failure_once_the_store_is_back() -> None:
    bench = Bench(answering("To parallel."), limits=replace(QUICK, log_tick_s=60.0))
    record = bench.begin()
    bench.table.next("commit", lambda claim: claim(), *[refused] * 8)
    bench.work(record)
    state = bench.state(record)
    assert (state["status"], state["content"]) == ("failed", "To parallel.")
    assert (state["error"]["code"], state["error"]["kind"]) == ("STORE_UNAVAILABLE", "store")


def test_the_same_key_is_the_same_job_and_asks_no_model_twice() -> None:
    bench = Bench()
    first = bench.begin()
    bench.work(first)
    again = bench.begin()
    bench.work(again)
    assert (again.turn_id, again.status) == (first.turn_id, "completed")
    assert bench.state(again)["usage"]["modelCalls"] == 1
    assert bench.begin(user=UserId("bob")).turn_id != first.turn_id
    with pytest.raises(IdempotencyKeyReused):
        bench.begin(replace(CHAT, system="Be long."))


def test_nobody_sees_a_job_of_somebody_else_or_one_that_has_expired() -> None:
    bench = Bench()
    record = bench.begin()
    with pytest.raises(JobNotFound):
        jobs.find(UserId("bob"), record.turn_id, bench.ports)
    bench.clock.advance(items.TURN_TTL_S + 1)
    with pytest.raises(JobNotFound):
        jobs.find(ALICE, record.turn_id, bench.ports)


def test_all_that_a_job_leaves_expires_and_no_conversation_is_listed() -> None:
    bench = Bench()
    record = bench.begin()
    bench.work(record)
    kept = bench.stored.all()
    assert {key.sk.partition("#")[0] for key in kept} == {"CONV", "META", "TURN", "M", "CHAT", "EV"}
    assert all("ttl" in bench.stored.read([key])[key] for key in kept)
    assert conversations.page(ALICE, ATLAS, bench.ports, before=None, limit=10).conversations == ()


def test_deleting_a_persons_data_takes_their_jobs_along() -> None:
    bench = Bench()
    bench.work(bench.begin())
    begun = erasure.begin(ALICE, bench.ports)
    assert erasure.go_on(begun, bench.ports, until_s=bench.clock.monotonic_s() + 60)
    assert [key for key in bench.stored.all() if not key.pk.startswith("GONE#")] == []


def test_a_pending_job_is_cancelled_at_once_and_a_finished_one_stays() -> None:
    bench = Bench()
    record = bench.begin()
    assert jobs.cancel(ALICE, record.turn_id, bench.ports).status == "cancelled"
    bench.work(record)
    assert bench.state(record)["error"]["kind"] == "cancelled"
    finished = bench.begin(key="k-2")
    bench.work(finished)
    assert jobs.cancel(ALICE, finished.turn_id, bench.ports).status == "completed"


def test_a_job_whose_workers_die_is_sent_again_and_has_failed_in_the_end() -> None:
    bench = Bench()
    record = bench.begin()
    queue = bench.ports.queue
    assert isinstance(queue, FakeQueue)
    for _ in range(sweeping.MAX_ATTEMPTS):
        bench.clock.advance(100)
        record = jobs.find(ALICE, record.turn_id, bench.ports)
        bench.stored.commit(transitions.claim(record, now_ms=bench.clock.now_ms(), lease_ms=15_000))
        bench.clock.advance(100)
        sweeping.sweep(bench.ports)
    assert len(queue.sent) == sweeping.MAX_ATTEMPTS - 1
    state = bench.state(record)
    assert (state["status"], state["error"]["code"]) == ("failed", "MODEL_STREAM_INTERRUPTED")


def test_jobs_count_against_the_persons_limit() -> None:
    bench = Bench(limits=replace(QUICK, turns_per_minute=1))
    bench.begin()
    with pytest.raises(RateLimited):
        bench.begin(key="k-2")


class Unconfigured(LanguageModel):
    def call(self, prompt: Prompt) -> ModelCall:
        raise ProviderNotConfigured("openai", ["OPENAI_API_KEY"])


def test_a_job_for_a_provider_that_is_not_set_up_is_never_stored() -> None:
    bench = Bench(model=Unconfigured())
    with pytest.raises(ProviderNotConfigured, match="OPENAI_API_KEY"):
        bench.begin()
    assert not bench.stored.all()


def test_a_store_that_is_away_refuses_the_job() -> None:
    bench = Bench()
    bench.table.away = True
    with pytest.raises(StoreUnavailable):
        bench.begin()


def test_what_was_asked_survives_the_table() -> None:
    bench = Bench()
    record = bench.begin(replace(CHAT, max_tokens=7))
    bench.work(record)
    assert bench.model.prompts[-1].max_tokens == 7
