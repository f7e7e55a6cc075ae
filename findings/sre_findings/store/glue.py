"""Tables of a Glue database, for Athena: a partition a committed snapshot, added once it is
committed.

Partitions that Athena would find by itself (projection, crawlers) would show snapshots that are
still being written. What a scan that died left out the next one adds; partitions of snapshots that
were pruned go, and those of one whose files moved are pointed at the new place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sre_findings.aws_errors import store_errors
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.aws import connect
from sre_findings.store.schema.column_types import HIVE, columns
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.reader import Commit, Snapshots

T = TypeVar("T")

_ADDED, _DROPPED = 100, 25  # partitions in one request, by the service's limits
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class Glue:
    """One database of the Glue Data Catalog. The database itself is made by whoever deploys."""

    def __init__(self, database: str, region: str | None = None, client: Any = None) -> None:
        self._database, self._region, self._client = database, region, client

    def publish(self, snapshots: Snapshots, commits: Iterable[Commit]) -> int:
        """Makes the commits visible to Athena, those of earlier scans that died here too; how many
        partitions were added.

        Raises StoreUnreadable where a folder holds files that its manifest does not list: Athena
        would read them too.
        """
        wanted: dict[str, list[Commit]] = {}
        for commit in commits:
            for table in sorted(
                {part.key.partition("/")[0] for part in snapshots.manifest(commit).parts}
            ):
                wanted.setdefault(table, []).append(commit)
        return sum(self._reconcile(snapshots, table, some) for table, some in wanted.items())

    def missing(self, snapshots: Snapshots, table: str, commits: Iterable[Commit]) -> set[str]:
        """Ids of those commits that the table has no partition of, or one that points elsewhere:
        both read as empty."""
        gone: set[str] = set()
        for some in _batches(commits, _ADDED):
            wanted = [{"Values": [one.snapshot_id]} for one in some]
            with self._mapped(f"cannot read the partitions of {table}"):
                answer = self._glue.batch_get_partition(
                    DatabaseName=self._database, TableName=table, PartitionsToGet=wanted
                )
            there = dict(map(_place, answer["Partitions"]))
            gone |= {
                one.snapshot_id
                for one in some
                if there.get(one.snapshot_id) != location(snapshots, table, one)
            }
        return gone

    def _reconcile(self, snapshots: Snapshots, table: str, commits: Sequence[Commit]) -> int:
        """One table's partitions as the commits want them; how many were added or moved."""
        known = columns(table, HIVE)
        if known is None:
            raise StoreUnreadable(
                f"no schema is known for {table}", do="Publish with the version that made the scan."
            )
        shape = [{"Name": name, "Type": kind} for name, kind in known if name != keys.PARTITION]
        self._make_table(table, shape, snapshots.blobs.url)
        there = self._partitions(table)
        self._drop(table, _unwanted(snapshots, table, there))
        new = [
            commit
            for commit in commits
            if there.get(commit.snapshot_id) != location(snapshots, table, commit)
        ]
        for commit in new:
            _refuse_strays(snapshots, table, commit)
        for some in _batches(new, _ADDED):
            inputs = [_partition(snapshots, table, commit, shape) for commit in some]
            with self._mapped(f"cannot add partitions to {table}"):
                answer = self._glue.batch_create_partition(
                    DatabaseName=self._database, TableName=table, PartitionInputList=inputs
                )
            _raise_any(table, answer.get("Errors", []))
        return len(new)

    def _partitions(self, table: str) -> dict[str, str]:
        """Where each partition's files are said to lie, by snapshot."""
        with self._mapped(f"cannot read the partitions of {table}"):
            pages = self._glue.get_paginator("get_partitions").paginate(
                DatabaseName=self._database, TableName=table, ExcludeColumnSchema=True
            )
            return dict(_place(one) for page in pages for one in page["Partitions"])

    def _drop(self, table: str, snapshot_ids: Iterable[str]) -> None:
        for some in _batches(snapshot_ids, _DROPPED):
            gone = [{"Values": [one]} for one in some]
            with self._mapped(f"cannot drop partitions of {table}"):
                self._glue.batch_delete_partition(
                    DatabaseName=self._database, TableName=table, PartitionsToDelete=gone
                )

    def _make_table(self, table: str, shape: list[dict[str, str]], url: str) -> None:
        """The table, made or brought to today's columns: a stack makes it without any."""
        ours = {
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
            "PartitionKeys": [{"Name": keys.PARTITION, "Type": "string"}],
            "StorageDescriptor": _storage(shape, f"{url}/{keys.table_folder(table)}"),
        }
        theirs = self._glue.exceptions
        with self._mapped(f"cannot make the table {table}"):
            try:
                found = self._glue.get_table(DatabaseName=self._database, Name=table)["Table"]
                if [
                    (c["Name"], c["Type"]) for c in found["StorageDescriptor"].get("Columns", ())
                ] != [(*c.values(),) for c in shape]:
                    self._glue.update_table(DatabaseName=self._database, TableInput=ours)
            except theirs.EntityNotFoundException:
                self._glue.create_table(DatabaseName=self._database, TableInput=ours)

    @property
    def _glue(self) -> Any:
        self._client = self._client or connect("glue", self._region)
        return self._client

    def _mapped(self, doing: str) -> Any:
        do = "Check SRE_ENGINE, the database, and the permissions of your role on Glue."
        return store_errors(f"Glue database {self._database}: {doing}", do=do)


def location(snapshots: Snapshots, table: str, commit: Commit) -> str:
    """Where Athena finds a snapshot's part of a table."""
    return f"{snapshots.blobs.url}/{keys.partition(table, commit.snapshot_id, commit.layout)}"


def _unwanted(snapshots: Snapshots, table: str, there: Mapping[str, str]) -> list[str]:
    """Partitions in this store of snapshots that are no longer committed, or whose files lie
    elsewhere now.

    ``there`` was read before the commits, so that none of a commit that another scan is just making
    is among them.
    """
    commits = {one.snapshot_id: one for one in snapshots.commits()}
    ours = {
        one: place for one, place in there.items() if place.startswith(f"{snapshots.blobs.url}/")
    }
    return sorted(
        one
        for one, place in ours.items()
        if one not in commits or place != location(snapshots, table, commits[one])
    )


def _refuse_strays(snapshots: Snapshots, table: str, commit: Commit) -> None:
    """Raises StoreUnreadable where the partition's folder holds more than the manifest says."""
    listed = {
        keys.part_key(commit.snapshot_id, part.key, commit.layout)
        for part in snapshots.manifest(commit).parts
    }
    there = snapshots.blobs.keys(keys.partition(table, commit.snapshot_id, commit.layout))
    if strays := sorted(key for key in there if key not in listed):
        do = "Remove these files; no manifest lists them."
        raise StoreUnreadable(
            f"snapshot {commit.snapshot_id} contains files that are in no manifest",
            why=", ".join(strays),
            do=do,
        )


def _partition(
    snapshots: Snapshots, table: str, commit: Commit, shape: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "Values": [commit.snapshot_id],
        "StorageDescriptor": _storage(shape, location(snapshots, table, commit)),
    }


def _place(partition: Mapping[str, Any]) -> tuple[str, str]:
    return partition["Values"][0], partition["StorageDescriptor"]["Location"]


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


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
            raise StoreUnreadable(
                f"cannot add a partition to {table}",
                why=detail.get("ErrorMessage") or detail["ErrorCode"],
            )
