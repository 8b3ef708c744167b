"""The table port on DynamoDB."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.store.table import (
    Check,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Query,
    Table,
    Update,
    Write,
)
from stream_coach.adapters import dynamodb_expressions as expressions
from stream_coach.adapters.dynamodb_values import plain_item, stored_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

CONFLICT_RETRIES: Final = 4
CONFLICT_DELAY_S: Final = 0.02
PAGE_RETRIES: Final = 3
_CONDITION: Final = "ConditionalCheckFailed"
_CONFLICTS: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_CONFLICT_ERRORS: Final = frozenset({"TransactionInProgressException", "TransactionConflictException"})


class DynamoDbTable(Table):
    """Items of one DynamoDB table through one client, which any number of threads may share."""

    def __init__(
        self, client: "DynamoDBClient", name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._name, self._sleep = client, name, sleep

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Read by one GetItem, or one BatchGetItem for several keys."""
        if len(keys) == 1:
            found = self._call("get_item", TableName=self._name, Key=_key(keys[0]), ConsistentRead=True)
            return {keys[0]: plain_item(found["Item"])} if "Item" in found else {}
        wanted = {self._name: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        items: list[Item] = []
        for _ in range(PAGE_RETRIES):
            found = self._call("batch_get_item", RequestItems=wanted)
            items += [plain_item(item) for item in found["Responses"].get(self._name, [])]
            wanted = found.get("UnprocessedKeys") or {}
            if not wanted:
                return {Key(item["pk"], item["sk"]): item for item in items}
        raise StoreUnavailable("the store is too busy; try again")

    def query(self, query: Query) -> list[Item]:
        return [] if expressions.is_empty(query) else list(self._pages(query))

    def _pages(self, query: Query) -> Iterator[Item]:
        arguments = expressions.query(query) | {"TableName": self._name}
        left = query.limit
        while left > 0:
            page = self._call("query", **arguments, Limit=left)
            yield from (plain_item(item) for item in page["Items"])
            left -= len(page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def commit(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        """Write by one PutItem, UpdateItem or DeleteItem; by TransactWriteItems where several or a token."""
        for attempt in range(CONFLICT_RETRIES + 1):
            try:
                match writes:
                    case [Put() | Update() | Delete() as write] if token is None:
                        self._commit_one(write)
                    case _:
                        self._commit_all(writes, token)
            except _Conflict:
                if attempt == CONFLICT_RETRIES:
                    raise StoreUnavailable("others are writing the same items; try again") from None
                self._sleep(random.uniform(0.5, 1.5) * CONFLICT_DELAY_S * 2**attempt)  # noqa: S311 - jitter
            else:
                return

    def _commit_one(self, write: Put | Update | Delete) -> None:
        action = {Put: "put_item", Update: "update_item", Delete: "delete_item"}[type(write)]
        try:
            self._call(action, **self._arguments(write))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                item: Any = error.response.get("Item")
                raise ConditionFailed({0: plain_item(item) if item else None}) from None
            raise _translated(error) from error

    def _commit_all(self, writes: Sequence[Write], token: str | None) -> None:
        actions: Any = [{_action(write): self._arguments(write)} for write in writes]
        extra = {"ClientRequestToken": token[:36]} if token is not None else {}
        try:
            self._call("transact_write_items", TransactItems=actions, **extra)
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case "TransactionCanceledException":
                    raise _cancelled(error) from None
                case "IdempotentParameterMismatchException":
                    # Something was written under this token: whoever reads it sees whether it was this.
                    raise ConditionFailed({}) from None
            raise _translated(error) from error

    def _arguments(self, write: Write) -> dict[str, Any]:
        common = {"TableName": self._name, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        condition = expressions.Expression()
        match write:
            case Put(key, item, when):
                arguments: dict[str, Any] = {"Item": _key(key) | stored_item(item)}
            case Update(key, _, _, _, when):
                arguments = {"Key": _key(key), "UpdateExpression": expressions.update(write, condition)}
            case Delete(key, when) | Check(key, when):
                arguments = {"Key": _key(key)}
        if when:
            arguments["ConditionExpression"] = expressions.condition(when, condition)
        return common | arguments | condition.arguments()

    def _call(self, action: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, action)(**arguments)
        except BotoCoreError as error:
            raise StoreUnavailable("the store does not answer; try again") from error
        except ClientError as error:
            if action in ("get_item", "batch_get_item", "query"):
                raise _translated(error) from error
            raise


class _Conflict(Exception):
    """Another transaction holds one of the items; nothing was written."""


def _action(write: Write) -> str:
    """Return the word of TransactWriteItems for it."""
    return "ConditionCheck" if isinstance(write, Check) else type(write).__name__


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _cancelled(error: ClientError) -> Exception:
    response: Mapping[str, Any] = error.response
    reasons: Sequence[Mapping[str, Any]] = response.get("CancellationReasons", ())
    found = {
        position: plain_item(reason["Item"]) if reason.get("Item") else None
        for position, reason in enumerate(reasons)
        if reason.get("Code") == _CONDITION
    }
    if found:
        return ConditionFailed(found)
    if any(reason.get("Code") in _CONFLICTS for reason in reasons):
        return _Conflict()
    codes = [reason.get("Code") for reason in reasons]
    return ValueError(f"the store refused a transaction: {codes}")


def _translated(error: ClientError) -> Exception:
    """Return the domain's word for a service error; a request that is wrong in itself is a bug."""
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code in _CONFLICT_ERRORS:
        return _Conflict()
    if status >= 500 or "Throttl" in code or "Throughput" in code or "RequestLimit" in code:
        return StoreUnavailable("the store is not available; try again")
    return error
