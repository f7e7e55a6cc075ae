"""A gate passes only if it is known that no finding is at or above its severity."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.answers import verdict as v
from sre_findings.model.answers.answer import SNAPSHOT, Proof, ResourceAnswer, SummaryAnswer
from sre_findings.model.answers.decoding import resource_answer, summary_answer
from sre_findings.model.answers.gate import MET, PASSED, UNDECIDED, Decision, Gate
from sre_findings.model.answers.verdict import Evidence, Verdict, decide
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.severity import ORDER, Severity
from sre_findings.model.resources.resource import INSTANCE, Resource
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.snapshots.states import COMPLETE, PARTIAL, Cell

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
PLACE = Resource("i-0123456789abcdef0", INSTANCE, "111122223333", "eu-west-1")
CELL = Cell(PLACE.account_id, PLACE.region, INSTANCE, "PACKAGE")
PACKAGES = Coverage(
    PLACE.resource_id,
    INSTANCE,
    PLACE.account_id,
    PLACE.region,
    "PACKAGE",
    "ACTIVE",
    "SUCCESSFUL",
    "EC2_SSM_AGENT_BASED",
    AS_OF,
)
NETWORK = replace(PACKAGES, scan_type="NETWORK", scan_mode=None)
COVERAGE = {
    "scanned": (PACKAGES, NETWORK),
    "scanned 40 days ago": (replace(PACKAGES, last_scanned_at=AS_OF - timedelta(40)), NETWORK),
    "scanned in 2040": (replace(PACKAGES, last_scanned_at=datetime(2040, 1, 1, tzinfo=UTC)),),
    "never scanned": (replace(PACKAGES, last_scanned_at=None),),
    "pending": (replace(PACKAGES, reason="PENDING_INITIAL_SCAN"), NETWORK),
    "network alone": (NETWORK,),
    "not listed": (),
    "not active": (replace(PACKAGES, status="INACTIVE", reason="NO_INVENTORY"), NETWORK),
    "stopped": (replace(PACKAGES, status="INACTIVE", reason="EC2_INSTANCE_STOPPED"),),
    "of no known type": (replace(PACKAGES, resource_type="AWS_EKS_CLUSTER"),),
}
COUNTS = st.builds(Counts, *[st.integers(0, 2)] * (len(ORDER) + 1))
ROLLUPS = st.builds(Rollup, COUNTS, suppressed=st.integers(0, 1))
GATES = st.builds(Gate, st.sampled_from(Severity), st.booleans())
REASONS = sorted(
    {
        getattr(v, name)
        for name in vars(v)
        if name.isupper() and not name.startswith("_") and isinstance(getattr(v, name), str)
    }
)


def proof(state: str = COMPLETE, *, too_old: bool = False, unread: tuple[str, ...] = ()) -> Proof:
    return Proof(SNAPSHOT, "20261122T010000Z", AS_OF, 60, state, too_old=too_old, unread=unread)


def is_met(gate: Gate, counts: Counts) -> bool:
    """Whether findings meet the gate, in other words than the product's."""
    worst = {name: getattr(counts, name.lower()) for name in ORDER}
    at_or_above = any(worst[one] for one in ORDER[: ORDER.index(gate.severity) + 1])
    return at_or_above or (gate.untriaged_fails and counts.untriaged + counts.other > 0)


@given(
    GATES,
    ROLLUPS,
    st.sampled_from(sorted(COVERAGE)),
    st.booleans(),
    st.sampled_from(["", "denied", "throttled", "disabled", "status_unknown"]),
    st.booleans(),
)
def test_a_resource_passes_a_gate_only_if_it_would_be_clean_without_findings(
    gate: Gate, rollup: Rollup, rows: str, too_old: bool, gap: str, off: bool
) -> None:
    evidence = Evidence(
        rollup,
        COVERAGE[rows],
        [Gap(*CELL, gap)] if gap else (),
        AS_OF,
        too_old=too_old,
        known=True,
        off=[CELL] if off else (),
    )
    answer = ResourceAnswer(
        PLACE, decide(evidence), rollup, (), (), 0, None, proof(too_old=too_old), bool(gap)
    )
    proven = decide(replace(evidence, rollup=Rollup())).verdict == v.CLEAN
    assert proven == (rows == "scanned" and not (too_old or gap or off))
    expected = MET if is_met(gate, rollup.counts) else PASSED if proven else UNDECIDED
    for one in (answer, resource_answer(answer.to_json())):
        decision = gate.decide(one)
        assert decision.outcome == expected
        assert bool(decision.reason) == (expected == UNDECIDED)


@given(
    GATES,
    ROLLUPS,
    st.sampled_from([v.VULNERABLE, v.CLEAN, v.UNKNOWN, "verdict of a newer server"]),
    st.sampled_from([*REASONS, "a newer reason"]),
    st.sampled_from(["", *REASONS]),
    st.builds(
        proof,
        st.sampled_from([COMPLETE, PARTIAL]),
        too_old=st.booleans(),
        unread=st.sampled_from([(), ("region us-east-1 was not read",)]),
    ),
)
def test_a_gate_passes_with_no_verdict_in_which_something_is_unknown(
    gate: Gate,
    rollup: Rollup,
    verdict: str,
    reason: str,
    doubt: str,
    seen: Proof,
) -> None:
    answer = SummaryAnswer(Verdict(verdict, reason, "why", (), doubt), rollup, 0, seen)
    doubts = (
        verdict not in (v.VULNERABLE, v.CLEAN),
        reason in (v.FROZEN, v.STOPPED),
        doubt,
        seen.state == PARTIAL,
        seen.too_old,
        seen.unread,
    )
    expected = MET if is_met(gate, rollup.counts) else UNDECIDED if any(doubts) else PASSED
    for one in (answer, summary_answer(answer.to_json())):
        assert gate.decide(one).outcome == expected


@pytest.mark.parametrize("rows", sorted(set(COVERAGE) - {"scanned"}))
def test_an_undecided_gate_names_the_reason(rows: str) -> None:
    low = Rollup(Counts(low=1))
    verdict = decide(Evidence(low, COVERAGE[rows], (), AS_OF, too_old=False, known=True))
    answer = ResourceAnswer(PLACE, verdict, low, (), (), 1, None, proof())
    silent = decide(Evidence(Rollup(), COVERAGE[rows], (), AS_OF, too_old=False, known=True))
    assert Gate(Severity.CRITICAL).decide(answer) == Decision(UNDECIDED, silent.reason)


@given(GATES, COUNTS)
def test_a_stale_answer_from_a_snapshot_passes_no_gate(gate: Gate, counts: Counts) -> None:
    clean = Verdict(v.CLEAN, v.NO_FINDINGS, "")
    answer = ResourceAnswer(
        PLACE, clean, Rollup(counts), (), (), 0, None, proof(), live_error=v.THROTTLED
    )
    expected = Decision(MET) if is_met(gate, counts) else Decision(UNDECIDED, v.THROTTLED)
    assert gate.decide(answer) == expected
