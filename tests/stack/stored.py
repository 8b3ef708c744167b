"""The table of a running stack, read past everything that is under test."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from local.endpoints import Endpoints

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

type Item = dict[str, Any]


class StoredTable:
    """Consistent reads of the items of conversations, and writes past all conditions."""

    def __init__(self, endpoints: Endpoints) -> None:
        unset: Any = (None, None, None, None)
        core = botocore.session.Session(
            session_vars={"profile": unset, "config_file": unset, "credentials_file": unset}
        )
        session = boto3.Session("local", "local", region_name=endpoints.region, botocore_session=core)
        config = Config(proxies={}, connect_timeout=2, read_timeout=10)
        dynamodb = session.resource("dynamodb", endpoint_url=endpoints.aws, config=config)
        self._table: Table = dynamodb.Table(endpoints.table_name)

    def messages(self, user: str, conversation: str) -> list[Item]:
        """Return the messages, oldest first."""
        return self._items(f"U#{user}#C#{conversation}", "M#")

    def log(self, user: str, conversation: str, turn_id: str) -> list[Item]:
        """Return the entries of a turn's event log."""
        return self._items(f"U#{user}#C#{conversation}", f"EV#{turn_id}#")

    def turn(self, user: str, conversation: str, turn_id: str) -> Item:
        return self._item(f"U#{user}#C#{conversation}", f"TURN#{turn_id}")

    def meta(self, user: str, conversation: str) -> Item:
        return self._item(f"U#{user}#C#{conversation}", "META")

    def everything(self, user: str, conversation: str) -> list[Item]:
        """Return all that is left of a conversation."""
        return self._items(f"U#{user}#C#{conversation}", "")

    def notes(self, user: str) -> list[Item]:
        """Return of what of the person's the vector index still has to be told."""
        return self._items(f"U#{user}", "VEC#")

    def naming(self, user: str) -> list[Item]:
        """Return all items in which the person's id is to be found, wherever they lie."""
        found: list[Item] = []
        page = self._table.scan(ConsistentRead=True)
        while True:
            found += [dict(item) for item in page["Items"] if user in str(item)]
            if "LastEvaluatedKey" not in page:
                return found
            page = self._table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])

    def put(self, items: Iterable[Item]) -> None:
        with self._table.batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)

    def delete(self, items: Iterable[Item]) -> None:
        with self._table.batch_writer() as batch:
            for item in items:
                batch.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})

    def count(self) -> int:
        """Return how many items the whole table has."""
        total, page = 0, self._table.scan(Select="COUNT", ConsistentRead=True)
        while True:
            total += page["Count"]
            if "LastEvaluatedKey" not in page:
                return total
            page = self._table.scan(
                Select="COUNT", ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"]
            )

    def _item(self, pk: str, sk: str) -> Item:
        found = self._table.get_item(Key={"pk": pk, "sk": sk}, ConsistentRead=True)
        return dict(found["Item"])

    def _items(self, pk: str, prefix: str) -> list[Item]:
        condition, values = "pk = :pk", {":pk": pk}
        if prefix:
            condition, values = f"{condition} AND begins_with(sk, :prefix)", {**values, ":prefix": prefix}
        found = self._table.query(
            KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
        )
        return [dict(item) for item in found["Items"]]
