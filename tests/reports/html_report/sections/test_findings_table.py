"""A row of the findings table without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import sre_reports
from sre_findings.model.findings.open_finding import OpenFinding
from sre_reports.html_report.sections.findings_table import COLUMNS, row

TODAY = date(2026, 11, 22)
Open = Callable[..., OpenFinding]


def test_a_line_has_all_fields_of_a_finding(open_finding: Open) -> None:
    told = row(
        open_finding(kev=True, exploit=True, reachable=True, new=True, title="A title"), TODAY
    )
    assert {one.name: getattr(told, one.name) for one in fields(told)} == {
        "severity": "High",
        "look": "high",
        "score": "7.8",
        "identity": "CVE-2026-1234",
        "link": "https://nvd.nist.gov/vuln/detail/CVE-2026-1234",
        "title": "A title",
        "flags": ["kev", "exploit", "reachable", "new"],
        "packages": "vim-minimal",
        "change": "9.0-1 → 9.1-1",
        "resource": "i-0123456789abcdef0",
        "name": "prod-web-36",
        "account": "111122223333",
        "region": "eu-west-1",
        "owner": "payments",
        "epss": "0.2 %",
        "age": "20 d",
        "sla": "10 d left",
        "late": False,
    }


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"severity": "OTHER"}, "look", "other"),
        ({"severity": "UNTRIAGED"}, "severity", "Untriaged"),
        ({"score": None}, "score", ""),
        ({"score": 10.0}, "score", "10.0"),
        ({"score": 7.25}, "score", "7.3"),  # as JavaScript's toFixed; Python gives 7.2
        ({"score": 1.15}, "score", "1.1"),  # the binary value is slightly smaller
        ({"epss": None}, "epss", ""),
        ({"epss": 0.97105}, "epss", "97.1 %"),
        ({"epss": 0.0005}, "epss", "0.1 %"),
        ({"kev": None}, "flags", []),
        ({"identity": "network reachability"}, "link", ""),
        ({"identity": "CVE-2026-1234/../../evil"}, "link", ""),
        ({"identity": "CVE-2026-1234\n"}, "link", ""),
        ({"identity": "CVE-2026-12\u200b34"}, "link", "https://nvd.nist.gov/vuln/detail/CVE-2026-1234"),
        ({"identity": "GHSA-aaaa-bbbb-cccc"}, "link", ""),
        ({"installed": "", "fixed_in": "2"}, "change", "2"),
        ({"fixed_in": ""}, "change", "9.0-1"),
        ({"installed": "", "fixed_in": ""}, "change", ""),
        ({"due_on": None}, "sla", "none"),
        ({"due_on": None}, "late", False),
        ({"due_on": "2026-11-22"}, "sla", "due today"),
        ({"due_on": "2026-11-22"}, "late", False),
        ({"due_on": "2026-11-21"}, "sla", "1 d overdue"),
        ({"due_on": "2026-11-21"}, "late", True),
        ({"due_on": "2022-11-21"}, "sla", "1,462 d overdue"),
        ({"due_on": "2032-11-22"}, "sla", "2,192 d left"),
        ({"opened_on": "2026-11-22"}, "age", "0 d"),
        ({"opened_on": "2022-11-21"}, "age", "1,462 d"),
        ({"name": "a\u202eb"}, "name", "ab"),
        ({"owner": ""}, "owner", ""),
    ],
)  # fmt: skip
def test_cells_of_a_row(
    open_finding: Open, changes: dict[str, Any], field: str, told: object
) -> None:
    assert getattr(row(open_finding(**changes), TODAY), field) == told


def test_every_column_can_be_sorted_by_the_script() -> None:
    script = (Path(sre_reports.__file__).parent / "templates/script/selection.js").read_text()
    assert all(f"  {key}: {{ key:" in script for key, _, _ in COLUMNS)
