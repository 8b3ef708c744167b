"""Jobs over HTTP: who may ask, what is answered, what is sent to the worker."""

import json
from collections.abc import Iterator

import pytest

from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.types import Task
from stream_coach.deliveries import queue_messages
from tests.fakes.ports import FakeQueue
from tests.stream_coach.test_api import Service, asking, document, refusal, token

BODY = {"messages": [{"role": "user", "content": "How deep?"}]}


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.threads.join()


def test_a_job_is_accepted_with_its_address_and_told_to_the_worker(service: Service) -> None:
    answer = service.handle(asking("POST", "/api/chat", BODY))
    job = document(answer)
    assert (answer.status, job["status"]) == (202, "pending")
    assert answer.headers["location"] == job["pollUrl"] == f"/api/chat/jobs/{job['jobId']}"
    queue = service.ports.queue
    assert isinstance(queue, FakeQueue)
    [(ref, turn_id)] = queue.sent
    assert (ref.user_id, turn_id) == ("demo", job["jobId"])
    sent = {"userId": ref.user_id, "coachId": ref.coach_id, "conversationId": ref.conversation_id}
    assert queue_messages.asked(json.dumps({**sent, "turnId": turn_id})).conversation == ref
    polled = service.handle(asking("GET", job["pollUrl"]))
    assert (polled.status, polled.headers["retry-after"]) == (200, "1")


def test_a_job_is_stopped_by_deleting_it(service: Service) -> None:
    url = document(service.handle(asking("POST", "/api/chat", BODY)))["pollUrl"]
    answer = service.handle(asking("DELETE", url))
    assert (answer.status, document(answer)["status"]) == (200, "cancelled")
    assert "retry-after" not in service.handle(asking("GET", url)).headers


def test_the_key_in_the_header_wins_over_the_one_in_the_body(service: Service) -> None:
    def job(client_message_id: str, **headers: str) -> str:
        body = BODY | {"clientMessageId": client_message_id}
        found: str = document(service.handle(asking("POST", "/api/chat", body, **headers)))["jobId"]
        return found

    assert job("one", idempotency_key="k") == job("two", idempotency_key="k")
    assert job("one") == job("one") != job("two")


def test_nobody_polls_without_a_token_or_a_job_of_somebody_else(service: Service) -> None:
    url = document(service.handle(asking("POST", "/api/chat", BODY)))["pollUrl"]
    eve = asking("GET", url, authorization=f"Bearer {token('eve')}")
    assert refusal(service.handle(eve)) == (404, "JOB_NOT_FOUND")
    stranger = asking("GET", url)
    del stranger["headers"]["authorization"]
    assert refusal(service.handle(stranger)) == (401, "MISSING_AUTH_HEADER")


@pytest.mark.parametrize(
    "body", [{}, {"messages": []}, {"messages": [{"role": "assistant", "content": "a"}]}]
)
def test_a_job_without_a_question_is_refused_and_costs_nothing(service: Service, body: object) -> None:
    before = len(service.stored.all())
    assert refusal(service.handle(asking("POST", "/api/chat", body))) == (400, "INVALID_USER_RESPONSE")
    assert len(service.stored.all()) == before


class AwayQueue(FakeQueue):
    def send_turn(self, *_: object) -> None:
        raise StoreUnavailable("the queue is away")

    def send_task(self, *args: object) -> None:
        raise AssertionError(Task)


def test_a_job_whose_message_is_lost_is_accepted_for_the_sweeper_sends_it() -> None:
    service = Service(queue=AwayQueue())
    assert service.handle(asking("POST", "/api/chat", BODY)).status == 202
