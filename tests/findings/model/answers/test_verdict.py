"""The verdict: each condition of the rule, and the property that "clean" needs all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.answers import verdict as v
from sre_findings.model.answers.verdict import Evidence, decide
from sre_findings.model.coverage.counts import Silence
from sre_findings.model.coverage.reasons import REASONS, explain, remedy
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.coverage.rules import STRICT_LIMIT, scan_limit, scanned_too_long_ago
from sre_findings.model.resources import resource as types
from sre_findings.model.resources.resource import FUNCTION, IMAGE, INSTANCE
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.snapshots.states import Cell
from sre_findings.model.timestamps import iso

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
NONE, SOME = Rollup(), Rollup(Counts(high=2))
GAP = Gap("111122223333", "eu-west-1", INSTANCE, "PACKAGE", "throttled")


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
    assert verdict.explanation == "Inspector reports no findings"


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
    assert (
        verdict.explanation
        == "package not scanned, Inspector has no software inventory. "
        + remedy("NO_INVENTORY").rstrip(".")
    )


def test_every_scan_type_that_fails_is_named() -> None:
    rows = (
        replace(NETWORK, status="INACTIVE", reason="ACCESS_DENIED"),
        replace(PACKAGE, status="INACTIVE", reason="MARTIAN"),
    )
    explanation = decide(evidence(coverage=rows)).explanation
    assert "network not scanned, Inspector was denied access" in explanation
    assert "package not scanned, MARTIAN" in explanation, (
        "a reason that we do not know is shown as Inspector wrote it"
    )


@pytest.mark.parametrize("status", ["INACTIVE", "", "PAUSED", "active"])
def test_a_status_that_is_not_active_to_the_letter_is_not_scanned(status: str) -> None:
    assert decide(evidence(coverage=(replace(PACKAGE, status=status),))).reason == v.NOT_SCANNED


def test_a_resource_without_any_row_of_coverage_is_not_scanned() -> None:
    verdict = decide(evidence(coverage=()))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
    assert verdict.explanation == "Inspector does not list this resource as covered"


@pytest.mark.parametrize("kind", [INSTANCE, IMAGE, FUNCTION])
def test_a_pending_first_scan_is_not_clean_although_it_is_active(
    kind: str,
) -> None:
    pending = covered(kind, reason="PENDING_INITIAL_SCAN", last_scanned_at=None)
    assert decide(evidence(coverage=(pending,))).reason == v.NOT_SCANNED


@pytest.mark.parametrize(
    ("scan_type", "mode", "limit"),
    [
        ("NETWORK", None, timedelta(hours=36)),
        ("NETWORK", "EC2_AGENTLESS", timedelta(hours=36)),
        ("PACKAGE", "EC2_AGENTLESS", timedelta(hours=72)),
        ("PACKAGE", "EC2_SSM_AGENT_BASED", timedelta(hours=96)),
        ("PACKAGE", "EC2_INSPECTOR_AGENT_BASED", timedelta(hours=72)),
        ("PACKAGE", None, STRICT_LIMIT),
        ("PACKAGE", "EC2_BY_TELEPATHY", STRICT_LIMIT),
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
    assert (
        verdict.explanation == f"its {scan_type.lower()} was last scanned at"
        f" {iso(AS_OF - limit - timedelta(seconds=1))}"
    )


def test_an_instance_whose_network_alone_is_covered_is_not_clean() -> None:
    verdict = decide(evidence(coverage=(NETWORK,)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
    assert "its packages are not covered" in verdict.explanation


def test_an_instance_without_a_last_scan_was_never_scanned() -> None:
    verdict = decide(evidence(coverage=(replace(PACKAGE, last_scanned_at=None),)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.SCANNED_TOO_LONG_AGO)
    assert verdict.explanation == "its package was never scanned"


@pytest.mark.parametrize("kind", [IMAGE, FUNCTION])
def test_images_and_functions_have_no_age_limit_but_must_have_been_scanned(
    kind: str,
) -> None:
    row = covered(kind, last_scanned_at=AS_OF - timedelta(days=400))
    assert scan_limit(row) is None
    assert not scanned_too_long_ago(row, AS_OF)
    assert decide(evidence(coverage=(row,))).verdict == v.CLEAN
    assert (
        decide(evidence(coverage=(replace(row, last_scanned_at=None),))).reason
        == v.SCANNED_TOO_LONG_AGO
    )


def test_a_scan_mode_that_nobody_knows_ends_the_freedom_from_limits() -> None:
    row = covered(IMAGE, last_scanned_at=AS_OF - STRICT_LIMIT, scan_mode="ECR_BY_LOTTERY")
    assert decide(evidence(coverage=(row,))).verdict == v.CLEAN
    late = replace(row, last_scanned_at=AS_OF - STRICT_LIMIT - timedelta(seconds=1))
    assert decide(evidence(coverage=(late,))).reason == v.SCANNED_TOO_LONG_AGO


@pytest.mark.parametrize(
    "kind", [types.AZURE_MACHINE, types.GOOGLE_IMAGE, types.AZURE_FUNCTION, types.MACHINE_IMAGE]
)
def test_what_inspector_scans_elsewhere_is_clean_by_its_own_rule_and_not_after_it(
    kind: str,
) -> None:
    row = covered(kind)
    assert decide(evidence(coverage=(row,))).verdict == v.CLEAN
    assert decide(evidence(coverage=(covered(kind, "NETWORK"),))).verdict == v.UNKNOWN
    assert (
        decide(
            evidence(coverage=(replace(row, last_scanned_at=AS_OF - timedelta(days=300)),))
        ).verdict
        == v.UNKNOWN
    )


@pytest.mark.parametrize(
    "kind", ["AWS_EKS_CLUSTER", "", "aws_ec2_instance", "Microsoft.Compute/virtualMachineScaleSets"]
)
def test_a_type_without_a_rule_is_never_clean_and_the_reason_says_so(kind: str) -> None:
    verdict = decide(evidence(coverage=(covered(kind),)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NO_RULE)
    assert f"no rule for the type {kind}" in verdict.explanation
    assert "Inspector reports no finding" in verdict.explanation
    assert decide(evidence(coverage=(covered(kind),), rollup=SOME)).verdict == v.VULNERABLE


def test_a_scan_type_without_a_rule_is_never_clean() -> None:
    verdict = decide(evidence(coverage=(PACKAGE, covered(scan_type="MALWARE"))))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NO_RULE)
    assert "no rule for MALWARE scans of AWS_EC2_INSTANCE" in verdict.explanation


@pytest.mark.parametrize(
    "kind",
    [types.IMAGE_REPOSITORY, types.AZURE_REPOSITORY, types.AZURE_REGISTRY, types.GOOGLE_REPOSITORY],
)
@pytest.mark.parametrize("last", [None, AS_OF])
def test_a_repository_or_a_registry_tells_nothing_of_its_images(
    kind: str, last: datetime | None
) -> None:
    row = covered(kind, last_scanned_at=last)
    verdict = decide(evidence(coverage=(row,)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
    assert "query its images" in verdict.explanation
    assert counted(row) == (0, 0, 0), "nor does it keep everything else from being clean"
    assert counted(replace(row, last_scanned_at=AS_OF - timedelta(hours=73))) == (0, 1, 0)


@pytest.mark.parametrize(
    "reason",
    ["PENDING_REVIVAL_SCAN", "SCAN_IN_PROGRESS", "DEEP_INSPECTION_NO_INVENTORY", "MARTIAN", ""],
)
@pytest.mark.parametrize("kind", [INSTANCE, IMAGE, FUNCTION])
def test_active_for_any_reason_but_success_is_not_clean(kind: str, reason: str) -> None:
    verdict = decide(evidence(coverage=(covered(kind, reason=reason),)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
    assert explain(reason) in verdict.explanation


def test_a_last_scan_in_the_future_proves_nothing_unless_during_the_read() -> None:
    ahead = covered(IMAGE, last_scanned_at=AS_OF + timedelta(hours=1))
    verdict = decide(evidence(coverage=(ahead,)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.SCANNED_TOO_LONG_AGO)
    assert "which is in the future" in verdict.explanation
    assert decide(evidence(coverage=(ahead,), until=AS_OF + timedelta(hours=1))).verdict == v.CLEAN


def test_where_scanning_is_off_nothing_is_clean_and_nothing_is_missing() -> None:
    cells = [
        Cell(f"{n:012}", "eu-west-1", INSTANCE, scan)
        for n in range(5)
        for scan in ("PACKAGE", "NETWORK")
    ]
    for known in (True, False):
        verdict = decide(evidence(off=cells, known=known))
        assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, v.NOT_SCANNED)
        named = ", ".join(f"EC2 in {n:012} eu-west-1" for n in range(3))
        assert verdict.explanation == f"Inspector does not scan {named} and 2 more"


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
def test_a_cell_that_could_not_be_read_makes_it_unknown_and_says_why(
    state: str, reason: str
) -> None:
    verdict = decide(evidence(gaps=(GAP._replace(state=state),)))
    assert (verdict.verdict, verdict.reason) == (v.UNKNOWN, reason)
    assert verdict.explanation == f"111122223333 eu-west-1 PACKAGE: {state.replace('_', ' ')}"


def test_a_region_that_was_not_reached_is_named_without_stars() -> None:
    gap = Gap("*", "eu-west-1", "*", "*", "unreachable")
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


def test_findings_in_partial_or_old_data_are_vulnerable_with_possibly_more() -> None:
    verdict = decide(evidence(rollup=SOME, gaps=(GAP,), too_old=True))
    assert (verdict.verdict, verdict.reason) == (v.VULNERABLE, v.FINDINGS)
    assert verdict.notes == (
        "part of its data could not be read, so there may be more findings",
        "the data is stale",
    )
    assert decide(evidence(rollup=Rollup(suppressed=1), gaps=(GAP,))).notes == verdict.notes[:1]


def test_findings_under_inactive_coverage_are_frozen_since_the_last_scan() -> None:
    row = replace(
        PACKAGE,
        status="INACTIVE",
        reason="STALE_INVENTORY",
        last_scanned_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    verdict = decide(evidence(rollup=SOME, coverage=(NETWORK, row)))
    assert (verdict.verdict, verdict.reason) == (v.VULNERABLE, v.FROZEN)
    assert (
        "findings are as of 2026-11-01T00:00:00Z: package not scanned, its inventory is stale"
        in verdict.explanation
    )


def test_findings_that_were_never_dated_are_frozen_for_an_untold_time() -> None:
    row = replace(PACKAGE, status="INACTIVE", reason="NO_INVENTORY", last_scanned_at=None)
    assert "an unknown time" in decide(evidence(rollup=SOME, coverage=(row,))).explanation


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
    note = ("only packages of $LATEST are scanned, not its code",)
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
    assert remedy("MARTIAN") == "See this reason in the Inspector user guide."


def counted(*rows: Coverage) -> tuple[int, int, int]:
    """The counts of uncovered, doubtful and proven rows."""
    silence = Silence(AS_OF)
    for row in rows:
        silence.add(row)
    return silence.uncovered, silence.doubtful, silence.proven


# The oracle: a second, independent implementation of the proof. It has the scan types of each
# resource type, with the maximum hours since the last scan; the first scan type is required.
# ``None`` means that Inspector rescans the resource by itself.
DAYS_32 = 32 * 24
MODES = {
    "EC2_SSM_AGENT_BASED": 96,
    "EC2_AGENTLESS": 72,
    "EC2_INSPECTOR_AGENT_BASED": 72,
    "VM_INSPECTOR_AGENT_BASED": 72,
}
ORACLE: dict[str, dict[str, int | None]] = {
    "AWS_EC2_INSTANCE": {"PACKAGE": 36, "NETWORK": 36},
    "Microsoft.Compute/virtualMachines": {"PACKAGE": 36, "NETWORK": 36},
    "compute.googleapis.com/Instance": {"PACKAGE": 36, "NETWORK": 36},
    "AWS_ECR_CONTAINER_IMAGE": {"PACKAGE": None},
    "AWS_LAMBDA_FUNCTION": {"PACKAGE": None, "CODE": None},
    "Microsoft.ContainerRegistry/registry/containerImage": {"PACKAGE": 36, "CODE": 36},
    "artifactregistry.googleapis.com/DockerImage": {"PACKAGE": 36, "CODE": 36},
    "Microsoft.Web/sites": {"PACKAGE": 36, "CODE": 36},
    "cloudfunctions.googleapis.com/Function": {"PACKAGE": 36, "CODE": 36},
    "CODE_REPOSITORY": {"CODE": DAYS_32, "PACKAGE": DAYS_32},
    "MACHINE_IMAGE": {"PACKAGE": 36},
}
VIRTUAL = (
    "AWS_EC2_INSTANCE",
    "Microsoft.Compute/virtualMachines",
    "compute.googleapis.com/Instance",
)


def proven_by_the_oracle(kind: str, rows: Sequence[Coverage]) -> bool:
    """Returns whether these rows prove that a resource of this type has no findings."""
    scans = ORACLE.get(kind)
    if not rows or scans is None or next(iter(scans)) not in {row.scan_type for row in rows}:
        return False
    return all(
        row.scan_type in scans and _is_fresh(row, kind, scans[row.scan_type]) for row in rows
    )


def _is_fresh(row: Coverage, kind: str, hours: int | None) -> bool:
    known = kind in VIRTUAL and row.scan_mode in MODES
    if row.scan_mode and not known:
        hours = 36
    if row.scan_mode and known and row.scan_type == "PACKAGE":
        hours = MODES[row.scan_mode]
    if (row.status, row.reason) != ("ACTIVE", "SUCCESSFUL") or row.last_scanned_at is None:
        return False
    age = (AS_OF - row.last_scanned_at).total_seconds()
    return age >= -300 and (hours is None or age <= hours * 3600)


ODD = st.text(max_size=12)  # a value that does not exist yet
KINDS = st.one_of(st.sampled_from([*types.TYPES, INSTANCE, INSTANCE, IMAGE]), ODD)
MOMENTS = st.one_of(
    st.just(AS_OF - timedelta(hours=1)),
    st.none(),
    st.integers(-50, 900).map(lambda hours: AS_OF - timedelta(hours=hours)),
)


@st.composite
def coverages(draw: st.DrawFn) -> tuple[Coverage, ...]:
    """Coverage rows of one resource: mostly valid, some with odd values in any field."""
    kind = draw(KINDS)
    known = [*ORACLE.get(kind, {"PACKAGE": 1})]
    good = st.builds(
        covered, st.just(kind), st.sampled_from(known), scan_mode=st.sampled_from([None, *MODES]),
        last_scanned_at=MOMENTS,
    )  # fmt: skip
    odd = st.builds(
        covered, st.just(kind),
        st.one_of(st.sampled_from(["NETWORK", "PACKAGE", "CODE"]), ODD),
        status=st.one_of(st.sampled_from(["ACTIVE", "ACTIVE", "INACTIVE"]), ODD),
        reason=st.one_of(st.sampled_from(["SUCCESSFUL", "SUCCESSFUL", *REASONS]), ODD),
        scan_mode=st.one_of(st.sampled_from([None, *MODES]), ODD),
        last_scanned_at=MOMENTS,
    )  # fmt: skip
    return tuple(draw(st.lists(st.one_of(good, good, odd), max_size=3)))


FEW = st.sampled_from([0, 0, 0, 1])
ROLLUPS = st.builds(Rollup, st.builds(Counts, FEW, FEW, other=FEW), FEW)
EVIDENCE = st.builds(
    Evidence,
    st.one_of(st.just(NONE), ROLLUPS),
    coverages(),
    st.sampled_from([(), (), (), (GAP,)]),
    st.just(AS_OF),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([True, True, True, False]),
    st.none(),
    st.sampled_from([(), (), (), (GAP.cell,)]),
)


@given(EVIDENCE)
def test_clean_is_said_exactly_when_all_its_conditions_hold(known: Evidence) -> None:
    conditions = [
        not known.gaps,
        not known.too_old,
        not known.off,
        known.known,
        known.coverage and proven_by_the_oracle(known.coverage[0].resource_type, known.coverage),
        known.rollup.counts.total == 0,
        known.rollup.suppressed == 0,
    ]
    assert (decide(known).verdict == v.CLEAN) == all(conditions)


@given(coverages())
def test_the_count_of_everything_agrees_with_the_verdict_on_one(rows: tuple[Coverage, ...]) -> None:
    clean = decide(evidence(coverage=rows)).verdict == v.CLEAN
    uncovered, doubtful, proven = counted(*rows)
    assert proven == clean
    assert not (clean and uncovered + doubtful)


@given(EVIDENCE)
def test_the_verdict_is_vulnerable_iff_there_are_findings_and_unknown_has_a_reason(
    known: Evidence,
) -> None:
    verdict = decide(known)
    assert (verdict.verdict == v.VULNERABLE) == bool(
        known.rollup.counts.total or known.rollup.suppressed
    )
    assert verdict.reason
    assert verdict.explanation
