"""Runs one Athena query: starts it, waits for it and reads its result page by page.

Athena returns all values as text, which is converted to the types of the columns.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sre_findings.aws_errors import store_errors
from sre_findings.engine.catalogue import Batch
from sre_findings.model.errors import Rejected, Unreachable, Unreadable

_DO = (
    "Check SRE_ENGINE and the permissions of your role on Athena, Glue and the workgroup's result"
    " bucket."
)
_PAGE = 1000  # rows per response, the service's limit
_OVER_LIMIT = "Bytes scanned limit"

_CASTS: Mapping[str, Callable[[str], Any]] = {
    "boolean": "true".__eq__,
    **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint"), int),
    **dict.fromkeys(("double", "float", "real"), float),
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one query may take, in seconds, and how to poll its state.

    ``wait`` sleeps for a number of seconds, and ``clock`` returns a monotonic time.
    """

    timeout: float
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def pause(self, seconds: float, until: float) -> None:
        """Waits. Raises Unreachable if the wait would exceed the timeout."""
        if self.clock() + seconds > until:
            do = "Narrow the query, or set timeout= in SRE_ENGINE."
            raise Unreachable(f"Athena did not answer within {self.timeout:.0f} s", do=do)
        self.wait(seconds)


def run(
    client: Any, text: str, database: str, workgroup: str, patience: Patience
) -> Iterator[Batch]:
    """Yields the rows of a query, one page per batch.

    If the wait ends early for any reason, the query is stopped, to limit its cost. Raises
    Unreachable on a timeout, and Rejected if Athena rejects the query or if it would scan more
    than the workgroup allows.
    """
    with store_errors("Athena cannot be queried", do=_DO):
        context = {"Database": database}
        started = client.start_query_execution(
            QueryString=text, QueryExecutionContext=context, WorkGroup=workgroup
        )
    number = started["QueryExecutionId"]
    _finish(client, number, workgroup, patience)
    yield from _pages(client, number)


def _finish(client: Any, number: str, workgroup: str, patience: Patience) -> None:
    """Waits until the query has succeeded. Raises Rejected or Unreachable otherwise."""
    until, pause = patience.clock() + patience.timeout, 0.1
    try:
        while (status := _status(client, number))["State"] in ("QUEUED", "RUNNING"):
            patience.pause(pause, until)
            pause = min(pause * 1.5, 2.0)
    except BaseException:
        with (
            contextlib.suppress(Unreadable),
            store_errors("the Athena query cannot be stopped", do=_DO),
        ):
            client.stop_query_execution(QueryExecutionId=number)
        raise
    if status["State"] != "SUCCEEDED":
        raise _failure(status, number, workgroup)


def _status(client: Any, number: str) -> Mapping[str, Any]:
    with store_errors("the state of the Athena query cannot be read", do=_DO):
        status: Mapping[str, Any] = client.get_query_execution(QueryExecutionId=number)[
            "QueryExecution"
        ]["Status"]
        return status


def _failure(status: Mapping[str, Any], number: str, workgroup: str) -> Rejected:
    why = str(status.get("StateChangeReason") or status["State"])
    if _OVER_LIMIT in why:
        do = "Query fewer snapshots, or raise BytesScannedCutoffPerQuery."
        return Rejected(
            f"the query would scan more than the workgroup {workgroup} allows", why=why, do=do
        )
    return Rejected("the Athena query failed", why=why, do=f"See the query {number} in Athena.")


def _pages(client: Any, number: str) -> Iterator[Batch]:
    """Yields the result page by page. The first row is the header and is skipped."""
    token: dict[str, str] = {}
    header = 1
    while True:
        with store_errors("the result of the Athena query cannot be read", do=_DO):
            page = client.get_query_results(QueryExecutionId=number, MaxResults=_PAGE, **token)
        found = page["ResultSet"]
        if batch := _rows(found["ResultSetMetadata"]["ColumnInfo"], found["Rows"][header:]):
            yield batch
        if not page.get("NextToken"):
            return
        header, token = 0, {"NextToken": page["NextToken"]}


def _rows(columns: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Batch:
    casts = [(column["Name"], _CASTS.get(column["Type"], str)) for column in columns]
    return [
        {
            name: None if "VarCharValue" not in cell else cast(cell["VarCharValue"])
            for (name, cast), cell in zip(casts, row["Data"], strict=True)
        }
        for row in rows
    ]
