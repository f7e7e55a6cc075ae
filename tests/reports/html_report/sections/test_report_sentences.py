"""The sentences about the verdict match the numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sre_findings.model.answers import verdict as rule
from sre_findings.model.answers.answer import SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.sla.ages import Lateness
from sre_findings.model.sla.policy import Policy
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.report import Material
from sre_reports.html_report.sections import sentences
from sre_reports.wording import by_severity

Nights = Callable[..., Material]
Summaries = Callable[..., SummaryAnswer]
Lists = Callable[..., ListAnswer[Any, Any]]


@pytest.mark.parametrize(
    ("rollup", "late", "sentence"),
    [
        (Rollup(Counts(low=1)), {}, "1 low finding is open."),
        (Rollup(Counts(high=2, low=3)), {}, "2 high findings are open."),
        (Rollup(Counts(critical=24, high=1000)), {"critical": 1, "high": 7},
         "24 critical findings are open, and 1 of them past their 15\N{NON-BREAKING HYPHEN}day SLA."),
        (Rollup(Counts(critical=24, high=1000), kev=3), {"critical": 9},
         ("24 critical findings are open, 9 of them past their 15\N{NON-BREAKING HYPHEN}day SLA, "
          "and 3 of all 1,024 are known to be exploited (CISA KEV).")),
        (Rollup(Counts(informational=2), kev=1), {"informational": 1},
         "2 informational findings are open, 1 of them past their due date, and 1 of all 2 is known to be exploited (CISA KEV)."),
        (Rollup(suppressed=4), {}, "All 4 findings are suppressed."),
    ],
)  # fmt: skip
def test_the_verdict_fits_the_counts(
    night: Nights,
    summary_answer: Summaries,
    listed: Lists,
    rollup: Rollup,
    late: dict[str, int],
    sentence: str,
) -> None:
    told = sentences.verdict(
        night(summary=summary_answer(rollup=rollup), late=listed([], late_by_severity=late))
    )
    assert told.first == sentence
    assert told.look == next((name for name, _ in by_severity(rollup.counts)), "muted")


def test_a_sla_of_one_day_is_a_one_day_sla(night: Nights, listed: Lists) -> None:
    policy = Policy((1, 30, 90, 180, None, 30))
    late = listed([], **Lateness(1, late_by_rank=(1, 0, 0, 0, 0, 0, 0)).to_json())
    assert sentences.verdict(night(policy=policy, late=late)).first.endswith(
        "1 of them past their 1\N{NON-BREAKING HYPHEN}day SLA."
    )


@pytest.mark.parametrize(
    ("came", "went", "sentence"),
    [
        ({"new": 3, "reopened": 1}, {"patched": 5, "terminated": 1},
         "Since the previous snapshot: 4 new, 6 resolved (5 patched, 1 on terminated resources), net -2."),
        ({"new": 1_200}, {}, "Since the previous snapshot: 1,200 new, 0 resolved, net +1,200."),
        ({}, {"not_scanned": 2, "unknown": 1},
         "Since the previous snapshot: 0 new, 3 resolved (2 no longer scanned, 1 unexplained), net -3."),
        ({}, {}, "No changes since the previous snapshot."),
        ({"onboarding": 7}, {}, "No changes since the previous snapshot. 7 more findings were found by a first scan."),
    ],
)  # fmt: skip
def test_changes_have_reasons(
    night: Nights, listed: Lists, came: dict[str, int], went: dict[str, int], sentence: str
) -> None:
    opened = {"new": 0, "onboarding": 0, "successor": 0, "reopened": 0} | came
    resolved = {"patched": 0, "terminated": 0, "not_scanned": 0, "unknown": 0} | went
    changes = listed([], since={"snapshot_id": "x"}, opened_by=opened, resolved_by=resolved)
    assert sentence in sentences.verdict(night(changes=changes)).rest


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([7], "The first update below resolves 7 of 13 open findings (54 %)."),
        ([7, 6], "The first 2 updates below resolve 13 of 13 open findings (100 %)."),
    ],
)
def test_the_first_updates_resolve_the_sum_of_their_findings(
    night: Nights, listed: Lists, lines: list[int], sentence: str
) -> None:
    fixes = listed([{"findings": count, "kev": 0} for count in lines])
    assert sentence in sentences.verdict(night(fixes=fixes)).rest


def test_without_updates_none_is_promised(night: Nights, listed: Lists) -> None:
    assert not [one for one in sentences.verdict(night(fixes=listed([]))).rest if "update" in one]


@pytest.mark.parametrize(
    ("uncovered", "sentence"),
    [
        (1, "1 resource is not fully scanned, so its findings are not fully known."),
        (2_000, "2,000 resources are not fully scanned, so their findings are not fully known."),
    ],
)
def test_coverage_gaps_follow_the_verdict(
    night: Nights, summary_answer: Summaries, uncovered: int, sentence: str
) -> None:
    assert (
        sentences.verdict(night(summary=summary_answer(uncovered=uncovered))).rest[-1] == sentence
    )


def test_an_unknown_verdict_has_a_reason_and_is_never_green(
    night: Nights, summary_answer: Summaries
) -> None:
    verdict = rule.Verdict(rule.UNKNOWN, rule.NOT_SCANNED, "3 resources are not fully scanned")
    told = sentences.verdict(night(summary=summary_answer(verdict=verdict, rollup=Rollup())))
    assert (told.look, told.first, told.rest[0]) == (
        "warn",
        "Unknown: not scanned.",
        "3 resources are not fully scanned.",
    )


@pytest.mark.parametrize(
    ("changes", "look", "text", "reasons"),
    [
        ({}, "good", "Complete for all visible accounts · 13 of 13 active findings read · 01:00 UTC", ()),
        ({"claim": ""}, "good", "Complete · 13 of 13 active findings read · 01:00 UTC", ()),
        ({"state": "partial", "reasons": ("a",)}, "warn", "PARTIAL: 1 reason · 13 of 13 active findings read · 01:00 UTC",
         ("a",)),
        ({"too_old": True}, "warn", "STALE: 6 h old · 13 of 13 active findings read · 01:00 UTC",
         ("The snapshot is stale.",)),
        ({"state": "partial", "reasons": ("a", "b"), "too_old": True, "age_seconds": None}, "warn",
         "PARTIAL: 2 reasons · IN THE FUTURE: check the clocks · 13 of 13 active findings read · 01:00 UTC",
         ("a", "b", "The snapshot starts in the future: check the clocks.")),
        ({"as_of": None}, "good", "Complete for all visible accounts · 13 of 13 active findings read", ()),
    ],
)  # fmt: skip
def test_the_pill_has_completeness_and_freshness(
    night: Nights,
    summary_answer: Summaries,
    proof: Callable[..., Any],
    changes: dict[str, Any],
    look: str,
    text: str,
    reasons: tuple[str, ...],
) -> None:
    told = sentences.pill(night(summary=summary_answer(proof=proof(**changes))))
    assert (told.look, told.text, tuple(told.reasons)) == (look, text, reasons)


def test_a_count_that_was_not_queried_is_left_out(night: Nights) -> None:
    base = night()
    assert base.evidence is not None
    unasked = replace(base, evidence=replace(base.evidence, counted=None))
    for one in (unasked, replace(base, evidence=None)):
        assert (
            sentences.pill(one).text
            == "Complete for all visible accounts · 13 open findings · 01:00 UTC"
        )


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 1000, "1 %"),
        (999, 1000, "99 %"),
        (1, 3, "33 %"),
    ],
)
def test_a_percentage_is_0_only_for_none_and_100_only_for_all(
    part: int, whole: int, text: str
) -> None:
    assert sentences.percent(part, whole) == text
