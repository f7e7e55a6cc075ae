"""The rule of the house, clause by clause, and the promise that "clean" needs all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model import verdict as v
from sre_findings.model.certificate import Cell
from sre_findings.model.coverage import (
    DEFAULT_LIMIT,
    REASONS,
    SCAN_LIMITS,
    Coverage,
    explain,
    remedy,
    scan_limit,
    scanned_too_long_ago,
)
from sre_findings.model.finding import iso
from sre_findings.model.resource import FUNCTION, IMAGE, INSTANCE
from sre_findings.model.rollup import Counts, Rollup
from sre_findings.model.verdict import Evidence, decide

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
NONE, SOME = Rollup(), Rollup(Counts(high=2))
GAP = (Cell("111122223333", "eu-west-1", INSTANCE, "PACKAGE"), "throttled")


def covered(resource_type: str = INSTANCE, scan_type: str = "PACKAGE", **changes: Any) -> Coverage:
    mode = "EC2_SSM_AGENT_BASED" if (resource_type, scan_type) == (INSTANCE, "PACKAGE") else None
    usual = Coverage(
        resource_id="i-0123456789abcdef0",
        resource_type=resource_type,
        account_id="111122223333",
        region="eu-west-1",
        scan_type=scan_type,
        status="ACTIVE",
        reason="SUCCESSFUL",
        scan_mode=mode,
        last_scanned_at=AS_OF - timedelta(hours=2),
    )
    return replace(usual, **changes)


PACKAGE, NETWORK = covered(), covered(scan_type="NETWORK")


def evidence(**changes: Any) -> Evidence:
    whole = Evidence(NONE, (PACKAGE, NETWORK), (), AS_OF, too_old=False, known=True)
    return replace(whole, **changes)


def test_a_fully_scanned_instance_without_findings_is_clean() -> None:
    verdict = decide(evidence())
    assert (verdict.verdict, verdict.reason, verdict.notes) == (v.CLEAN, v.NO_FINDINGS, ())
    assert verdict.explanation == "Inspector reports none"


def test_active_findings_are_vulnerable() -> None:
    verdict = decide(evidence(rollup=SOME))
    assert (verdict.verdict, verdict.reason, verdict.notes) == (v.VULNERABLE, v.FINDINGS, ())


@pytest.mark.parametrize("severity", ["informational", "untriaged", "other"])
def test_a_finding_of_any_severity_is_vulnerable(severity: str) -> None:
    assert decide(evidence(rollup=Rollup(Counts(**{severity: 1})))).verdict == v.VULNERABLE


def test_suppressed_findings_alone_are_vulnerable_and_say_so() -> None:
    verdict = decide(evidence(rollup=Rollup(suppressed=3)))
    assert (verdict.verdict, verdict.reason) == (v.VULNERABLE, v.SUPPRESSED_ONLY)


def test_network_working_does_not_hide_package_failing() -> None:
    broken = replace(PACKAGE, status="INACTIVE", reason="NO_INVENTORY")
    verdict = decide(evidence(coverage=(NETWORK, broken)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
    assert verdict.explanation == "package not scanned, Inspector has no software inventory. " + remedy("NO_INVENTORY").rstrip(
        "."
    )


def test_every_scan_type_that_fails_is_named() -> None:
    rows = (replace(NETWORK, status="INACTIVE", reason="ACCESS_DENIED"), replace(PACKAGE, status="INACTIVE", reason="MARTIAN"))
    explanation = decide(evidence(coverage=rows)).explanation
    assert "network not scanned, Inspector was denied access" in explanation
    assert "package not scanned, MARTIAN" in explanation, "a reason that we do not know is shown as Inspector wrote it"


@pytest.mark.parametrize("status", ["INACTIVE", "", "PAUSED", "active"])
def test_a_status_that_is_not_active_to_the_letter_is_not_scanned(status: str) -> None:
    assert decide(evidence(coverage=(replace(PACKAGE, status=status),))).reason == v.NOT_SCANNED


def test_a_resource_without_any_row_of_coverage_is_not_scanned() -> None:
    verdict = decide(evidence(coverage=()))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
    assert verdict.explanation == "Inspector does not list this resource as covered"


@pytest.mark.parametrize("kind", [INSTANCE, IMAGE, FUNCTION])
def test_a_first_scan_that_is_still_to_come_is_not_clean_although_it_counts_as_active(kind: str) -> None:
    pending = covered(kind, reason="PENDING_INITIAL_SCAN", last_scanned_at=None)
    assert decide(evidence(coverage=(pending,))).reason == v.NOT_SCANNED


@pytest.mark.parametrize(
    ("scan_type", "mode", "limit"),
    [
        ("NETWORK", None, timedelta(hours=36)),
        ("NETWORK", "EC2_AGENTLESS", timedelta(hours=36)),
        ("PACKAGE", "EC2_AGENTLESS", timedelta(hours=72)),
        ("PACKAGE", "EC2_SSM_AGENT_BASED", timedelta(hours=96)),
        ("PACKAGE", None, DEFAULT_LIMIT),
        ("PACKAGE", "EC2_BY_TELEPATHY", DEFAULT_LIMIT),
    ],
)
def test_an_instance_must_have_been_scanned_within_the_limit_of_its_mode(
    scan_type: str, mode: str | None, limit: timedelta
) -> None:
    row = covered(scan_type=scan_type, scan_mode=mode, last_scanned_at=AS_OF - limit)
    assert scan_limit(row) == limit
    assert decide(evidence(coverage=(row, PACKAGE))).verdict == v.CLEAN
    late = replace(row, last_scanned_at=AS_OF - limit - timedelta(seconds=1))
    verdict = decide(evidence(coverage=(late, PACKAGE)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.SCANNED_TOO_LONG_AGO)
    assert verdict.explanation == f"its {scan_type.lower()} was last scanned at {iso(AS_OF - limit - timedelta(seconds=1))}"


def test_an_instance_whose_network_alone_is_covered_is_not_clean() -> None:
    verdict = decide(evidence(coverage=(NETWORK,)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
    assert "its packages are not listed" in verdict.explanation


def test_an_instance_without_a_last_scan_was_never_scanned() -> None:
    verdict = decide(evidence(coverage=(replace(PACKAGE, last_scanned_at=None),)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.SCANNED_TOO_LONG_AGO)
    assert verdict.explanation == "its package was never scanned"


@pytest.mark.parametrize("kind", [IMAGE, FUNCTION])
def test_images_and_functions_have_no_limit_for_they_are_scanned_on_change(kind: str) -> None:
    row = covered(kind, last_scanned_at=AS_OF - timedelta(days=400))
    assert scan_limit(row) is None
    assert not scanned_too_long_ago(row, AS_OF)
    assert decide(evidence(coverage=(row,))).verdict == v.CLEAN


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("denied", v.DENIED),
        ("disabled", v.DISABLED),
        ("throttled", v.INCOMPLETE),
        ("unreachable", v.INCOMPLETE),
        ("credentials_invalid", v.INCOMPLETE),
    ],
)
def test_a_cell_that_could_not_be_read_makes_it_unknown_and_says_why(state: str, reason: str) -> None:
    verdict = decide(evidence(gaps=((GAP[0], state),)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, reason)
    assert verdict.explanation == f"111122223333 eu-west-1 PACKAGE: {state.replace('_', ' ')}"


def test_a_region_that_was_not_reached_is_named_without_stars() -> None:
    gap = (Cell("*", "eu-west-1", "*", "*"), "unreachable")
    assert decide(evidence(gaps=(gap,))).explanation == "eu-west-1: unreachable"


def test_a_snapshot_that_is_too_old_is_unknown() -> None:
    verdict = decide(evidence(too_old=True))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.TOO_OLD)
    assert "2026-11-22T01:00:00Z" in verdict.explanation


def test_a_resource_that_nothing_names_is_no_such_resource_only_where_all_was_read() -> None:
    unknown = evidence(known=False, coverage=())
    assert decide(unknown).reason == v.NO_SUCH_RESOURCE
    assert decide(replace(unknown, gaps=(GAP,))).reason == v.INCOMPLETE
    assert decide(replace(unknown, too_old=True)).reason == v.TOO_OLD


def test_findings_are_vulnerable_even_in_partial_and_old_data_and_the_answer_says_that_there_may_be_more() -> None:
    verdict = decide(evidence(rollup=SOME, gaps=(GAP,), too_old=True))
    assert (verdict.verdict, verdict.reason) == (v.VULNERABLE, v.FINDINGS)
    assert verdict.notes == ("part of its data could not be read: there may be more", "the data are older than allowed")
    assert decide(evidence(rollup=Rollup(suppressed=1), gaps=(GAP,))).notes == verdict.notes[:1]


def test_findings_under_inactive_coverage_are_frozen_since_the_last_scan() -> None:
    row = replace(PACKAGE, status="INACTIVE", reason="STALE_INVENTORY", last_scanned_at=datetime(2026, 11, 1, tzinfo=UTC))
    verdict = decide(evidence(rollup=SOME, coverage=(NETWORK, row)))
    assert (verdict.verdict, verdict.reason) == (v.VULNERABLE, v.FROZEN)
    assert "frozen since 2026-11-01T00:00:00Z: package not scanned, its inventory is stale" in verdict.explanation


def test_findings_that_were_never_dated_are_frozen_for_an_untold_time() -> None:
    row = replace(PACKAGE, status="INACTIVE", reason="NO_INVENTORY", last_scanned_at=None)
    assert "for a time that Inspector does not tell" in decide(evidence(rollup=SOME, coverage=(row,))).explanation


@pytest.mark.parametrize("reason", ["EC2_INSTANCE_STOPPED", "RESOURCE_STOPPED"])
def test_a_stopped_instance_says_so_whichever_scan_type_tells_it(reason: str) -> None:
    stopped = replace(PACKAGE, status="INACTIVE", reason=reason)
    other = replace(NETWORK, status="INACTIVE", reason="INTERNAL_ERROR")
    for rows in ((stopped, other), (other, stopped)):
        verdict = decide(evidence(rollup=SOME, coverage=rows))
        assert (verdict.verdict, verdict.reason) == (v.VULNERABLE, v.STOPPED)


def test_a_stopped_instance_without_findings_is_not_clean() -> None:
    stopped = replace(PACKAGE, status="INACTIVE", reason="EC2_INSTANCE_STOPPED")
    assert decide(evidence(coverage=(NETWORK, stopped))).reason == v.NOT_SCANNED


def test_a_function_says_that_only_packages_of_latest_are_scanned_unless_its_code_is() -> None:
    note = ("$LATEST, packages only: its code is not scanned",)
    packages, code = covered(FUNCTION), covered(FUNCTION, "CODE")
    assert decide(evidence(coverage=(packages,))).notes == note
    assert decide(evidence(coverage=(packages,), rollup=SOME)).notes == note
    assert decide(evidence(coverage=(packages, code))).notes == ()
    assert decide(evidence(coverage=(packages, replace(code, status="INACTIVE")))).notes == note


def test_every_reason_has_words_and_no_remedy_runs_on() -> None:
    for reason, (words, advice) in REASONS.items():
        assert explain(reason) == words != reason
        assert remedy(reason) == advice
        assert not advice or advice.endswith(".")
    assert remedy("MARTIAN") == "Look the reason up in the Inspector user guide."


MOMENTS = st.one_of(st.none(), st.integers(-50, 500).map(lambda hours: AS_OF - timedelta(hours=hours)))
COVERAGES = st.builds(
    covered,
    st.sampled_from([INSTANCE, IMAGE, FUNCTION]),
    st.sampled_from(["NETWORK", "PACKAGE", "CODE"]),
    status=st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE", "ODD"]),
    reason=st.sampled_from(["SUCCESSFUL", "SUCCESSFUL", "PENDING_INITIAL_SCAN", "EC2_INSTANCE_STOPPED", "NEW"]),
    scan_mode=st.sampled_from([None, *SCAN_LIMITS]),
    last_scanned_at=MOMENTS,
)
FEW = st.sampled_from([0, 0, 0, 1])
ROLLUPS = st.builds(Rollup, st.builds(Counts, FEW, FEW, other=FEW), FEW)
EVIDENCE = st.builds(
    Evidence,
    st.one_of(st.just(NONE), ROLLUPS),
    st.lists(COVERAGES, max_size=3).map(tuple),
    st.sampled_from([(), (), (GAP,)]),
    st.just(AS_OF),
    st.sampled_from([False, False, True]),
    st.sampled_from([True, True, False]),
)


@given(EVIDENCE)
def test_clean_is_said_exactly_when_all_its_conditions_hold(known: Evidence) -> None:
    fresh = all(
        row.resource_type != INSTANCE
        or (row.last_scanned_at is not None and AS_OF - row.last_scanned_at <= (scan_limit(row) or timedelta()))
        for row in known.coverage
    )
    conditions = [
        not known.gaps,
        not known.too_old,
        known.known,
        any(row.status == "ACTIVE" for row in known.coverage),
        all(row.status == "ACTIVE" and row.reason != "PENDING_INITIAL_SCAN" for row in known.coverage),
        fresh,
        any(row.scan_type == "PACKAGE" or row.resource_type != INSTANCE for row in known.coverage),
        known.rollup.counts.total == 0,
        known.rollup.suppressed == 0,
    ]
    assert (decide(known).verdict == v.CLEAN) == all(conditions)


@given(EVIDENCE)
def test_vulnerable_is_said_exactly_when_findings_are_there_and_unknown_always_says_why(known: Evidence) -> None:
    verdict = decide(known)
    assert (verdict.verdict == v.VULNERABLE) == bool(known.rollup.counts.total or known.rollup.suppressed)
    assert verdict.reason
    assert verdict.explanation
    assert "\n" not in verdict.explanation
