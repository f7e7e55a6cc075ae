"""A quantity has the same value in every answer, report and list."""

from __future__ import annotations

import re
from pathlib import Path

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
    ExportFilters,
    Exposure,
    Fixes,
    ImageFixes,
    Summary,
)
from sre_findings.rows.values import version_of, without_zero_epoch
from sre_findings.sources.sources import Sources
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
