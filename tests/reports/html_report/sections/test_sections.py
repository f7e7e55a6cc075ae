"""The sections of the report: remediations, ages, gaps, trend, rankings and evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_findings.model.answers.answer import CoverageAnswer, Group, Proof, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.findings.open_finding import OpenFinding
from sre_findings.model.sla.age_bands import AgeGrid, Band, Square
from sre_findings.model.sla.ages import Lateness
from sre_findings.model.sla.policy import Policy
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.report import Held, Material
from sre_findings.nightly.risks import Risk
from sre_reports import wording
from sre_reports.html_report.sections import (
    ages,
    coverage_gaps,
    evidence,
    rankings,
    remediations,
    risks,
    trend,
    view,
)

Nights = Callable[..., Material]
Lists = Callable[..., ListAnswer[Any, Any]]
AT = datetime(2026, 11, 22, 7, tzinfo=UTC)


def facts(night: Material) -> dict[str, str]:
    return dict(evidence.evidence(night, AT))


# Top risks.


def test_a_risk_has_its_due_date_owner_and_first_reasons(night: Nights) -> None:
    assert risks.lines(night()) == [
        risks.Line(
            "CVE-2026-1234",
            "CVE-2026-1234",
            "critical",
            True,
            "2 d overdue",
            True,
            "2 resources",
            "payments",
            "Exploited in the wild; EPSS 0.97.",
        )
    ]


def changed(night: Nights, owners: list[str], due_on: date | None, **item: Any) -> risks.Line:
    (first,) = night().risks
    priority: Any = dict(first.priority) | item
    (line,) = risks.lines(night(risks=[Risk(priority, owners, due_on)]))
    return line


@pytest.mark.parametrize(
    ("days", "words"), [(None, ""), (0, "due today"), (1, "due in 1 d"), (-1200, "1,200 d overdue")]
)
def test_a_risk_is_late_after_its_due_date(night: Nights, days: int | None, words: str) -> None:
    due_on = None if days is None else night().today + timedelta(days=days)
    line = changed(night, [], due_on)
    assert (line.due, line.late) == (words, (days or 0) < 0)


@pytest.mark.parametrize(
    ("owners", "words"),
    [(["payments"], "payments"), ([""], "unassigned"), (["", "payments"], ""), ([], "")],
)
def test_a_risk_of_several_owners_names_none(night: Nights, owners: list[str], words: str) -> None:
    assert changed(night, owners, None).owner == words


def test_a_risk_that_was_not_checked_for_kev_is_reported_so(night: Nights) -> None:
    line = changed(night, [], None, kev=None, why="KEV not checked; high.")
    assert (line.kev, line.why) == (False, "KEV not checked; high.")


def test_a_risk_without_other_reasons_keeps_the_only_one(night: Nights) -> None:
    assert changed(night, [], None, kev=False, why="Not in KEV.").why == "Not in KEV."


def test_a_risk_without_a_vulnerability_id_has_its_title(night: Nights) -> None:
    line = changed(night, [], None, type="NETWORK_REACHABILITY", title="Port 22")
    assert (line.name, line.query) == ("Port 22", "Port 22")


# Top remediations.


def test_an_update_has_resources_and_resolved_findings(night: Nights) -> None:
    assert remediations.steps(night()) == [
        remediations.Step(
            1,
            "vim-minimal",
            "9.1-1",
            "Update vim-minimal.",
            "sudo dnf update vim-minimal",
            7,
            "2 resources · 1 critical",
            1,
            2,
            ["prod-web-36", "i-0fedcba9876543210"],
        )
    ]


def test_an_update_of_several_packages_has_no_single_version(night: Nights, listed: Lists) -> None:
    (line,) = night().fixes.items
    hosts = [{"name": f"n{n}", "resource_id": "i"} for n in range(50)]
    many = dict(line) | {
        "packages": [line["packages"][0]] * 2,
        "command": None,
        "hosts": hosts,
        "critical": 0,
    }
    (step,) = remediations.steps(night(fixes=listed([many])))
    assert (step.target, step.command, step.facts) == ("", "", "2 resources")
    assert step.named == [f"n{n}" for n in range(remediations.NAMED)]


def test_a_package_without_a_known_version_has_no_target(night: Nights, listed: Lists) -> None:
    (line,) = night().fixes.items
    (step,) = remediations.steps(
        night(fixes=listed([dict(line) | {"packages": [{"name": "a", "fixed_in": None}]}]))
    )
    assert step.target == ""


# Age against the SLA.


def test_a_field_is_shaded_by_count_and_outlined_if_overdue(night: Nights) -> None:
    critical, high, medium = ages.lines(night())
    assert [(one.count, one.shade, one.late) for one in high.fields[:3]] == [
        (3, 4, "some"),
        (3, 4, ""),
        (0, 0, ""),
    ]
    assert (medium.fields[0].shade, critical.fields[1].late) == (5, "all")
    assert [one.overdue for one in (*high.fields[:2], critical.fields[1])] == [1, 0, 1]
    assert [(one.name, one.allowed, one.late) for one in (critical, high, medium)] == [
        ("critical", "15 d", 1), ("high", "30 d", 1), ("medium", "90 d", 0),
    ]  # fmt: skip


def test_bands_are_named_by_their_days(night: Nights) -> None:
    assert ages.bands(night()) == ["0–15", "16–30", "31–90", "91–180", ">180"]
    short = AgeGrid((Band(0, 0), Band(1, 1), Band(2, None)), {6: (Square(1, 0),) * 3})
    assert ages.bands(night(ages=short)) == ["0", "1", ">1"]
    (line,) = ages.lines(night(ages=short, policy=Policy((0, 1, 1, None, None, None))))
    assert (line.name, line.allowed) == ("other", "none")


@given(st.lists(st.integers(0, 100_000), min_size=5, max_size=5))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples * 25 // 100,
)
def test_shades_grow_with_counts(night: Nights, counts: list[int]) -> None:
    base = night()
    grid = replace(base.ages, rows={0: tuple(Square(count, 0) for count in counts)})
    fields = sorted(ages.lines(replace(base, ages=grid))[0].fields, key=lambda one: one.count)
    assert [one.shade for one in fields] == sorted(one.shade for one in fields)
    assert all((one.shade > 0) == (one.count > 0) and one.shade <= 5 for one in fields)


def test_medians_are_shown_if_known(night: Nights, listed: Lists) -> None:
    assert ages.median_words(night()) == "Median days to remediate, last 90 days: critical 12."
    some = listed([{"value": "CRITICAL", "median_days": 1_200}, {"value": "LOW", "median_days": 3}])
    assert (
        ages.median_words(night(time_to_fix=some))
        == "Median days to remediate, last 90 days: critical 1,200, low 3."
    )
    assert "not available" in ages.median_words(night(time_to_fix=listed([])))


# Coverage gaps.


def test_gaps_are_ordered_by_affected_resources(
    coverage_answer: Callable[..., CoverageAnswer],
) -> None:
    found = coverage_gaps.gaps(coverage_answer())
    assert [(one.reason, one.resources, one.named) for one in found] == [
        ("UNMANAGED_EC2_INSTANCE", 2, ["silent-2", "silent-3"]),
        ("STALE_INVENTORY", 1, ["silent-1"]),
    ]
    assert found[0].why == "The instance is not managed by SSM"
    assert found[0].remedy.startswith("Attach an SSM instance profile")


def test_a_resource_with_several_gaps_counts_once(
    coverage_answer: Callable[..., CoverageAnswer],
) -> None:
    one = coverage_answer().gaps[0]
    assert [
        gap.resources
        for gap in coverage_gaps.gaps(
            coverage_answer(gaps=(one, replace(one, scan_type="NETWORK")))
        )
    ] == [1]
    many = tuple(replace(one, resource_id=f"i-{n}", name="") for n in range(100))
    (gap,) = coverage_gaps.gaps(coverage_answer(gaps=many))
    assert (gap.resources, len(gap.named)) == (100, coverage_gaps.NAMED)


# Trend.


def test_a_day_without_a_snapshot_is_a_gap_and_never_zero(night: Nights) -> None:
    told = trend.trend(night())
    assert told is not None
    assert (told.first, told.last, told.nights) == (date(2026, 11, 20), date(2026, 11, 22), 2)
    assert told.gaps == "Not drawn: 1 day without a snapshot."
    critical = told.panels[0]
    assert (critical.first, critical.last, critical.change) == (3, 2, -1)
    assert critical.area.lines == (), "no line is drawn across a gap"
    assert len(critical.dots) == 3, "two nights alone, and a mark on the last"
    assert len(told.flow.gaps) == 1
    assert (told.most_opened, told.most_resolved) == (4, 6)
    assert told.label == "4 findings new or reopened and 6 resolved from 2026-11-20 to 2026-11-22"
    assert told.ticks == [(11.7, "11-20"), (45.0, "11-21"), (78.3, "11-22")]
    assert critical.label == "critical: 3 on 2026-11-20, 2 on 2026-11-22, maximum 3"
    assert critical.least is None


def test_a_partial_day_is_a_lower_bound_and_compared_with_nothing(
    night: Nights, listed: Lists
) -> None:
    one, other = night().trend.items
    counts = {"critical": 1, "high": 200, "medium": 97, "low": 0, "total": 298}
    part = {**other, **counts, "date": "2026-11-23", "state": "partial"}
    told = trend.trend(night(trend=listed([dict(one), dict(other), part])))
    assert told is not None
    assert told.gaps == (
        "Not drawn: 1 day without a snapshot and 1 day with only a partial snapshot."
        " At least 298 open on 2026-11-23; the rest was not read."
    )
    critical = told.panels[0]
    assert (critical.last, critical.last_day, critical.least) == (2, date(2026, 11, 22), 2)


def test_two_snapshots_of_a_day_are_one_point(night: Nights, listed: Lists) -> None:
    one, other = night().trend.items
    twice = [dict(one), dict(other), dict(other) | {"critical": 9, "came": 1, "went": 0}]
    told = trend.trend(night(trend=listed(twice)))
    assert told is not None
    assert (told.nights, told.panels[0].last, told.most_opened) == (2, 9, 5)


@pytest.mark.parametrize("count", [0, 1])
def test_a_trend_needs_two_days(night: Nights, listed: Lists, count: int) -> None:
    assert (
        trend.trend(night(trend=listed([dict(one) for one in night().trend.items[:count]]))) is None
    )


# Rankings.


def test_bars_of_resources_share_one_scale_and_have_labels(
    night: Nights,
) -> None:
    big, small = rankings.resources(night())
    assert (big.label, big.late, big.where, big.region) == (
        "2 critical, 40 high, 1 low", 2, "production", "eu-west-1",
    )  # fmt: skip
    assert [piece.name for piece in big.pieces] == ["critical", "high", "low"]
    assert max(piece.x + piece.width for piece in big.pieces) == pytest.approx(
        rankings.WIDTH, abs=0.1
    )
    assert [piece.width for piece in small.pieces] == [rankings.LEAST]
    assert big.command == "sre-cli vulnerabilities -i i-0123456789abcdef0"


def test_a_copied_command_quotes_the_resource(
    night: Nights, open_finding: Callable[..., OpenFinding]
) -> None:
    held = Held(
        open_finding(resource_id="i; rm -rf ~", account_id="1").place,
        Rollup(Counts(low=1)),
        Lateness(),
    )
    (bar,) = rankings.resources(night(resources=[held]))
    assert bar.command == "sre-cli vulnerabilities -i 'i; rm -rf ~'"
    assert bar.where == "1", "an account without a name is told by its number"


def test_groups_have_overdue_counts_and_unassigned_has_no_link(night: Nights) -> None:
    assert [(one.value, one.late) for one in rankings.owners(night())] == [
        ("payments", 2),
        ("", None),
    ]
    assert [(one.value, one.name, one.late) for one in rankings.accounts(night())] == [
        ("111122223333", "production", 2)
    ]


def test_a_report_shows_the_most_vulnerable_groups(
    night: Nights, summary_answer: Callable[..., SummaryAnswer]
) -> None:
    groups = tuple(Group(f"{n:03}", "", Rollup(Counts(low=100 - n))) for n in range(100))
    none = Group("none", "", Rollup(suppressed=1))
    shown = rankings.accounts(night(accounts=summary_answer(by="account", groups=(none, *groups))))
    assert [one.value for one in shown] == [f"{n:03}" for n in range(rankings.GROUPS)]


@given(st.lists(st.tuples(*[st.integers(0, 100_000)] * 7), min_size=1, max_size=12))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples * 25 // 100,
)
def test_bars_fit_their_chart_and_show_every_severity(
    night: Nights, counts: list[tuple[int, ...]]
) -> None:
    base = night()
    groups = tuple(Group(f"{n}", "", Rollup(Counts(*one))) for n, one in enumerate(counts))
    for bar in rankings.accounts(replace(base, accounts=replace(base.accounts, groups=groups))):
        assert [piece.name for piece in bar.pieces] == [
            name for name, _ in wording.by_severity(bar.rollup.counts)
        ]
        assert all(piece.width > 0 for piece in bar.pieces)
        assert max(piece.x + piece.width for piece in bar.pieces) <= rankings.WIDTH + 0.1


# Evidence and scope.


def test_the_evidence_allows_to_verify_and_reproduce(night: Nights) -> None:
    assert facts(night()) == {
        "Snapshot": "20261122T010000Z",
        "Completeness": "complete for all visible accounts",
        "Files": (
            "s3://bucket/snapshots/20261122T010000Z (21 parts; the manifest has the SHA-256 of"
            " each)"
        ),
        "SHA-256 of the manifest": "ab" * 32,
        "Scan window": "2026-11-22T01:00:00Z to 2026-11-22T01:05:07Z (5 min 7 s)",
        "Count check": "ListFindings 13 active = ListFindingAggregations 13",
        "Scope": "4 accounts in eu-west-1, us-east-1; 7 of 8 account/region pairs complete",
        "API calls": "68 API pages, 2 throttled, 1 retry, 0 duplicates, 0 changed during the scan",
        "Not counted": "3 suppressed findings and 9 closed since the previous snapshot",
        "SLA policy": (
            "critical 15 d, high 30 d, medium 90 d, low 180 d, informational none, untriaged 30 d,"
            " from the first observation; findings in CISA KEV: the KEV due date"
        ),
        "SLA evaluated on": "2026-11-22",
        "Generated": "2026-11-22T07:00:00Z",
        "Reproduce with": "sre-cli report --as-of 20261122T010000Z -f report",
    }


@pytest.mark.parametrize(
    ("changes", "name", "told"),
    [
        ({"counted": 14}, "Count check", "ListFindings 13 active ≠ ListFindingAggregations 14"),
        (
            {"counted": None},
            "Count check",
            "ListFindings 13 active; ListFindingAggregations was not called",
        ),
        ({"closed": 0}, "Not counted", "3 suppressed findings"),
        ({"warnings": ("a part was read twice",)}, "Warning", "a part was read twice"),
        (
            {"accounts": 1, "pages": 1},
            "API calls",
            "1 API page, 2 throttled, 1 retry, 0 duplicates, 0 changed during the scan",
        ),
    ],
)
def test_mismatching_counts_are_shown(
    night: Nights, changes: dict[str, Any], name: str, told: str
) -> None:
    base = night()
    assert base.evidence is not None
    assert facts(replace(base, evidence=replace(base.evidence, **changes)))[name] == told


@pytest.mark.parametrize(
    ("changes", "state"),
    [({"state": "partial", "reasons": ("a: denied",)}, "partial"), ({"state": None}, "none")],
)
def test_an_incomplete_snapshot_claims_nothing(
    night: Nights,
    summary_answer: Callable[..., SummaryAnswer],
    proof: Callable[..., Proof],
    changes: dict[str, Any],
    state: str,
) -> None:
    told = facts(night(summary=summary_answer(proof=proof(**changes))))
    assert told["Completeness"] == state
    assert told.get("Reason", "") == "".join(changes.get("reasons", ()))


def test_a_scoped_report_names_its_scope(night: Nights) -> None:
    assert view.scope_words(night()) == ""
    assert view.scope_words(night(owner="payments")) == "for payments"
    assert (
        view.scope_words(night(account="111122223333")) == "for account production (111122223333)"
    )
    assert view.scope_words(night(account="999900001111")) == "for account 999900001111"
