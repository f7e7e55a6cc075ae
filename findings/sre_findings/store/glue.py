"""Tables of a Glue database, for Athena: a partition a committed snapshot, added once it is committed.

Partitions that Athena would find by itself (projection) would show snapshots that are still being written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.aws import connect, mapped
from sre_findings.store.columns import HIVE, columns
from sre_findings.store.snapshots import Commit, Snapshots, folder

KEY = "snapshot_id"
_AT_ONCE = 100  # partitions in one request, by the service's limit
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class Glue:
    """One database of the Glue Data Catalog. The database itself is made by whoever deploys."""

    def __init__(self, database: str, region: str | None = None, client: Any = None) -> None:
        self._database, self._region, self._client = database, region, client

    def publish(self, snapshots: Snapshots, commits: Iterable[Commit]) -> int:
        """Makes the commits visible to Athena, those of earlier scans that died here too; how many partitions were added.

        Raises StoreUnreadable where a folder holds files that its manifest does not list: Athena would read them too.
        """
        wanted: dict[str, list[Commit]] = {}
        for commit in commits:
            for table in sorted(_tables(snapshots, commit)):
                wanted.setdefault(table, []).append(commit)
        return sum(self._add(snapshots, table, some) for table, some in wanted.items())

    def missing(self, table: str, snapshot_ids: Iterable[str]) -> set[str]:
        """Those of the snapshots that the table has no partition of."""
        ids = iter(snapshot_ids)
        gone: set[str] = set()
        while some := list(islice(ids, _AT_ONCE)):
            keys = [{"Values": [one]} for one in some]
            with self._mapped(f"cannot read the partitions of {table}"):
                answer = self._glue.batch_get_partition(DatabaseName=self._database, TableName=table, PartitionsToGet=keys)
            gone |= {*some} - {one["Values"][0] for one in answer["Partitions"]}
        return gone

    def _add(self, snapshots: Snapshots, table: str, commits: Sequence[Commit]) -> int:
        """Partitions of one table for those of the commits that have none."""
        known = columns(table, HIVE)
        if known is None:
            raise StoreUnreadable(f"nobody knows the columns of {table}", do="Publish with the version that scanned.")
        shape = [{"Name": name, "Type": kind} for name, kind in known if name != KEY]
        self._make_table(table, shape, snapshots.blobs.url)
        gone = self.missing(table, [commit.snapshot_id for commit in commits])
        new = (commit for commit in commits if commit.snapshot_id in gone)
        added = 0
        while some := list(islice(new, _AT_ONCE)):
            inputs = [_partition(snapshots, table, commit, shape) for commit in some]
            with self._mapped(f"cannot add partitions to {table}"):
                answer = self._glue.batch_create_partition(
                    DatabaseName=self._database, TableName=table, PartitionInputList=inputs
                )
            _raise_any(table, answer.get("Errors", []))
            added += len(some)
        return added

    def _make_table(self, table: str, shape: list[dict[str, str]], url: str) -> None:
        """The table, made or brought to today's columns."""
        ours = {
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
            "PartitionKeys": [{"Name": KEY, "Type": "string"}],
            "StorageDescriptor": _storage(shape, f"{url}/snapshots/"),
        }
        theirs = self._glue.exceptions
        with self._mapped(f"cannot make the table {table}"):
            try:
                found = self._glue.get_table(DatabaseName=self._database, Name=table)["Table"]
                if [(c["Name"], c["Type"]) for c in found["StorageDescriptor"]["Columns"]] != [(*c.values(),) for c in shape]:
                    self._glue.update_table(DatabaseName=self._database, TableInput=ours)
            except theirs.EntityNotFoundException:
                self._glue.create_table(DatabaseName=self._database, TableInput=ours)

    @property
    def _glue(self) -> Any:
        self._client = self._client or connect("glue", self._region)
        return self._client

    def _mapped(self, doing: str) -> Any:
        do = "Check SRE_ENGINE, the database, and the permissions of your role on Glue."
        return mapped(f"Glue database {self._database}: {doing}", do=do)


def _tables(snapshots: Snapshots, commit: Commit) -> set[str]:
    """The tables that the commit has files of. Raises StoreUnreadable where the folder holds more than its manifest says."""
    place = f"{folder(commit.snapshot_id)}/"
    listed = {part.key for part in snapshots.manifest(commit).parts}
    there = {key.removeprefix(place) for key in snapshots.blobs.keys(place)}
    if strays := sorted(key for key in there - listed if key.endswith(".parquet")):
        do = "Remove these files: no manifest speaks of them."
        raise StoreUnreadable(f"snapshot {commit.snapshot_id} holds files of no manifest", why=", ".join(strays), do=do)
    return {key.partition("/")[0] for key in listed}


def _partition(snapshots: Snapshots, table: str, commit: Commit, shape: list[dict[str, str]]) -> dict[str, Any]:
    place = f"{snapshots.blobs.url}/{folder(commit.snapshot_id)}/{table}/"
    return {"Values": [commit.snapshot_id], "StorageDescriptor": _storage(shape, place)}


def _storage(shape: list[dict[str, str]], location: str) -> dict[str, Any]:
    return {
        "Columns": shape,
        "Location": location,
        "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
    }


def _raise_any(table: str, errors: Iterator[Any] | list[Any]) -> None:
    """The first error that is not another scan's having added the same partition."""
    for one in errors:
        detail = one["ErrorDetail"]
        if detail["ErrorCode"] != "AlreadyExistsException":
            raise StoreUnreadable(f"cannot add a partition to {table}", why=detail.get("ErrorMessage") or detail["ErrorCode"])
