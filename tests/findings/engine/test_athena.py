"""The Athena client: casts, pages, failures, time-outs and limits.

The responses follow the documentation of Athena's API. How Athena runs the SQL is not tested here;
test_conformance compares the SQL text with DuckDB's rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from tests.support.http_server import HttpResponse

from sre_findings.engine.athena import Athena, Place, place
from sre_findings.engine.athena_query import Patience
from sre_findings.engine.factory import open_engine, publish
from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    StoreUnreadable,
    Unreachable,
    UsageError,
)
from sre_findings.store.glue import Glue
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.objects.s3 import S3Blobs
from sre_findings.store.snapshots.keys import BY_SNAPSHOT, commit_key, manifest_key, part_key
from sre_findings.store.snapshots.layout_migration import convert
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter

WHERE = Place("inspector", "questions")
LIMIT = 1 << 30


@pytest.fixture
def bucket(aws: str, monkeypatch: pytest.MonkeyPatch) -> SnapshotWriter:
    """A store in a bucket, with Athena and Glue endpoints."""
    for service in ("ATHENA", "GLUE"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws)
    boto3.client("s3").create_bucket(
        Bucket="store", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("glue").create_database(DatabaseInput={"Name": "inspector"})
    boto3.client("athena").create_work_group(
        Name="questions", Configuration={"BytesScannedCutoffPerQuery": LIMIT}
    )
    return SnapshotWriter(S3Blobs("store", "nights"))


def answers(
    columns: dict[str, str], *pages: Sequence[Sequence[str | None]]
) -> list[dict[str, Any]]:
    """The pages of GetQueryResults as Athena returns them: the first row is the header."""
    info = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    found: list[dict[str, Any]] = []
    for number, rows in enumerate(pages):
        listed: list[Sequence[str | None]] = [[*columns], *rows] if number == 0 else [*rows]
        data = [
            {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]}
            for row in listed
        ]
        found.append({"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": info}}})
    return [
        page | ({"NextToken": f"{n}"} if n < len(found) else {}) for n, page in enumerate(found, 1)
    ]


STARTED = {"QueryExecutionId": "q-1"}
GROUP = {"WorkGroup": {"Name": "questions", "Configuration": {"BytesScannedCutoffPerQuery": LIMIT}}}


def known(night: Commit) -> dict[str, Any]:
    """Glue's response for a snapshot with a registered partition."""
    place = f"s3://store/nights/tables/coverage/snapshot_id={night.snapshot_id}/"
    return {
        "Partitions": [{"Values": [night.snapshot_id], "StorageDescriptor": {"Location": place}}]
    }


def state(name: str, why: str = "") -> dict[str, Any]:
    return {
        "QueryExecution": {"Status": {"State": name} | ({"StateChangeReason": why} if why else {})}
    }


@pytest.fixture
def script(http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Sets the responses of Athena and Glue.

    ``script({…}, {…})`` sets them in order, and returns the server, which records the requests.
    """
    for service in ("ATHENA", "GLUE"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", http.url)

    def play(*bodies: Any) -> Any:
        http.reply(
            *(
                body if isinstance(body, HttpResponse) else reply(body=json.dumps(body).encode())
                for body in bodies
            )
        )
        return http

    return play


@pytest.fixture
def night(bucket: SnapshotWriter, write_night: Callable[..., Commit]) -> Commit:
    return write_night(bucket, 1, coverage=[{"resource_id": "i-1", "status": "ACTIVE"}])


def test_texts_become_what_their_columns_say_over_all_pages(
    bucket: SnapshotWriter,
    night: Commit,
    fresh_time: Any,
    script: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = [
        "varchar",
        "bigint",
        "integer",
        "double",
        "boolean",
        "date",
        "timestamp",
        "decimal",
        "array",
    ]
    row = [
        "a",
        "-9007199254740993",
        "2",
        "0.1",
        "true",
        "2026-11-22",
        "2026-11-22 01:02:03.004",
        "1.50",
        "[1, 2]",
    ]
    there = known(night)
    engine, time = Athena(bucket, [night], WHERE), fresh_time()
    engine.patience = Patience(60, time.wait, time.clock)
    pages = answers(
        dict(zip("abcdefghi", kinds, strict=True)),
        [row, [None] * 9],
        [["", "1", "1", "NaN", "false", *row[5:]]],
    )
    server = script(
        there, GROUP, STARTED, state("QUEUED"), state("RUNNING"), state("SUCCEEDED"), *pages
    )
    batches = list(engine.batches("coverage_scanned", owners=None))
    assert [len(batch) for batch in batches] == [2, 1]
    first, empty, last = (row for batch in batches for row in batch)
    moment = datetime(2026, 11, 22, 1, 2, 3, 4000)  # noqa: DTZ001 - Athena's timestamps have no zone
    assert [*first.values()] == [
        "a",
        -(2**53) - 1,
        2,
        0.1,
        True,
        date(2026, 11, 22),
        moment,
        Decimal("1.50"),
        "[1, 2]",
    ]
    assert [*empty.values()] == [None] * 9
    assert (last["a"], last["e"], last["d"] != last["d"]) == ("", False, True)
    assert time.waits == pytest.approx([0.1, 0.15])
    asked = server.requests[2].json
    assert asked["WorkGroup"] == "questions"
    assert (
        f'FROM "inspector"."coverage" WHERE snapshot_id IN (\'{night.snapshot_id}\')'
        in asked["QueryString"]
    )
    assert server.requests[-1].json["NextToken"] == "1"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            state("FAILED", "SYNTAX_ERROR: line 1:1"),
            r"the Athena query failed: SYNTAX_ERROR: line 1:1. See the query q-1 in Athena",
        ),
        (
            state("CANCELLED", "Bytes scanned limit was exceeded"),
            r"more than the workgroup questions allows: Bytes .* fewer snapshots",
        ),
        (state("CANCELLED"), r"the Athena query failed: CANCELLED"),
    ],
)
def test_a_query_that_does_not_succeed_says_why(
    bucket: SnapshotWriter, night: Commit, script: Any, status: dict[str, Any], words: str
) -> None:
    engine = Athena(bucket, [night], WHERE)
    script(known(night), GROUP, STARTED, status)
    with pytest.raises(Rejected, match=words):
        engine.rows("coverage_scanned", owners=None)


def test_a_query_that_takes_too_long_is_stopped(
    bucket: SnapshotWriter, night: Commit, script: Any, fresh_time: Any
) -> None:
    engine, time = Athena(bucket, [night], WHERE), fresh_time()
    engine.patience = Patience(10, time.wait, time.clock)
    server = script(known(night), GROUP, STARTED, state("RUNNING"))
    with pytest.raises(Unreachable, match=r"did not answer within 10 s. Narrow the query"):
        engine.rows("coverage_scanned", owners=None)
    assert sum(time.waits) <= 10
    assert server.requests[-1].headers["x-amz-target"] == "AmazonAthena.StopQueryExecution"


def test_a_workgroup_without_a_limit_is_refused(
    bucket: SnapshotWriter, night: Commit, script: Any
) -> None:
    engine = Athena(bucket, [night], WHERE)
    script(known(night), {"WorkGroup": {"Name": "questions", "Configuration": {}}})
    with pytest.raises(
        UsageError,
        match=r"does not limit what a query may scan. Set its BytesScannedCutoffPerQuery",
    ):
        engine.rows("coverage_scanned", owners=None)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDeniedException", AccessDenied),
        ("ExpiredTokenException", CredentialsInvalid),
        ("EntityNotFoundException", StoreUnreadable),
    ],
)
def test_errors_of_aws_arrive_as_ours(
    bucket: SnapshotWriter,
    night: Commit,
    script: Any,
    reply: Any,
    code: str,
    error: type[Exception],
) -> None:
    engine = Athena(bucket, [night], WHERE)
    script(reply(400, json.dumps({"__type": code, "message": "no"}).encode()))
    with pytest.raises(
        error, match="Glue database inspector: cannot read the partitions of coverage: no"
    ):
        engine.rows("coverage_scanned", owners=None)


def test_a_snapshot_becomes_visible_when_it_is_published_and_not_before(
    bucket: SnapshotWriter, night: Commit, write_night: Callable[..., Commit]
) -> None:
    with pytest.raises(StoreUnreadable, match=r"cannot read the partitions of coverage"):
        Athena(bucket, [night], WHERE).rows("coverage_scanned", owners=None)
    assert publish("athena://inspector/questions", bucket, bucket.commits()) == 1
    second = write_night(
        bucket,
        2,
        coverage=[{"resource_id": "i-2", "status": "ACTIVE"}],
        resources=[{"resource_id": "i-2"}],
    )
    with pytest.raises(
        StoreUnreadable,
        match=f"coverage does not have {second.snapshot_id}. The next scan adds them",
    ):
        Athena(bucket, [night, second], WHERE).rows("coverage_scanned", owners=None)
    assert publish("athena://inspector/questions", bucket, bucket.commits()) == 2
    assert publish("athena://inspector/questions", bucket, bucket.commits()) == 0
    glue = boto3.client("glue")
    (first, other) = glue.get_partitions(DatabaseName="inspector", TableName="coverage")[
        "Partitions"
    ]
    place = f"s3://store/nights/tables/coverage/snapshot_id={first['Values'][0]}/"
    assert (first["Values"], first["StorageDescriptor"]["Location"]) == ([night.snapshot_id], place)
    assert other["Values"] == [second.snapshot_id]
    table = glue.get_table(DatabaseName="inspector", Name="coverage")["Table"]
    columns = {one["Name"]: one["Type"] for one in table["StorageDescriptor"]["Columns"]}
    assert (columns["last_scanned_at"], columns["status"]) == ("timestamp", "string")
    assert ("snapshot_id" in columns, [one["Name"] for one in table["PartitionKeys"]]) == (
        False,
        ["snapshot_id"],
    )


def test_a_published_snapshot_is_asked_from_the_workgroup_to_the_rows(
    bucket: SnapshotWriter, night: Commit, aws: str
) -> None:
    publish("athena://inspector/questions", bucket, [night])
    result = {"rows": [{"Data": [{"VarCharValue": "scanned"}]}, {"Data": [{"VarCharValue": "7"}]}],
              "column_info": [{"Name": "scanned", "Type": "bigint"}]}  # fmt: skip
    body = json.dumps(
        {"account_id": "123456789012", "region": "eu-west-1", "results": [result]}
    ).encode()
    urlopen(
        Request(
            f"{aws}/moto-api/static/athena/query-results",
            body,
            {"Content-Type": "application/json"},
        )
    ).close()
    assert Athena(bucket, [night], WHERE).rows("coverage_scanned", owners=None) == [{"scanned": 7}]
    (number,) = boto3.client("athena").list_query_executions(WorkGroup="questions")[
        "QueryExecutionIds"
    ]
    asked = boto3.client("athena").get_query_execution(QueryExecutionId=number)["QueryExecution"]
    assert asked["Query"].startswith(
        'WITH coverage AS (SELECT * FROM "inspector"."coverage" WHERE snapshot_id IN ('
    )


def test_a_table_whose_columns_changed_is_brought_to_todays(
    bucket: SnapshotWriter, night: Commit
) -> None:
    old = {
        "Columns": [{"Name": "resource_id", "Type": "string"}],
        "Location": "s3://store/nights/snapshots/",
    }
    client = boto3.client("glue")
    client.create_table(
        DatabaseName="inspector",
        TableInput={"Name": "coverage", "StorageDescriptor": old, "PartitionKeys": []},
    )
    Glue("inspector").publish(bucket, [night])
    table = client.get_table(DatabaseName="inspector", Name="coverage")["Table"]
    assert "status" in [one["Name"] for one in table["StorageDescriptor"]["Columns"]]


def published(table: str = "coverage") -> dict[str, str]:
    """The location in the Glue catalog of each snapshot's part of a table, by snapshot id."""
    found = boto3.client("glue").get_partitions(DatabaseName="inspector", TableName=table)[
        "Partitions"
    ]
    return {one["Values"][0]: one["StorageDescriptor"]["Location"] for one in found}


def test_a_snapshot_that_was_pruned_is_published_no_more(
    bucket: SnapshotWriter, night: Commit, write_night: Callable[..., Commit]
) -> None:
    second = write_night(bucket, 2, coverage=[{"resource_id": "i-2", "status": "ACTIVE"}])
    assert Glue("inspector").publish(bucket, [night, second]) == 2
    bucket.blobs.delete(commit_key(night.sequence))
    assert Glue("inspector").publish(bucket, [second]) == 0
    assert {*published()} == {second.snapshot_id}


def test_a_partition_of_another_store_is_left_alone(bucket: SnapshotWriter, night: Commit) -> None:
    Glue("inspector").publish(bucket, [night])
    theirs = {
        "Values": ["20200101T000000Z"],
        "StorageDescriptor": {"Columns": [], "Location": "s3://theirs/coverage/"},
    }
    boto3.client("glue").create_partition(
        DatabaseName="inspector", TableName="coverage", PartitionInput=theirs
    )
    Glue("inspector").publish(bucket, [night])
    assert {*published()} == {night.snapshot_id, "20200101T000000Z"}


def test_a_partition_that_points_elsewhere_is_not_asked_and_is_put_right(
    bucket: SnapshotWriter, night: Commit
) -> None:
    Glue("inspector").publish(bucket, [night])
    right = published()
    moved = {
        "Values": [night.snapshot_id],
        "StorageDescriptor": {"Columns": [], "Location": "s3://store/nights/old/"},
    }
    boto3.client("glue").update_partition(
        DatabaseName="inspector",
        TableName="coverage",
        PartitionValueList=[night.snapshot_id],
        PartitionInput=moved,
    )
    with pytest.raises(StoreUnreadable, match=f"coverage does not have {night.snapshot_id}"):
        Athena(bucket, [night], WHERE).rows("coverage_scanned", owners=None)
    assert Glue("inspector").publish(bucket, [night]) == 1
    assert (
        published()
        == right
        == {
            night.snapshot_id: f"s3://store/nights/tables/coverage/snapshot_id={night.snapshot_id}/"
        }
    )


def test_a_snapshot_whose_files_moved_is_published_at_its_new_place(
    bucket: SnapshotWriter, night: Commit
) -> None:
    (part,) = bucket.manifest(night).parts
    old = replace(night, layout=BY_SNAPSHOT)
    for new, before in (
        (part_key(night.snapshot_id, part.key), part_key(night.snapshot_id, part.key, BY_SNAPSHOT)),
        (manifest_key(night.snapshot_id), manifest_key(night.snapshot_id, BY_SNAPSHOT)),
    ):
        bucket.blobs.copy(new, before)
        bucket.blobs.delete(new)
    bucket.rewrite(old)
    assert Glue("inspector").publish(bucket, [old]) == 1
    assert published() == {
        night.snapshot_id: f"s3://store/nights/snapshots/snapshot_id={night.snapshot_id}/coverage/"
    }
    convert(bucket, old, datetime(2026, 11, 30, tzinfo=UTC))
    assert Glue("inspector").publish(bucket, bucket.commits()) == 1
    assert published() == {
        night.snapshot_id: f"s3://store/nights/tables/coverage/snapshot_id={night.snapshot_id}/"
    }


def test_a_folder_with_files_that_no_manifest_lists_is_not_published(
    bucket: SnapshotWriter, night: Commit
) -> None:
    key = part_key(night.snapshot_id, "coverage/part-stray.parquet")
    with bucket.blobs.write(key) as file:
        file.write(b"left by a scan that died")
    with pytest.raises(
        StoreUnreadable,
        match=r"contains files that are in no manifest: tables/coverage/.*/part-stray.parquet",
    ):
        Glue("inspector").publish(bucket, [night])


def test_a_table_that_no_manifest_has_is_empty_with_its_columns(
    bucket: SnapshotWriter, night: Commit, script: Any
) -> None:
    engine = Athena(bucket, [night], WHERE)
    assert engine._tables.parts("packages") == []
    server = script(GROUP, STARTED, state("SUCCEEDED"), *answers({"region": "varchar"}, []))
    assert engine.rows("fix_packages", lists=None) == []
    assert "CAST(NULL AS VARCHAR) AS region" in server.requests[1].json["QueryString"]


def test_what_sre_engine_may_say_of_athena() -> None:
    assert place("athena://inspector/questions") == WHERE
    full = place("athena://Inspector_2/questions?region=eu-west-1&timeout=2m")
    assert full == Place("Inspector_2", "questions", "eu-west-1", timedelta(minutes=2))
    for wrong in (
        "athena://inspector",
        "athena:///questions",
        "athena://a/b/c",
        "athena://a/b?tiemout=3s",
        "athena://a/b?timeout=x",
    ):
        with pytest.raises(UsageError):
            place(wrong)


def test_athena_reads_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Athena reads S3 buckets only"):
        open_engine(
            "athena://inspector/questions",
            SnapshotWriter(FolderBlobs(tmp_path)),
            [],
            Copies(tmp_path),
        )
