"""A quantity has the same value in every answer, report and list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from tests.support.sources import make_sources

from sre_cli.render.coverage import render_coverage
from sre_cli.render.snapshots import render_snapshots
from sre_findings.nightly.report import gather
from sre_findings.queries import ask
from sre_findings.queries.export import rows as rows_of
from sre_findings.queries.fixes import fixes
from sre_findings.queries.summary import summary
from sre_findings.queries.where import where
from sre_findings.questions.catalogue import (
    CoverageGaps,
    DueDates,
    ExportFilters,
    Exposure,
    Fixes,
    ImageFixes,
    Summary,
)
from sre_findings.rows.values import version_of, without_zero_epoch
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.brief import brief
from sre_reports.formats.finding_fields import packages
from sre_reports.html_report.sections.coverage_gaps import gaps


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Sources with two snapshots, at the end time of the second."""
    end = nights.commits()[-1].ended_at
    table = SqliteTable(Path(nights.blobs.url.removeprefix("file://")) / "table.db")
    return make_sources(nights, table, tmp_path_factory.mktemp("copies"), end)


def test_covered_resources_agree_in_coverage_snapshot_list_and_report(
    sources: Sources,
) -> None:
    answer = ask(CoverageGaps(), sources)
    silent = {
        (one.account_id, one.region, one.resource_type, one.resource_id) for one in answer.gaps
    }
    covered = answer.scanned + len(silent)
    commit = sources.stores.snapshots.commits()[-1]
    assert commit.totals["covered"] == covered
    assert re.search(rf"\b{covered}\b", render_snapshots([commit], sources.now(), 200, 0))
    material = gather(sources, None, 0)
    assert brief(material).numbers[-1].label == f"of {covered:,} resources fully scanned"
    assert summary(Summary(), sources).uncovered == len(silent)


def test_a_reason_hides_so_many_resources_on_the_page_as_in_the_terminal(sources: Sources) -> None:
    answer = ask(CoverageGaps(), sources)
    text = render_coverage(answer, 200, 0)
    told = {
        reason: int(count)
        for reason, count in re.findall(r"\((\w+)\): ([\d,]+)$", text, re.MULTILINE)
    }
    assert told == {one.reason: one.resources for one in gaps(answer)}
    assert sum(told.values()) < len(answer.gaps), "some have a row for each scan type"


@pytest.mark.parametrize("later", [0, 20, 400])
def test_deadlines_of_an_export_agree_with_sla(sources: Sources, later: int) -> None:
    now = sources.now() + timedelta(days=later)
    here = replace(sources, now=lambda: now, max_age=timedelta(days=999))
    _, batches = rows_of(ExportFilters(), here)
    every = [row for batch in batches for row in batch]
    due = Counter((row["severity"], row["due_on"]) for row in every)
    answer = ask(DueDates(by="account"), here)
    counted: Counter[tuple[str | None, str | None]] = Counter()
    for one in answer.items:
        counted[one["severity"], one["due_on"]] += one["findings"]
    assert due == counted
    late = sum(bool(row["days_overdue"]) for row in every)
    assert late == sum(one["findings"] for one in answer.items if (one["days_left"] or 0) < 0)
    assert {row["kev"] for row in every} == {True, False}
    assert all(row["kev"] for row in every if row["kev_due"])


def test_the_deadline_of_a_reopened_finding_starts_again(
    write_night: Callable[..., Any], tmp_path: Path
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path))
    place = {
        "account_id": "111122223333",
        "region": "eu-west-1",
        "resource_type": "AWS_EC2_INSTANCE",
        "resource_id": "i-0123456789abcdef0",
        "type": "PACKAGE_VULNERABILITY",
        "severity_rank": 1,
    }
    findings = [
        {
            **place,
            "finding_arn": name,
            "resource_index": 0,
            "status": "ACTIVE",
            "severity": "HIGH",
            "title": name,
            "subject": name,
            "vulnerability_id": name,
            "first_observed_at": datetime(2026, 10, 1, tzinfo=UTC),
            "details_id": 1,
        }
        for name in ("reopened", "lowered", "steady")
    ]
    states = [
        {
            **place,
            "subject": name,
            "severity_rank": rank,
            "status": "open",
            "exposed_since": datetime(2026, month, 1, tzinfo=UTC),
        }
        for name, rank, month in (("reopened", 1, 11), ("lowered", 0, 10), ("steady", 1, 10))
    ]
    details = [{"region": "eu-west-1", "details_id": 1}]
    write_night(snapshots, 20, findings=findings, states=states, details=details)
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    sources = make_sources(snapshots, SqliteTable(tmp_path / "table.db"), tmp_path / "copies", at)
    _, batches = rows_of(ExportFilters(), sources)
    assert {row["title"]: (row["due_on"], row["days_overdue"]) for row in chain(*batches)} == {
        "reopened": ("2026-12-01", 0),
        "lowered": ("2026-10-16", 35),
        "steady": ("2026-10-31", 20),
    }


def test_closed_and_suppressed_findings_have_no_deadline(sources: Sources) -> None:
    _, batches = rows_of(ExportFilters(statuses=("SUPPRESSED", "CLOSED")), sources)
    every = [row for batch in batches for row in batch]
    assert every
    assert {(row["due_on"], row["days_overdue"]) for row in every} == {(None, None)}


def test_open_findings_of_a_package_agree_in_where_and_summary(
    sources: Sources,
) -> None:
    exposure = where(Exposure("openssl", count=0), sources)
    group = next(
        one for one in summary(Summary(by="package"), sources).groups if one.value == "openssl"
    )
    assert exposure.facts["open"] == group.rollup.counts.total
    assert exposure.facts["resources"] == group.rollup.resources
    assert (
        exposure.facts["open"] + exposure.facts["suppressed"]
        == len(exposure.items)
        > group.rollup.counts.total
    )
    assert (
        f"{exposure.facts['open']:,} open findings on {exposure.facts['resources']:,} resources"
        in exposure.headline
    )


def test_an_epoch_of_zero_is_shown_nowhere_and_any_other_everywhere(sources: Sources) -> None:
    exposure = where(Exposure("openssl", count=0), sources)
    versions = [
        version for one in exposure.items for version in (one["installed"], one["fixed_in"])
    ]
    shown = {version for version in versions if version}
    shown |= {
        one["fixed_in"]
        for line in fixes(Fixes(count=0), sources).items
        for one in line["packages"]
        if one["fixed_in"]
    }
    _, batches = rows_of(ExportFilters(), sources)
    parts = [one.package for batch in batches for row in batch for one in packages(row["packages"])]
    exported = {version for one in parts for version in (one.version, one.fixed_in) if version}
    assert not [one for one in shown | exported if one.startswith("0:")]
    assert [one for one in shown if one.startswith("1:")]
    assert [one for one in exported if one.startswith("1:")]
    assert version_of({"version": "0:3.0", "release": "1"}) == version_of(
        {"version": "3.0", "release": "1", "epoch": 0}
    )
    assert (without_zero_epoch("0:3.0"), without_zero_epoch("10:3.0")) == ("3.0", "10:3.0")


def test_machine_images_of_another_type_of_resource_are_none(sources: Sources) -> None:
    every, other = (
        ask(ImageFixes(count=0, types=types), sources) for types in ((), ("AWS_LAMBDA_FUNCTION",))
    )
    assert every.total > other.total == 0
    assert ask(ImageFixes(count=0, types=("AWS_EC2_INSTANCE",)), sources).items == every.items
