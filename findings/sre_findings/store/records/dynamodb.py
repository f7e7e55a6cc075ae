"""The table in DynamoDB.

The keys are ``pk`` and ``sk`` (strings). ``body`` contains the row as JSON text, and ``expires``
its expiry (TTL).
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sre_findings.aws_errors import failure_of, first_line, sdk_errors
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.aws import home_region
from sre_findings.store.records.table import LAST, Row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table as BotoTable

# Concurrent queries of this process. Three hundred accounts take ten times as long as one.
_AT_ONCE = 32


class DynamoTable:
    """Rows in one DynamoDB table. boto3 retries batches until every item is processed."""

    def __init__(self, name: str, table: BotoTable | None = None) -> None:
        self._name = name
        with self._mapped("reach"):
            self._table = table or _connect(name)

    def put(self, rows: Iterable[Row]) -> None:
        """See Table."""
        with (
            self._mapped("write"),
            self._table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch,
        ):
            for row in rows:
                batch.put_item(Item=_item(row))

    def create(self, row: Row) -> bool:
        """See Table."""
        return self._put_if(row, {"ConditionExpression": "attribute_not_exists(pk)"})

    def replace(self, old: Row, new: Row) -> bool:
        """See Table. Uses a conditional put, so that the permission for it is enough."""
        condition = {
            "ConditionExpression": "body = :old",
            "ExpressionAttributeValues": {":old": _item(old)["body"]},
        }
        return self._put_if(new, condition)

    def _put_if(self, row: Row, condition: Mapping[str, Any]) -> bool:
        with self._mapped("write"):
            try:
                self._table.put_item(Item=_item(row), **condition)
            except self._table.meta.client.exceptions.ConditionalCheckFailedException as error:
                # If the response to a successful attempt was lost, the SDK's retry finds our own
                # row.
                repeated = failure_of(error).attempts > 0
                return repeated and next(self.query(row.partition, row.sort, row.sort), None) == row
        return True

    def remove(self, partition: str, sort: str) -> None:
        """See Table. Uses a batch of one, so that the permission for batch writes is enough."""
        with self._mapped("write"), self._table.batch_writer() as batch:
            batch.delete_item(Key={"pk": partition, "sk": sort})

    def query(
        self, partition: str, first: str = "", last: str = LAST, *, newest: int | None = None
    ) -> Iterator[Row]:
        """See Table. Reads are strongly consistent, so a writer can read its own rows."""
        from boto3.dynamodb.conditions import Key

        if newest == 0 or first > last:
            return
        sort = Key("sk").between(first, last) if first else Key("sk").lte(last)
        query: dict[str, Any] = {
            "KeyConditionExpression": Key("pk").eq(partition) & sort,
            "ConsistentRead": True,
        }
        if newest:
            query |= {"ScanIndexForward": False, "Limit": newest}
        count = 0
        while True:
            with self._mapped("read"):
                page = self._table.query(**query)
            for item in page["Items"]:
                yield _row(item)
                count += 1
                if count == newest:
                    return
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def query_each(
        self, partition: str, ranges: Sequence[tuple[str, str]], *, newest: int | None = None
    ) -> Iterator[list[Row]]:
        """See Table. DynamoDB has no query for several ranges, so queries run concurrently."""

        def rows(some: tuple[str, str]) -> list[Row]:
            return list(self.query(partition, *some, newest=newest))

        return iter([rows(ranges[0])]) if len(ranges) == 1 else self._pool.map(rows, ranges)

    @functools.cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="table")

    @contextlib.contextmanager
    def _mapped(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sdk_errors() as error:
            do = (
                self._allow(error)
                or "Check SRE_TABLE, the role's permissions and your credentials."
            )
            why = first_line(error)
            raise StoreUnreadable(
                f"cannot {doing} the table {self._name}", why=why, do=do
            ) from error

    def _allow(self, error: Exception) -> str:
        """Returns the policy statement that would allow a denied request, or an empty string."""
        failure = failure_of(error)
        partition = self._table.meta.client.meta.partition if failure.answered else ""
        return failure.remedy("dynamodb", f"arn:{partition}:dynamodb:*:*:table/{self._name}")


def _item(row: Row) -> dict[str, Any]:
    item: dict[str, Any] = {
        "pk": row.partition,
        "sk": row.sort,
        "body": json.dumps(row.values, separators=(",", ":")),
    }
    return item if row.expires is None else item | {"expires": row.expires}


def _row(item: dict[str, Any]) -> Row:
    expires = item.get("expires")
    return Row(
        item["pk"], item["sk"], json.loads(item["body"]), None if expires is None else int(expires)
    )


def _connect(name: str) -> BotoTable:
    import boto3
    import botocore.config

    options: dict[str, Any] = {
        "connect_timeout": 5,
        "read_timeout": 20,
        "max_pool_connections": _AT_ONCE,
        "retries": {"mode": "standard", "total_max_attempts": 8},
    }
    return boto3.resource(
        "dynamodb", region_name=home_region(), config=botocore.config.Config(**options)
    ).Table(name)
