"""Tables of a Glue database for Athena, with one partition per committed snapshot.

A partition is added after the commit. Partitions that Athena discovers itself (projection,
crawlers) would also show snapshots that are still being written. Each scan adds the partitions that
an interrupted scan did not add, drops those of pruned snapshots, and updates the location of those
whose files were moved.
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
    """One database of the Glue Data Catalog. The deployment creates the database."""

    def __init__(self, database: str, region: str | None = None, client: Any = None) -> None:
        self._database, self._region, self._client = database, region, client

    def publish(self, snapshots: Snapshots, commits: Iterable[Commit]) -> int:
        """Makes the commits visible to Athena. Returns the number of partitions added or moved.

        Raises StoreUnreadable if a folder contains files that its manifest does not list,
        because Athena would read them too.
        """
        wanted: dict[str, list[Commit]] = {}
        for commit in commits:
            for table in sorted(
                {part.key.partition("/")[0] for part in snapshots.manifest(commit).parts}
            ):
                wanted.setdefault(table, []).append(commit)
        return sum(self._reconcile(snapshots, table, some) for table, some in wanted.items())

    def missing(self, snapshots: Snapshots, table: str, commits: Iterable[Commit]) -> set[str]:
        """Returns the IDs of the commits whose partition is missing or has a wrong location.

        Athena would read both as empty.
        """
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
        """Updates one table's partitions for the commits.

        Returns the number of partitions added or moved.
        """
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
        """Returns the location of each partition by snapshot ID."""
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
        """Creates the table, or updates its columns.

        A CloudFormation stack creates the table without columns.
        """
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
    """Returns the URL of the folder with a snapshot's part of a table."""
    return f"{snapshots.blobs.url}/{keys.partition(table, commit.snapshot_id, commit.layout)}"


def _unwanted(snapshots: Snapshots, table: str, there: Mapping[str, str]) -> list[str]:
    """Returns the partitions in this store whose snapshot is not committed or was moved.

    ``there`` must be read before the commits. Otherwise the partitions of a concurrent scan's
    new commit would be included.
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
    """Raises StoreUnreadable if the partition's folder contains files not in the manifest."""
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
    """Raises StoreUnreadable for the first error.

    A partition that already exists was added by a concurrent scan and is not an error.
    """
    for one in errors:
        detail = one["ErrorDetail"]
        if detail["ErrorCode"] != "AlreadyExistsException":
            raise StoreUnreadable(
                f"cannot add a partition to {table}",
                why=detail.get("ErrorMessage") or detail["ErrorCode"],
            )
