"""A scan gives the same answers from S3 and DynamoDB as from a folder and SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.dynamodb import create_table
from tests.support.sources import make_sources

from sre_findings.model.errors import StoreUnreadable
from sre_findings.queries import ask
from sre_findings.queries.export import rows
from sre_findings.questions.catalogue import (
    CACHED,
    CoverageGaps,
    ExportFilters,
    Summary,
    Vulnerabilities,
)
from sre_findings.sources.sources import Sources
from sre_findings.store.records.table import Table
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_blobs, open_table
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import BUSY_INSTANCE


@pytest.fixture
def far(aws: str) -> tuple[SnapshotWriter, Table]:
    """A bucket and a DynamoDB table."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="findings")
    create_table("rollups")
    return SnapshotWriter(open_blobs("s3://findings/inspector")), open_table("dynamodb://rollups")


def told(source: Sources) -> str:
    """The answers to all queries, as one text."""
    answers = [
        ask(Vulnerabilities(BUSY_INSTANCE, count=0, source=CACHED), source).to_json(),
        ask(Summary("owner"), source).to_json(),
        ask(Summary("package", 10), source).to_json(),
        ask(CoverageGaps(), source).to_json(),
        [len(batch) for batch in rows(ExportFilters(), source)[1]],
    ]
    return json.dumps(answers)


def test_a_bucket_and_a_dynamodb_table_give_the_answers_of_a_folder_and_sqlite(
    storage: Any, served: Callable[..., Any], far: tuple[SnapshotWriter, Table], tmp_path: Path
) -> None:
    with served() as simulator:
        near = storage.scan(simulator)
        request = Request(simulator.fleet.regions, required=simulator.fleet.regions, rate=5000)
        away = scan(request, *far, now=lambda: simulator.clock)
    assert near.totals == away.totals
    assert near.snapshot_id == away.snapshot_id
    here = make_sources(storage.snapshots, storage.table, tmp_path / "unused")
    there = make_sources(*far, tmp_path / "copies")
    moment = here.now()
    assert told(replace(here, now=lambda: moment)) == told(replace(there, now=lambda: moment))
    assert not (tmp_path / "unused").exists()
    sums = {part.sha256 for part in far[0].manifest(away).parts}
    fetched = {path.stem for path in (tmp_path / "copies").rglob("*.parquet")}
    assert fetched, "what is asked is copied, under its sum; what is not stays where it is"
    assert fetched < sums


def test_the_table_is_found_in_the_region_of_either_variable(
    far: tuple[SnapshotWriter, Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(StoreUnreadable, match="region"):
        open_table("dynamodb://rollups")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert list(open_table("dynamodb://rollups").query("snapshot")) == []


def test_a_store_that_fails_in_the_middle_of_a_scan_leaves_nothing_visible(
    storage: Any,
    served: Callable[..., Any],
    far: tuple[SnapshotWriter, Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def full(*_: Any, **__: Any) -> Any:
        raise StoreUnreadable("the bucket refuses")

    with served() as simulator:
        monkeypatch.setattr("sre_scanner.tables.parts.PartWriter.write", full)
        with pytest.raises(StoreUnreadable):
            scan(Request(["us-east-1"], rate=5000), *far, now=lambda: simulator.clock)
    assert far[0].latest() is None
    assert list(far[0].blobs.keys("")) == []
