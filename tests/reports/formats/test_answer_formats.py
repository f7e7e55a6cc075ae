"""Answers as JSON, NDJSON and escaped CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sre_findings.model.answers.answer import CoverageAnswer, Group, ResourceAnswer, SummaryAnswer
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_reports.formats.answers import (
    as_csv,
    as_json,
    as_ndjson,
)

Resources = Callable[..., ResourceAnswer]
Summaries = Callable[..., SummaryAnswer]
Coverages = Callable[..., CoverageAnswer]
Findings = Callable[..., Finding]


@dataclass(frozen=True)
class Commit:
    snapshot_id: str
    started_at: datetime = datetime(2026, 11, 22, 1, tzinfo=UTC)
    state: str = "partial"
    claim: str = "for all visible accounts"
    reasons: tuple[str, ...] = ("a: denied", "b: denied")
    totals: dict[str, int] = field(default_factory=dict)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_json_is_the_answers_object_with_the_version_of_its_schema(
    resource_answer: Resources,
) -> None:
    found = json.loads(as_json(resource_answer()))
    assert found == json.loads(json.dumps(resource_answer().to_json()))
    assert found["schema_version"] == 1


def test_json_has_no_terminal_control_characters(
    resource_answer: Resources, finding: Findings
) -> None:
    text = as_json(resource_answer(findings=(finding(title="\x1b[2J\u202e"),)))
    assert text.isascii()
    assert "\x1b" not in text


def test_ndjson_is_one_line_per_finding_group_or_gap(
    resource_answer: Resources, summary_answer: Summaries, coverage_answer: Coverages
) -> None:
    assert json.loads(as_ndjson(resource_answer()))["vulnerability_id"] == "CVE-2026-1234"
    assert json.loads(as_ndjson(summary_answer(by="account")))["value"] == "111122223333"
    assert json.loads(as_ndjson(summary_answer()))["counts"]["total"] == 13
    assert [json.loads(line)["reason"] for line in as_ndjson(coverage_answer()).splitlines()] == [
        "STALE_INVENTORY", "UNMANAGED_EC2_INSTANCE", "UNMANAGED_EC2_INSTANCE"
    ]  # fmt: skip


def test_csv_of_a_resource_lists_its_findings(
    resource_answer: Resources, finding: Findings
) -> None:
    packages = (Package("a", "1", "2"), Package("b", "3"))
    (cells,) = read(as_csv(resource_answer(findings=(finding(packages=packages, title="=1+1"),))))
    assert (cells["packages"], cells["installed"], cells["fixed_in"]) == ("a, b", "1, 3", "2")
    assert (cells["title"], cells["first_observed_at"]) == ("'=1+1", "2026-11-02T03:00:00Z")


def test_raw_csv_is_unescaped(resource_answer: Resources, finding: Findings) -> None:
    (cells,) = read(
        as_csv(resource_answer(findings=(finding(title="=1+1", packages=()),)), raw=True)
    )
    assert (cells["title"], cells["packages"]) == ("=1+1", "")


def test_csv_of_a_summary_is_its_groups_or_one_line(summary_answer: Summaries) -> None:
    other = Group("=evil", "n", Rollup(Counts(other=1)))
    first, second = read(
        as_csv(
            replace(summary_answer(by="owner"), groups=(*summary_answer(by="owner").groups, other))
        )
    )
    assert (first["owner"], first["critical"], first["total"], first["resources"]) == (
        "111122223333",
        "2",
        "13",
        "4",
    )
    assert (second["owner"], second["other"], second["total"]) == ("'=evil", "1", "1")
    (line,) = read(as_csv(summary_answer(uncovered=7)))
    assert (line["verdict"], line["total"], line["not_scanned"], line["snapshot_id"]) == (
        "vulnerable", "13", "7", "20261122T010000Z"
    )  # fmt: skip


def test_csv_of_coverage_lists_gaps_with_remedies(coverage_answer: Coverages) -> None:
    rows = read(as_csv(coverage_answer()))
    assert [row["resource_id"][-2:] for row in rows] == ["01", "02", "03"]
    assert rows[0]["remedy"] == "Restart the SSM agent: it has not reported for days."


def test_csv_of_snapshots_is_newest_first() -> None:
    rows = read(as_csv([Commit("one", totals={"distinct": 9}), Commit("two")]))
    assert [row["snapshot_id"] for row in rows] == ["two", "one"]
    assert (rows[1]["findings"], rows[1]["coverage"], rows[1]["reasons"]) == (
        "9",
        "0",
        "a: denied; b: denied",
    )
