"""What the adapter makes of DynamoDB's answers; what it stores and finds is tests/contracts."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.store.table import (
    Absent,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Query,
    Update,
    Write,
)
from stream_coach.adapters.dynamodb import CONFLICT_RETRIES, PAGE_RETRIES, DynamoDbTable

A: Final = Key("p", "a")
B: Final = Key("p", "b")
ITEM_A: Final = {"pk": {"S": "p"}, "sk": {"S": "a"}, "n": {"N": "1"}}
ONE: Final[list[Write]] = [Put(A, {"n": 1}, when=(Absent("pk"),))]
TWO: Final[list[Write]] = [Put(A, {}), Delete(B)]


class Client:
    """Plays back what DynamoDB answered, and keeps what it was asked."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.asked.append((operation, arguments))
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def table(client: Client, slept: list[float] | None = None) -> DynamoDbTable:
    found: Any = client
    return DynamoDbTable(found, "table", sleep=(slept if slept is not None else []).append)


def error(code: str, status: int = 400, **extra: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "secret"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **extra,
    }
    return ClientError(response, "Operation")


def cancelled(*codes: str, item: dict[str, Any] | None = None) -> ClientError:
    reasons = [{"Code": code} | ({"Item": item} if item and code != "None" else {}) for code in codes]
    return error("TransactionCanceledException", CancellationReasons=reasons)


CONFLICT: Final = cancelled("None", "TransactionConflict")


def test_a_conflict_is_tried_again_after_a_growing_pause() -> None:
    client, slept = Client(CONFLICT, CONFLICT, CONFLICT, {}), list[float]()
    table(client, slept).commit(TWO, token="t")
    assert [operation for operation, _ in client.asked] == ["transact_write_items"] * 4
    assert len(slept) == 3
    assert all(low <= pause <= 3 * low for low, pause in zip((0.01, 0.02, 0.04), slept, strict=True))


def test_every_try_carries_the_same_token() -> None:
    client = Client(CONFLICT, CONFLICT, {})
    table(client).commit(TWO, token="t")
    assert [arguments["ClientRequestToken"] for _, arguments in client.asked] == ["t", "t", "t"]


def test_endless_conflicts_are_an_unavailable_store() -> None:
    client = Client(*[CONFLICT] * (CONFLICT_RETRIES + 1))
    with pytest.raises(StoreUnavailable, match="others are writing the same items"):
        table(client).commit(TWO)
    assert len(client.asked) == 5


def test_a_token_that_was_used_is_a_condition_that_tells_nothing() -> None:
    client = Client(error("IdempotentParameterMismatchException"))
    with pytest.raises(ConditionFailed) as caught:
        table(client).commit(TWO, token="t")
    assert caught.value.found == {}


@pytest.mark.parametrize(
    ("number", "text"),
    [(100, "100"), (100.0, "100"), (0.0, "0"), (4e-05, "0.00004"), (12.50, "12.5"), (1e22, "1" + "0" * 22)],
)
def test_a_number_is_written_as_dynamodb_writes_it(number: float, text: str) -> None:
    client = Client({})
    table(client).commit([Put(A, {"n": number})])
    assert client.asked[0][1]["Item"]["n"] == {"N": text}


@pytest.mark.parametrize("code", ["TransactionInProgressException", "TransactionConflictException"])
def test_a_conflict_of_another_name_is_tried_again(code: str) -> None:
    client = Client(error(code), {})
    table(client).commit(ONE)
    assert len(client.asked) == 2


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_tried_again(code: str) -> None:
    client = Client(cancelled("None", code), {})
    table(client).commit(TWO)
    assert len(client.asked) == 2


def test_a_failed_condition_counts_more_than_a_conflict_beside_it() -> None:
    client = Client(cancelled("ConditionalCheckFailed", "TransactionConflict", item=ITEM_A))
    with pytest.raises(ConditionFailed) as caught:
        table(client).commit(TWO)
    assert caught.value.found == {0: {"pk": "p", "sk": "a", "n": 1}}


def test_a_failed_condition_is_not_tried_again() -> None:
    client = Client(error("ConditionalCheckFailedException", Item=ITEM_A))
    with pytest.raises(ConditionFailed):
        table(client).commit(ONE)
    assert len(client.asked) == 1


@pytest.mark.parametrize(
    "cause",
    [
        EndpointConnectionError(endpoint_url="https://example"),
        ConnectTimeoutError(endpoint_url="https://example"),
        ReadTimeoutError(endpoint_url="https://example"),
        ConnectionClosedError(endpoint_url="https://example"),
        BotoCoreError(),
        error("InternalServerError", 500),
        error("ServiceUnavailable", 503),
        error("ThrottlingException"),
        error("ProvisionedThroughputExceededException"),
        error("RequestLimitExceeded"),
    ],
    ids=lambda cause: (
        type(cause).__name__ if isinstance(cause, BotoCoreError) else cause.response["Error"]["Code"]
    ),
)
@pytest.mark.parametrize(
    "work",
    [
        lambda store: store.read([A]),
        lambda store: store.read([A, B]),
        lambda store: store.query(Query(pk="p", limit=1)),
        lambda store: store.commit(ONE),
        lambda store: store.commit([Update(A, set={"n": 1})]),
        lambda store: store.commit([Delete(A)]),
        lambda store: store.commit(TWO, token="t"),
    ],
    ids=["get", "batch get", "query", "put", "update", "delete", "transaction"],
)
def test_a_store_that_cannot_answer_is_unavailable(
    work: Callable[[DynamoDbTable], object], cause: Exception
) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        work(table(Client(cause)))
    assert caught.value.__cause__ is cause
    assert "secret" not in str(caught.value)
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "code", ["ValidationException", "ResourceNotFoundException", "AccessDeniedException"]
)
@pytest.mark.parametrize(
    "work",
    [
        lambda store: store.read([A]),
        lambda store: store.query(Query(pk="p", limit=1)),
        lambda store: store.commit(ONE),
        lambda store: store.commit(TWO),
    ],
    ids=["get", "query", "put", "transaction"],
)
def test_a_request_that_is_wrong_in_itself_is_a_fault_of_ours(
    work: Callable[[DynamoDbTable], object], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        work(table(Client(error(code))))


def test_a_transaction_cancelled_for_another_reason_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match=r"\['None', 'ValidationError'\]"):
        table(Client(cancelled("None", "ValidationError"))).commit(TWO)


def test_one_key_is_read_by_get_item() -> None:
    client = Client({"Item": ITEM_A})
    assert table(client).read([A]) == {A: {"pk": "p", "sk": "a", "n": 1}}
    key = {"pk": {"S": "p"}, "sk": {"S": "a"}}
    assert client.asked == [("get_item", {"TableName": "table", "Key": key, "ConsistentRead": True})]


def test_keys_that_were_not_processed_are_asked_for_again() -> None:
    left = {"table": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "a"}}], "ConsistentRead": True}}
    client = Client(
        {"Responses": {}, "UnprocessedKeys": left},
        {"Responses": {"table": [ITEM_A]}, "UnprocessedKeys": {}},
    )
    assert table(client).read([A, B]) == {A: {"pk": "p", "sk": "a", "n": 1}}
    assert client.asked[1] == ("batch_get_item", {"RequestItems": left})


def test_keys_that_are_never_processed_are_an_unavailable_store() -> None:
    left = {"table": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "a"}}], "ConsistentRead": True}}
    client = Client(*[{"Responses": {}, "UnprocessedKeys": left}] * PAGE_RETRIES)
    with pytest.raises(StoreUnavailable):
        table(client).read([A, B])


def test_pages_are_asked_for_until_the_limit_is_reached() -> None:
    last = {"pk": {"S": "p"}, "sk": {"S": "a"}}
    client = Client(
        {"Items": [ITEM_A], "LastEvaluatedKey": last}, {"Items": [ITEM_A], "LastEvaluatedKey": last}
    )
    assert len(table(client).query(Query(pk="p", limit=2))) == 2
    assert [arguments["Limit"] for _, arguments in client.asked] == [2, 1]
    assert client.asked[1][1]["ExclusiveStartKey"] == last


def test_an_empty_page_is_not_the_end() -> None:
    last = {"pk": {"S": "p"}, "sk": {"S": "a"}}
    client = Client({"Items": [], "LastEvaluatedKey": last}, {"Items": [ITEM_A]})
    assert len(table(client).query(Query(pk="p", limit=5))) == 1


def test_an_empty_range_is_not_asked_for() -> None:
    client = Client()
    assert table(client).query(Query(pk="p", prefix="M#", before="M#", limit=5)) == []
    assert client.asked == []


@pytest.mark.parametrize(
    ("query", "consistent"),
    [
        (Query(pk="p", limit=1), True),
        (Query(pk="p", limit=1, consistent=False), False),
        (Query(pk="p", limit=1, index="GSI1"), False),
    ],
)
def test_a_range_is_read_consistently_but_for_an_index(query: Query, *, consistent: bool) -> None:
    client = Client({"Items": []})
    table(client).query(query)
    assert client.asked[0][1]["ConsistentRead"] is consistent


def test_a_write_without_a_token_is_one_plain_request() -> None:
    client = Client({})
    table(client).commit([Put(A, {"n": 1}, when=(Absent("pk"),))])
    item = {"pk": {"S": "p"}, "sk": {"S": "a"}, "n": {"N": "1"}}
    assert client.asked == [
        (
            "put_item",
            {
                "TableName": "table",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                "Item": item,
                "ConditionExpression": "attribute_not_exists(#pk)",
                "ExpressionAttributeNames": {"#pk": "pk"},
            },
        )
    ]


def test_a_single_write_with_a_token_is_a_transaction() -> None:
    client = Client({})
    table(client).commit(ONE, token="t")
    assert client.asked[0][0] == "transact_write_items"


def test_a_value_that_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="a bytes cannot be stored"):
        table(Client()).commit([Put(A, {"n": b"1"})])
