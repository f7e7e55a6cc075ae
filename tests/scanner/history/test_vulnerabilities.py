"""Details of vulnerabilities: requested once and kept with their date.

Missing details are unknown, never "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tests.support.clock import NOW

from sre_findings.model.errors import AccessDenied
from sre_scanner.history.vulnerabilities import PATIENCE, enrich

KEV = {"dateAdded": 1_700_000_000.0, "dateDue": 1_701_000_000.0, "action": "Update."}


class Asked:
    """Answers BatchGetFindingDetails from a table in any region and records the requests."""

    def __init__(self, table: Mapping[str, Any], refuses: Exception | None = None) -> None:
        self._table, self._refuses, self.batches = table, refuses, list[list[str]]()

    def __call__(self, _region: str) -> Any:
        return self

    def details(self, arns: list[str], _tally: Any) -> tuple[dict[str, Any], dict[str, str]]:
        self.batches.append(list(arns))
        if self._refuses:
            raise self._refuses
        return {arn: self._table[arn] for arn in arns if arn in self._table}, {}


def before(name: str, hours: int = 30) -> dict[str, Any]:
    """A row from an earlier snapshot."""
    asked = NOW - timedelta(hours=hours)
    return {
        "vulnerability_id": name,
        "checked": True,
        "checked_at": asked,
        "problem": None,
        "kev_due": None,
    }


def rows(
    desk: Any, wanted: list[tuple[str, str, str]], known: Any = None, **more: Any
) -> dict[str, dict[str, Any]]:
    return {
        row["vulnerability_id"]: row for row in enrich(wanted, known or {}, desk, NOW, **more).rows
    }


def test_each_vulnerability_is_requested_once_in_batches_of_ten() -> None:
    desk = Asked({f"arn-{n}": {"epssScore": n / 100} for n in range(25)})
    wanted = [
        (f"CVE-{n}", region, f"arn-{n}") for region in ("eu-west-1", "us-east-1") for n in range(25)
    ]
    found = rows(desk, wanted)
    assert [len(batch) for batch in desk.batches] == [10, 10, 5]
    assert len(found) == 25
    assert found["CVE-7"]["epss_score"] == 0.07
    assert found["CVE-7"]["checked"]


def test_kev_dates_are_days_and_unlisted_vulnerabilities_are_checked() -> None:
    found = rows(
        Asked({"a": {"cisaData": KEV, "cwes": ["CWE-79", "CWE-80"]}, "b": {}}),
        [("CVE-1", "r", "a"), ("CVE-2", "r", "b")],
    )
    assert (found["CVE-1"]["kev_added"], found["CVE-1"]["kev_due"]) == (
        date(2023, 11, 14),
        date(2023, 11, 26),
    )
    assert found["CVE-1"]["cwes"] == "CWE-79,CWE-80"
    assert (found["CVE-2"]["checked"], found["CVE-2"]["kev_due"]) == (True, None)


def test_vulnerabilities_without_details_are_unchecked() -> None:
    found = rows(Asked({}), [("CVE-1", "r", "a")])
    assert (found["CVE-1"]["checked"], found["CVE-1"]["problem"]) == (
        False,
        "FINDING_DETAILS_NOT_FOUND",
    )


def test_todays_answers_are_kept_and_older_ones_requested_again() -> None:
    fresh, stale = (
        {
            "checked": True,
            "checked_at": NOW - timedelta(hours=hours),
            "problem": None,
            "kev_due": None,
        }
        for hours in (3, 30)
    )
    known = {
        "CVE-1": {"vulnerability_id": "CVE-1", **fresh},
        "CVE-2": {"vulnerability_id": "CVE-2", **stale},
    }
    desk = Asked({"b": {"cisaData": KEV}})
    found = rows(desk, [("CVE-1", "r", "a"), ("CVE-2", "r", "b")], known)
    assert desk.batches == [["b"]]
    assert found["CVE-1"]["checked_at"] == NOW - timedelta(hours=3)
    assert (found["CVE-2"]["checked_at"], found["CVE-2"]["kev_due"]) == (NOW, date(2023, 11, 26))


def test_a_denied_request_keeps_known_details_and_adds_a_note() -> None:
    stale = {
        "vulnerability_id": "CVE-1",
        "checked": True,
        "checked_at": NOW - timedelta(hours=30),
        "problem": None,
        "kev_due": None,
    }
    desk = Asked({}, AccessDenied("denied", do="Allow it."))
    done = enrich([("CVE-1", "r", "a"), ("CVE-2", "r", "b")], {"CVE-1": stale}, desk, NOW)
    found = {row["vulnerability_id"]: row for row in done.rows}
    assert found["CVE-1"] == stale
    assert (found["CVE-2"]["checked"], found["CVE-2"]["problem"]) == (False, "not asked")
    assert "not all details" in done.notes[0]


def test_details_missing_today_keep_yesterdays_values_and_date() -> None:
    stale = {
        "vulnerability_id": "CVE-1",
        "checked": True,
        "checked_at": NOW - timedelta(hours=30),
        "problem": None,
        "kev_due": None,
    }
    found = rows(Asked({}), [("CVE-1", "r", "a")], {"CVE-1": stale})
    assert found["CVE-1"] == stale | {"problem": "FINDING_DETAILS_NOT_FOUND"}


def test_it_stops_at_its_time_limit_and_reports_how_far_it_came() -> None:
    ticks = iter([0.0, 1.0, PATIENCE + 2])
    desk = Asked({f"arn-{n}": {} for n in range(15)})
    done = enrich(
        [(f"CVE-{n:02}", "r", f"arn-{n}") for n in range(15)],
        {},
        desk,
        NOW,
        clock=lambda: next(ticks),
    )
    assert sum(row["checked"] for row in done.rows) == 10
    assert len(done.rows) == 15
    assert "only 10 of 15" in done.notes[0]


def test_details_without_findings_are_kept_for_a_while() -> None:
    ages = {"CVE-1": 30, "CVE-2": 100}
    known = {name: before(name, hours=24 * days) for name, days in ages.items()}
    assert set(rows(Asked({}), [], known)) == {"CVE-1"}


def test_invalid_dates_are_ignored() -> None:
    wire = {
        "cisaData": {"dateAdded": "soon", "dateDue": 1e300},
        "exploitObserved": 7,
        "epssScore": "high",
        "cwes": None,
    }
    found = rows(Asked({"a": wire}), [("CVE-1", "r", "a")])
    assert [
        found["CVE-1"][name]
        for name in ("kev_added", "kev_due", "exploit_last_seen", "epss_score", "cwes")
    ] == [None] * 5
    assert found["CVE-1"]["wire"]


def test_a_finding_without_an_arn_is_never_used_in_a_batch() -> None:
    desk = Asked({"arn-1": {"epssScore": 0.5}})
    done = enrich([("CVE-1", "r", "arn-1"), ("CVE-2", "r", "sre:finding/00")], {}, desk, NOW)
    assert desk.batches == [["arn-1"]]
    assert [(row["vulnerability_id"], row["checked"]) for row in done.rows] == [
        ("CVE-1", True),
        ("CVE-2", False),
    ]
