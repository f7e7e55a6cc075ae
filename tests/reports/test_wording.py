"""Sentences that all interfaces share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sre_findings.model.answers import verdict as rule
from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.snapshots.partial_reasons import UNKNOWN, Reason
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_reports import wording

Proofs = Callable[..., Proof]
Findings = Callable[..., Finding]


def test_severities_with_findings_are_listed_most_severe_first() -> None:
    rollup = Rollup(Counts(1, 2, 3, 4, 5, 6, 7), suppressed=8)
    assert (
        "".join(wording.counts_sentence(rollup))
        == "28 open findings: 1 critical, 2 high, 3 medium, 4 low, 5 informational, 6 untriaged, 7"
        " other; 8 suppressed"
    )


def test_one_finding_is_singular_and_zeros_are_left_out() -> None:
    assert "".join(wording.counts_sentence(Rollup(Counts(high=1)))) == "1 open finding: 1 high"
    assert "".join(wording.counts_sentence(Rollup())) == "0 open findings"


@pytest.mark.parametrize(
    ("exploitable", "sentence"),
    [
        (0, "1,200 can be fixed by an update."),
        (1, "1,200 can be fixed by an update; 1 has an exploit available."),
        (2, "1,200 can be fixed by an update; 2 have an exploit available."),
    ],
)
def test_fixable_and_exploitable_counts(exploitable: int, sentence: str) -> None:
    assert (
        wording.more_sentence(Rollup(Counts(high=2000), fixable=1200, exploitable=exploitable))
        == sentence
    )


def test_unassigned_is_distinct_from_an_owner_of_that_name() -> None:
    assert (wording.valued("", "owner"), wording.valued("payments", "owner")) == (
        "Unassigned",
        "payments",
    )
    told = {wording.valued(value, "owner") for value in ("", "Unassigned", '"Unassigned"', '"')}
    assert len(told) == 4


def test_nothing_open_has_no_further_counts() -> None:
    assert wording.more_sentence(Rollup(suppressed=3)) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "under a minute"), (59, "under a minute"), (60, "1 min"), (3599, "59 min"), (6 * 3600 + 5, "6 h"),
     (47 * 3600, "47 h"), (48 * 3600, "2 d")],
)  # fmt: skip
def test_an_age_has_one_unit(seconds: int, words: str) -> None:
    assert wording.age(seconds) == words


def test_the_proof_of_a_complete_snapshot(proof: Proofs) -> None:
    assert (
        wording.proof_sentence(proof())
        == "Snapshot 20261122T010000Z, 6 h old, complete for all visible accounts."
    )


def test_a_partial_snapshot_claims_nothing(proof: Proofs) -> None:
    partial = proof(state="partial", reasons=("eu-west-1: denied",))
    assert wording.proof_sentence(partial) == "Snapshot 20261122T010000Z, 6 h old, partial."
    assert wording.doubts(partial) == ("eu-west-1: denied",)


def test_a_stale_snapshot_is_marked(proof: Proofs) -> None:
    assert "6 h old, stale, complete" in wording.proof_sentence(proof(too_old=True))


def test_an_unknown_age_or_completeness_is_stated(proof: Proofs) -> None:
    assert wording.proof_sentence(proof(age_seconds=None, state=None)).endswith(
        ", age unknown, completeness unknown."
    )


def test_a_live_answer_names_inspector_and_has_no_doubts(proof: Proofs) -> None:
    live = proof(source="live", snapshot_id=None, state=None, reasons=("x",))
    assert wording.proof_sentence(live) == "Amazon Inspector, queried live at 2026-11-22T01:00:00Z."
    assert wording.freshness(proof(source="live", as_of=None)) == "queried live"
    assert wording.doubts(live) == ()


def test_without_a_snapshot_the_next_step_is_named(proof: Proofs) -> None:
    none = proof(snapshot_id=None, as_of=None, age_seconds=None, state=None)
    assert wording.proof_sentence(none) == "There is no snapshot yet. Run: sre-cli scan."
    assert wording.freshness(none) == "there is no snapshot yet"


def test_the_headline_never_says_clean() -> None:
    assert (
        wording.headline(rule.Verdict(rule.CLEAN, rule.NO_FINDINGS, ""))
        == "Inspector reports no findings"
    )


@pytest.mark.parametrize(
    "reason",
    [
        rule.NOT_SCANNED,
        rule.INCOMPLETE,
        rule.DENIED,
        rule.DISABLED,
        rule.TOO_OLD,
        rule.NO_SNAPSHOT,
        rule.SCANNED_TOO_LONG_AGO,
        "a reason of tomorrow",
    ],
)
def test_an_unknown_verdict_comes_first(reason: str) -> None:
    assert wording.headline(rule.Verdict(rule.UNKNOWN, reason, "")).startswith("Unknown")


def test_an_unknown_reason_still_shows_vulnerable() -> None:
    assert (
        wording.headline(rule.Verdict(rule.VULNERABLE, "a reason of tomorrow", "")) == "Vulnerable"
    )


def test_the_age_of_a_finding_is_as_of_the_answer(finding: Findings) -> None:
    assert wording.days_old(finding(), datetime(2026, 11, 22, 1, tzinfo=UTC)) == 19
    assert wording.days_old(finding(), datetime(2026, 1, 1, tzinfo=UTC)) == 0
    assert wording.days_old(finding(), None) is None


def test_an_epoch_of_zero_is_left_out(finding: Findings) -> None:
    assert wording.version("0:5.3-1, 2:9.0, 0:1") == "5.3-1, 2:9.0, 1"
    assert wording.version(None) is None


def test_packages_are_named_once(finding: Findings) -> None:
    twice = finding(
        packages=(Package("a", "1"), Package("b", "1"), Package("a", "2"), Package("", "3"))
    )
    assert wording.packages(twice) == ["a", "b"]


def test_a_finding_without_a_vulnerability_shows_its_type(finding: Findings) -> None:
    assert wording.identity(finding()) == "CVE-2026-1234"
    assert (
        wording.identity(finding(vulnerability_id=None, type="NETWORK_REACHABILITY"))
        == "network reachability"
    )


def test_a_proof_for_readers_of_reports_has_no_message_from_aws(proof: Proofs) -> None:
    said = "User: arn:aws:sts::111122223333:assumed-role/sre/scan is not authorized"
    causes = (
        Reason("not_ended", "findings denied", "eu-west-1", detail=said),
        Reason(UNKNOWN, said),
    )
    partial = proof(state="partial", causes=causes)
    assert wording.doubts(partial) == (f"eu-west-1: findings denied ({said})", said)
    assert wording.doubts(partial.outward()) == (
        "eu-west-1: findings denied",
        "not all of it could be read",
    )


def test_the_age_without_a_first_observation_is_unknown(finding: Findings) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert wording.days_old(finding(first_observed_at=None), now) is None
    assert wording.days_old(finding(), now) == 19


@pytest.mark.parametrize(
    ("resolved", "total", "words"),
    [
        (3, 1_390, "3 of 1,390 KEV findings and "),
        (1, 1, "1 of 1 KEV finding and "),
        (0, 5, ""),
        (3, 0, ""),
    ],
)
def test_what_updates_resolve_starts_with_kev(resolved: int, total: int, words: str) -> None:
    assert wording.of_kev(resolved, total) == words
