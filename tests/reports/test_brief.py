"""The brief: its numbers match the answers, and unknown numbers are not zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sre_findings.model.answers import verdict as rule
from sre_findings.model.answers.answer import Proof
from sre_findings.model.answers.verdict import Verdict
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.report import Material
from sre_reports.brief import brief

Nights = Callable[..., Material]
UNKNOWN = {
    "verdict": Verdict(rule.UNKNOWN, rule.INCOMPLETE, "the scan is incomplete"),
    "rollup": Rollup(),
}
CLEAN = {"verdict": Verdict(rule.CLEAN, "no_findings", ""), "rollup": Rollup(), "uncovered": 0}


def texts(material: Material) -> list[str]:
    return [number.text for number in brief(material).numbers]


def test_the_eight_numbers_match_the_answers_and_have_changes(night: Nights) -> None:
    assert texts(night()) == [
        "2 critical (up 1)",
        "6 high (no change)",
        "4 past SLA (down 1)",
        "0 KEV (no change)",
        "5 / 2 new and resolved",
        "12 median days to remediate a critical finding",
        "11 of 13 fixable by an update",
        "40 of 43 resources fully scanned",
    ]


def test_findings_without_kev_data_are_not_zero(night: Nights) -> None:
    rollup = night().summary.rollup
    assert texts(night({"rollup": replace(rollup, unchecked=13)}))[3] == "KEV: no data"
    assert (
        texts(night({"rollup": replace(rollup, kev=1, unchecked=2)}))[3]
        == "1 KEV (up 1, 2 without KEV data)"
    )


def test_a_first_snapshot_is_not_compared(night: Nights) -> None:
    told = brief(night(before=None))
    assert [number.change for number in told.numbers] == [""] * 8
    assert told.numbers[4].text == "new and resolved: first snapshot"
    assert told.since == "First snapshot: there is nothing to compare it with yet."


@pytest.mark.parametrize("which", ["now", "before"])
def test_a_partial_snapshot_has_no_compared_numbers(
    night: Nights, proof: Callable[..., Proof], which: str
) -> None:
    partial = proof(state="partial", reasons=("eu-south-1: denied",))
    before = night().before
    assert before is not None
    material = (
        night({"proof": partial})
        if which == "now"
        else night(before=replace(before, summary=replace(before.summary, proof=partial)))
    )
    assert [number.change for number in brief(material).numbers[:4]] == ["not compared"] * 4
    assert brief(material).numbers[4].value == "5 / 2"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "Complete snapshot for all visible accounts · 13 open findings · 01:00 UTC"),
        ({"state": "partial", "reasons": ("a", "b")}, "PARTIAL: 2 reasons · 13 open findings · 01:00 UTC"),
        ({"too_old": True, "age_seconds": 3 * 86400},
         "STALE: 3 d old · Complete snapshot for all visible accounts · 13 open findings · 01:00 UTC"),
        ({"too_old": True, "age_seconds": None},
         "IN THE FUTURE: check the clocks · Complete snapshot for all visible accounts · 13 open findings · 01:00 UTC"),
    ],
)  # fmt: skip
def test_the_state_has_completeness_and_freshness(
    night: Nights, proof: Callable[..., Proof], changes: Mapping[str, Any], state: str
) -> None:
    told = brief(night({"proof": proof(**changes)}))
    assert told.state.text == state
    assert told.state.look == ("warn" if changes else "good")


def test_an_unknown_verdict_has_no_numbers(night: Nights, proof: Callable[..., Proof]) -> None:
    told = brief(
        night(
            {**UNKNOWN, "proof": proof(state="partial", reasons=("a",))},
            fixes=replace(night().fixes, items=()),
        )
    )
    assert [number.value for number in told.numbers] == ["unknown"] * 7 + ["40"]
    assert told.verdict == "Unknown: the scan is incomplete."
    assert told.plan == "Top remediations are unknown."
    assert "0" not in told.state.text.replace("01:00", "")


@pytest.mark.parametrize(
    ("summary", "changes", "subject"),
    [
        ({}, {}, "Inspector, 22 Nov: 2 critical, 4 past SLA"),
        ({}, {"owner": "payments"}, "Inspector, payments, 22 Nov: 2 critical, 4 past SLA"),
        (
            {},
            {"account": "111122223333"},
            "Inspector, account 111122223333, 22 Nov: 2 critical, 4 past SLA",
        ),
        (UNKNOWN, {}, "Inspector, 22 Nov: unknown, the scan is incomplete"),
        (CLEAN, {}, "Inspector, 22 Nov: no findings reported"),
    ],
)
def test_the_subject_summarizes_the_snapshot(
    night: Nights, summary: Any, changes: Any, subject: str
) -> None:
    assert brief(night(summary, **changes)).subject == subject


def test_a_partial_snapshot_is_marked_in_the_subject(
    night: Nights, proof: Callable[..., Proof]
) -> None:
    told = brief(night({"proof": proof(state="partial", reasons=("a",))}))
    assert told.subject == "Inspector, 22 Nov: PARTIAL, 2 critical, 4 past SLA"


@pytest.mark.parametrize(
    ("summary", "verdict", "accent"),
    [
        ({}, "2 critical and 6 high findings are open.", "critical"),
        ({"rollup": Rollup(Counts(low=1))}, "1 low finding is open.", "low"),
        ({"rollup": Rollup(suppressed=3)}, "All 3 findings are suppressed.", "warn"),
        (CLEAN, "Inspector reports no findings on the resources that it scans.", "good"),
    ],
)
def test_the_verdict_is_a_sentence_with_an_accent(
    night: Nights, summary: Any, verdict: str, accent: str
) -> None:
    told = brief(night(summary))
    assert (told.verdict, told.accent) == (verdict, accent)


def test_the_first_three_updates_have_resolved_findings(night: Nights) -> None:
    told = brief(night())
    assert [fix.what for fix in told.fixes] == ["kernel", "openssl", "vim"]
    assert told.fixes[0].clears == "3 findings on 3 resources, 1 KEV"
    assert told.plan == "Three updates resolve 9 of 13 open findings."
    assert (
        brief(night(fixes=replace(night().fixes, items=()))).plan == "No update resolves a finding."
    )


def test_updates_of_one_name_are_distinguished_by_platform(night: Nights) -> None:
    usual, kinds = night().fixes, ("UBUNTU_22_04", "AMAZON_LINUX_2")
    twins: list[Any] = [
        dict(line, what="kernel", platform=platform)
        for line, platform in zip(usual.items, kinds, strict=False)
    ]
    told = brief(night(fixes=replace(usual, items=[*twins, usual.items[1]])))
    assert [fix.what for fix in told.fixes] == [
        "kernel · Ubuntu 22.04",
        "kernel · Amazon Linux 2",
        "openssl",
    ]
