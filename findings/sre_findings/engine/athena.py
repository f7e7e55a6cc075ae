"""Athena on the store's bucket: an engine without a cluster or servers to operate.

Each query is limited to its snapshots, and their partitions are checked first: Athena reads a
snapshot that Glue does not know as empty, which would look clean. The workgroup must limit the
bytes that a query may scan, because they determine its cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sre_findings.aws_errors import store_errors
from sre_findings.engine.athena_query import Patience, run
from sre_findings.engine.catalogue import Batch, Engine
from sre_findings.engine.row_access import seen
from sre_findings.engine.shared_findings import counted
from sre_findings.engine.tables import Tables
from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.settings import span
from sre_findings.store.aws import connect
from sre_findings.store.glue import Glue
from sre_findings.store.schema.column_types import TRINO, columns
from sre_findings.store.snapshots.reader import Commit, Snapshots

_SYNTAX = (
    "Use athena://database/workgroup?region=eu-west-1&timeout=60s; the part after ? is optional."
)


@dataclass(frozen=True, slots=True)
class Place:
    """The settings of Athena in SRE_ENGINE."""

    database: str
    workgroup: str
    region: str | None = None
    timeout: timedelta = timedelta(seconds=60)


def place(url: str) -> Place:
    """Parses ``athena://database/workgroup?region=…&timeout=…``.

    Raises UsageError if the URL is not valid.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    workgroup, timeout = parts.path.strip("/"), options.pop("timeout", "60s")
    region = options.pop("region", None)
    if not parts.netloc or not workgroup or "/" in workgroup or options:
        raise UsageError(f"{url!r} is not an engine", do=_SYNTAX)
    return Place(parts.netloc, workgroup, region, span(timeout))


class Athena(Engine):
    """One database and one workgroup. No request is made before the first query."""

    def __init__(
        self,
        snapshots: Snapshots,
        commits: Sequence[Commit],
        where: Place,
        access: Access = EVERYTHING,
    ) -> None:
        if not snapshots.blobs.url.startswith("s3://"):
            raise UsageError(
                "Athena reads S3 buckets only",
                why=f"the store is {snapshots.blobs.url}",
                do="Use SRE_ENGINE=duckdb.",
            )
        self._tables, self._where, self._access = Tables(snapshots, commits), where, access
        self._glue, self._seen = Glue(where.database, where.region), set[str]()
        self.patience = Patience(where.timeout.total_seconds())

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        """See Engine."""
        from sre_findings.engine.dialect import (
            ATHENA,
            render,
            tables_of,
        )

        query, parameters = counted(self, query, parameters)
        pinned: dict[str, str] = {}
        for table in sorted(tables_of(query) & {*self._tables.names}):
            self._pin(table, pinned)
        text = render(query, ATHENA, parameters, pinned)
        yield from run(
            self._client, text, self._where.database, self._where.workgroup, self.patience
        )

    def _pin(self, table: str, pinned: dict[str, str]) -> None:
        """Adds the select for the visible rows of a table, after those of the tables that it reads.

        Raises UsageError if access is limited and the table's columns are unknown.
        """
        from sre_findings.engine.dialect import ATHENA, rendered

        if table in pinned:
            return
        if self._access.everything:
            pinned[table] = self._source(table)
            return
        if (known := columns(table, TRINO)) is None:
            do = "Install pyarrow, or use SRE_ENGINE=duckdb."
            raise UsageError(
                f"the columns of {table} are not known here, so access cannot be restricted",
                do=do,
            )
        view = seen(table, self._source(table), self._access)
        for one in view.reads:
            self._pin(one, pinned)
        names = [name for name, _ in known]
        pinned |= {
            name: rendered(select, ATHENA, names)
            for name, select in {**view.helpers, table: view.select}.items()
        }

    def _source(self, table: str) -> str:
        """Returns the select for a table, restricted to the requested snapshots."""
        from sre_findings.engine.dialect import nothing, of_snapshots

        if commits := {commit.snapshot_id: commit for commit, _ in self._tables.parts(table)}:
            self._check(table, [*commits.values()])
            return of_snapshots(self._where.database, table, sorted(commits))
        return nothing(columns(table, TRINO) or [])

    def _check(self, table: str, commits: Sequence[Commit]) -> None:
        if table in self._seen:
            return
        if missing := sorted(self._glue.missing(self._tables.snapshots, table, commits)):
            what = f"Athena lacks committed snapshots: {table} does not have {', '.join(missing)}"
            raise StoreUnreadable(
                what, do="The next scan adds them; until then use SRE_ENGINE=duckdb."
            )
        self._seen.add(table)

    @cached_property
    def _client(self) -> Any:
        """The client. Raises UsageError if the workgroup has no scan limit."""
        client, name = connect("athena", self._where.region), self._where.workgroup
        with store_errors(
            f"Athena workgroup {name} cannot be read",
            do="Check SRE_ENGINE and athena:GetWorkGroup of your role.",
        ):
            group = client.get_work_group(WorkGroup=name)["WorkGroup"]
        if not group.get("Configuration", {}).get("BytesScannedCutoffPerQuery"):
            do = "Set its BytesScannedCutoffPerQuery: Athena charges for every byte."
            raise UsageError(
                f"the Athena workgroup {name} does not limit what a query may scan", do=do
            )
        return client
