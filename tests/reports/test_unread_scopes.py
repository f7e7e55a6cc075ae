"""No number is shown for a scope of which nothing was read, but the date of its last reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from sre_findings.model.answers import verdict as rule
from sre_findings.model.answers.verdict import Verdict
from sre_findings.model.snapshots.gaps import NEVER, Gap
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.nightly.report import Material
from sre_reports.brief import brief
from sre_reports.html_report.sections.tiles import tiles


@pytest.mark.parametrize(
    ("last_read", "said"),
    [("2026-11-01T01:00:00+00:00", "not all read since 2026-11-01"), (NEVER, "never all read")],
)
def test_what_was_not_read_has_its_date_and_no_number(
    night: Callable[..., Material], last_read: str, said: str
) -> None:
    unread = Verdict(rule.UNKNOWN, rule.INCOMPLETE, "the scan is incomplete")
    material = night({"verdict": unread, "rollup": Rollup(), "uncovered": 0})
    gap = Gap("111122223333", "us-east-1", "*", "*", "denied", last_read)
    material = replace(
        material, coverage=replace(material.coverage, scanned=0, gaps=(), cells=(gap,))
    )
    for number in brief(material).numbers:
        assert number.text == f"{number.name}: unknown ({said})"
    for tile in tiles(material):
        assert (tile.value, tile.hint, tile.delta) == ("–", said, None)
        assert not re.search(r"\b0\b", tile.hint.replace(last_read[:10], ""))
