"""The eight tiles: they match the answers, show changes, and link to what they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sre_findings.model.answers.answer import Proof, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.sla.age_bands import AgeGrid
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.report import Material
from sre_reports.html_report.sections.tiles import (
    Delta,
    Tile,
    more_is_bad,
    open_words,
    tiles,
)

Nights = Callable[..., Material]
Summaries = Callable[..., SummaryAnswer]


def named(night: Material) -> dict[str, Tile]:
    return {one.title: one for one in tiles(night)}


def test_the_eight_tiles_have_value_hint_link_and_change(night: Nights) -> None:
    assert tiles(night()) == [
        Tile("Critical", "2", "critical", "#sev=critical", Delta("good", "▼ 1"), "open"),
        Tile("High", "6", "high", "#sev=high", Delta("bad", "▲ 2"), "open"),
        Tile("Past SLA", "2", "", "#only=late", Delta("bad", "▲ 1"), "1 due within a week"),
        Tile("In CISA KEV", "0", "", "#only=kev", Delta("", "no change"), "known to be exploited"),
        Tile("New", "4", "", "#only=new", None, "6 resolved"),
        Tile("Remediation", "12 d", "", "#ages", None, "critical, 90-day median"),
        Tile("Fixable now", "85 %", "", "#only=fix", None, "11 by an update"),
        Tile("Coverage", "100 %", "", "#gaps", Delta("", "no change"), "0 not fully scanned"),
    ]


def test_a_first_snapshot_has_no_change_and_nothing_new(night: Nights) -> None:
    first = named(night(before=None))
    assert [one.delta for one in first.values()] == [None] * 8
    assert first["New"] == Tile("New", "–", "", "#trend", None, "first snapshot")


@pytest.mark.parametrize(
    ("now", "before", "tile"),
    [
        (
            {"kev": 3},
            {"kev": 5},
            Tile(
                "In CISA KEV", "3", "", "#only=kev", Delta("good", "▼ 2"), "known to be exploited"
            ),
        ),
        (
            {"kev": 3, "unchecked": 4},
            {},
            Tile(
                "In CISA KEV",
                "3",
                "",
                "#only=kev",
                Delta("bad", "▲ 3"),
                "4 more unknown: no KEV data",
            ),
        ),
        (
            {"unchecked": 13},
            {"kev": 5},
            Tile("In CISA KEV", "–", "", "#only=kev", None, "unknown: no KEV data"),
        ),
        (
            {"kev": 3},
            {"unchecked": 12},
            Tile("In CISA KEV", "3", "", "#only=kev", None, "known to be exploited"),
        ),
    ],
)
def test_missing_kev_data_is_not_zero(
    night: Nights,
    summary_answer: Summaries,
    now: dict[str, Any],
    before: dict[str, Any],
    tile: Tile,
) -> None:
    base = night()
    assert base.before is not None
    held = replace(base.before.summary, rollup=replace(base.before.summary.rollup, **before))
    rollup = replace(base.summary.rollup, **now)
    told = replace(
        base, summary=summary_answer(rollup=rollup), before=replace(base.before, summary=held)
    )
    assert named(told)["In CISA KEV"] == tile


@pytest.mark.parametrize(
    ("groups", "value", "hint"),
    [
        ([], "–", "no critical findings"),
        ([{"value": "HIGH", "median_days": 3}], "–", "no critical findings"),
        (
            [{"value": "CRITICAL", "median_days": None}],
            "–",
            "no median: under half of critical patched",
        ),
        ([{"value": "CRITICAL", "median_days": 0}], "0 d", "critical, 90-day median"),
        ([{"value": "CRITICAL", "median_days": 1_234}], "1,234 d", "critical, 90-day median"),
    ],
)
def test_a_median_is_never_guessed(
    night: Nights,
    listed: Callable[..., ListAnswer[Any, Any]],
    groups: list[dict[str, Any]],
    value: str,
    hint: str,
) -> None:
    tile = named(night(time_to_fix=listed(groups)))["Remediation"]
    assert (tile.value, tile.hint) == (value, hint)


def test_counts_of_a_partial_snapshot_are_lower_bounds_without_a_change(
    night: Nights, summary_answer: Summaries, proof: Callable[..., Proof]
) -> None:
    base = night()
    partial = replace(base, summary=replace(base.summary, proof=proof(state="partial")))
    leads = {title: (one.lead, one.delta) for title, one in named(partial).items()}
    assert leads == {
        **dict.fromkeys(("Critical", "High", "Past SLA", "In CISA KEV", "New"), ("at least", None)),
        **dict.fromkeys(("Remediation", "Fixable now", "Coverage"), ("", None)),
    }
    assert {one.lead for one in tiles(base)} == {""}


def test_without_findings_no_tile_links_to_the_missing_table(
    night: Nights, summary_answer: Summaries
) -> None:
    empty = named(night(summary=summary_answer(rollup=Rollup(), uncovered=0), ages=AgeGrid((), {})))
    assert {one.link for one in empty.values()} == {"#findings", "#trend", "#gaps"}
    assert empty["Fixable now"].value == "–"


def test_coverage_counts_gaps_and_never_rounds_them_away(
    night: Nights, summary_answer: Summaries
) -> None:
    base = night(summary=summary_answer(uncovered=1))
    seen = replace(base, coverage=replace(base.coverage, scanned=9_999))
    assert named(seen)["Coverage"] == Tile(
        "Coverage", "99 %", "", "#gaps", Delta("bad", "▲ 1"), "1 not fully scanned"
    )
    nothing = night(summary=summary_answer(uncovered=0), coverage=replace(base.coverage, scanned=0))
    assert named(nothing)["Coverage"].value == "–"


def test_a_change_has_its_arrow_and_its_colour() -> None:
    assert [
        more_is_bad(5, None),
        more_is_bad(5, 5),
        more_is_bad(1_500, 5),
        more_is_bad(5, 1_500),
    ] == [
        None,
        Delta("", "no change"),
        Delta("bad", "▲ 1,495"),
        Delta("good", "▼ 1,495"),
    ]


def test_open_counts_are_one_line(night: Nights, summary_answer: Summaries) -> None:
    assert open_words(night()) == "13 open findings on 4 resources"
    one = summary_answer(rollup=Rollup(Counts(low=1), resources=1))
    assert open_words(night(summary=one)) == "1 open finding on 1 resource"
