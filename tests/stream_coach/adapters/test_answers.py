"""What is made of answers that are none, by the SDK's own clients over real sockets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import botocore.session
import pytest
from botocore.config import Config

from libs.coach_conversation.errors import ModelUnavailable, StoreUnavailable
from libs.coach_conversation.ports import Prompt, PromptMessage
from libs.coach_conversation.store.table import Delete, Key, Put, Query
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, TurnId, UserId
from stream_coach.adapters import answers
from stream_coach.adapters.bedrock import BedrockModel
from stream_coach.adapters.dynamodb import DynamoDbTable
from stream_coach.adapters.sqs import SqsTurnQueue
from tests.stream_coach.adapters.scripted_server import http_answer, serving

A: Final = Key("p", "a")
B: Final = Key("p", "b")
REF: Final = ConversationRef(UserId("u"), CoachId("atlas"), ConversationId("c"))
JUNK: Final = [b"", b"not json", b"{", b"[]", b"null", b"\xff\xfe\x00", b"<html>Bad gateway</html>"]


@contextmanager
def answered(body: bytes, service: str, *, status: int = 200) -> Iterator[Any]:
    """Give a client whose one request is answered with this body."""
    answer = http_answer(body, content_type="application/json")
    session: Any = botocore.session.Session()
    session.register(answers.BEFORE_PARSE, answers.check)
    with serving(answer.replace(b" 200 ", b" %d " % status, 1)) as server:
        client: Any = session.create_client(
            service,
            endpoint_url=f"http://127.0.0.1:{server.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10, proxies={}),
        )
        yield client
        client.close()


@pytest.mark.parametrize("body", JUNK)
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    "work",
    [
        lambda table: table.read([A]),
        lambda table: table.read([A, B]),
        lambda table: table.query(Query(pk="p", limit=1)),
        lambda table: table.commit([Delete(A)]),
        lambda table: table.commit([Put(A, {}), Delete(B)], token="t"),
    ],
    ids=["get", "batch get", "query", "delete", "transaction"],
)
def test_a_store_that_answers_with_junk_is_unavailable(
    work: Callable[[DynamoDbTable], object], status: int, body: bytes
) -> None:
    with answered(body, "dynamodb", status=status) as client, pytest.raises(StoreUnavailable):
        work(DynamoDbTable(client, "table"))


def test_a_transaction_is_answered_with_an_empty_object() -> None:
    with answered(b"{}", "dynamodb") as client:
        DynamoDbTable(client, "table").commit([Put(A, {}), Delete(B)], token="t")


@pytest.mark.parametrize("body", JUNK)
@pytest.mark.parametrize("status", [200, 503])
def test_what_a_queue_answered_with_junk_was_not_sent(status: int, body: bytes) -> None:
    with answered(body, "sqs", status=status) as client, pytest.raises(StoreUnavailable):
        SqsTurnQueue(lambda: client, "http://queue").send_turn(REF, TurnId("t"))


@pytest.mark.parametrize("body", JUNK)
@pytest.mark.parametrize("status", [200, 503])
def test_a_model_that_answers_with_junk_is_unavailable(status: int, body: bytes) -> None:
    prompt = Prompt(
        model_id="us.amazon.nova-micro-v1:0",
        system=(),
        messages=(PromptMessage("user", "Hi"),),
        max_tokens=10,
        temperature=None,
    )
    with answered(body, "bedrock-runtime", status=status) as client, pytest.raises(ModelUnavailable):
        BedrockModel(client).call(prompt).tool_answer()
