"""Nothing of an account is clean unless its status was read and Inspector is enabled in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.small_fleet import ADMIN, MEMBER, REGION, covered, found, small_fleet
from tests.support.sources import make_sources

from sre_findings.model.access import ALL, Access
from sre_findings.model.answers.gate import PASSED, UNDECIDED, Gate
from sre_findings.model.findings.severity import Severity
from sre_findings.model.snapshots.scan_plan import AcceptedGap, Expectation
from sre_findings.queries import ask
from sre_findings.questions.catalogue import CoverageGaps, Summary, Vulnerabilities
from sre_findings.store.snapshots.reader import Commit
from sre_scanner.known_accounts import known_accounts
from sre_simulator.fleet.organization import enabled
from sre_simulator.inspector.server import Fault

CRITICAL = Gate(Severity.CRITICAL)
LIMITED = Access(frozenset({MEMBER}), frozenset({ALL}))
OTHER = "777788889999"
THEIRS = "i-0aaaaaaaaaaaaaaaa"


def fleet(accounts: Sequence[str] = (ADMIN, MEMBER), **statuses: str) -> Any:
    """Two accounts with an instance each; that of the member has coverage and no findings."""
    rows = [covered(NOW), covered(NOW, MEMBER, THEIRS)]
    given = {MEMBER: dict.fromkeys(enabled(), statuses["member"])} if "member" in statuses else {}
    return small_fleet(NOW, rows, [found(1)], accounts, given)


def asked(storage: Any, folder: Path, commit: Commit, access: Access | None = None) -> Any:
    """The answers about the member's host, all resources and coverage."""
    sources = make_sources(storage.snapshots, storage.table, folder, commit.ended_at)
    seen = sources.seen_by(access) if access else sources
    return [
        ask(question, seen) for question in (Vulnerabilities(THEIRS), Summary(), CoverageGaps())
    ]


@pytest.mark.parametrize("access", [None, LIMITED], ids=["unlimited", "limited"])
@pytest.mark.parametrize(
    ("member", "faults", "state"),
    [
        ("SUSPENDED", (), "disabled"),
        ("DISABLED", (), "disabled"),
        ("FAILED", (), "status_unknown"),
        ("ENABLED", (Fault("throttle", "BatchGetAccountStatus", call=2, times=999),), "throttled"),
        ("ENABLED", (Fault("denied", "BatchGetAccountStatus", call=2, times=999),), "denied"),
    ],
)
def test_without_an_enabled_status_a_host_is_unknown_to_everybody(
    storage: Any,
    served: Callable[..., Any],
    tmp_path: Path,
    access: Access | None,
    member: str,
    faults: tuple[Fault, ...],
    state: str,
) -> None:
    with served(fleet(member=member), faults=faults) as simulator:
        commit = storage.scan(simulator, deadline=1.0)
    host, every, coverage = asked(storage, tmp_path, commit, access)
    assert commit.state == "partial"
    assert (host.verdict.verdict, CRITICAL.decide(host).outcome) == ("unknown", UNDECIDED)
    assert CRITICAL.decide(every).outcome == UNDECIDED
    assert state in {cell[4] for cell in coverage.cells if cell[0] in (MEMBER, "*")}
    if access:
        assert every.verdict.verdict == "unknown"


@pytest.mark.parametrize("access", [None, LIMITED], ids=["unlimited", "limited"])
def test_with_every_status_enabled_the_gate_passes(
    storage: Any, served: Callable[..., Any], tmp_path: Path, access: Access | None
) -> None:
    with served(fleet()) as simulator:
        commit = storage.scan(simulator)
    assert (commit.state, commit.gaps) == ("complete", ())
    host, every, _ = asked(storage, tmp_path, commit, access)
    assert host.verdict.verdict == "clean"
    assert (CRITICAL.decide(host).outcome, CRITICAL.decide(every).outcome) == (PASSED, PASSED)


def scanned_without_member(storage: Any, served: Callable[..., Any], **request: Any) -> Commit:
    """Two more snapshots after the member is no longer listed anywhere. Returns the second."""
    with served(fleet()) as simulator:
        storage.scan(simulator)
    alone = small_fleet(NOW, [covered(NOW)], [found(1)])
    with served(alone) as simulator:
        storage.scan(simulator, **request)
    with served(alone) as simulator:
        commit: Commit = storage.scan(simulator, **request)
    return commit


def test_an_account_of_an_earlier_snapshot_is_not_forgotten(
    storage: Any, served: Callable[..., Any], tmp_path: Path
) -> None:
    commit = scanned_without_member(storage, served)
    assert [gap[:5] for gap in commit.gaps] == [(MEMBER, REGION, "*", "*", "status_unknown")]
    assert commit.gaps[0].last_read == NOW.isoformat()
    assert (commit.state, [one.kind for one in commit.causes]) == ("partial", ["status_unknown"])
    for access in (None, LIMITED):
        host, every, _ = asked(storage, tmp_path, commit, access)
        assert host.verdict.reason == "scan_incomplete"
        assert CRITICAL.decide(every).outcome == UNDECIDED


@pytest.mark.parametrize("names", [{ADMIN: "main"}, {ADMIN: "main", MEMBER: "shop"}])
def test_an_account_that_left_the_organization_is_not_missing(
    storage: Any, served: Callable[..., Any], names: Mapping[str, str]
) -> None:
    with served(fleet()) as simulator:
        storage.scan(simulator)
    known, notes = known_accounts(storage.snapshots, storage.snapshots.latest(), names)
    assert known == {REGION: tuple(sorted(names))}
    assert notes == [
        f"account {one} is no longer in the organization" for one in (MEMBER,) if one not in names
    ]


def test_the_gap_of_an_account_that_is_gone_can_be_accepted(
    storage: Any, served: Callable[..., Any]
) -> None:
    gap = AcceptedGap(MEMBER, "*", "sec", "closed", "2027-01-01")
    commit = scanned_without_member(storage, served, expectation=Expectation(accepted=(gap,)))
    assert (commit.state, len(commit.gaps)) == ("complete", 1)


def test_an_expected_account_that_is_not_visible_has_a_gap(
    storage: Any, served: Callable[..., Any], tmp_path: Path
) -> None:
    with served(fleet()) as simulator:
        commit = storage.scan(simulator, expectation=Expectation((ADMIN, MEMBER, OTHER)))
    assert [gap[:5] for gap in commit.gaps] == [(OTHER, REGION, "*", "*", "status_unknown")]
    assert [one.kind for one in commit.causes] == ["not_visible"]
    sources = make_sources(storage.snapshots, storage.table, tmp_path, commit.ended_at)
    answer = ask(Summary(), sources.seen_by(Access(frozenset({OTHER}), frozenset({ALL}))))
    assert (answer.verdict.verdict, answer.verdict.reason) == ("unknown", "scan_incomplete")


def test_the_scan_asks_for_its_own_status_again_if_it_failed_alone(
    storage: Any, served: Callable[..., Any]
) -> None:
    denied = Fault("denied", "BatchGetAccountStatus", call=1, times=1)
    with served(fleet(), faults=[denied]) as simulator:
        commit = storage.scan(simulator)
    assert (commit.state, commit.gaps) == ("complete", ())


def test_the_own_account_without_a_status_is_unread(
    storage: Any, served: Callable[..., Any]
) -> None:
    own = {ADMIN: dict.fromkeys(enabled(), "FAILED")}
    with served(small_fleet(NOW, [], [], (ADMIN, MEMBER), own)) as simulator:
        commit = storage.scan(simulator)
    assert commit.state == "partial"
    assert (ADMIN, REGION, "*", "*", "status_unknown") in {gap[:5] for gap in commit.gaps}


def test_a_malformed_account_id_is_unread_alone_and_not_remembered(
    storage: Any, served: Callable[..., Any]
) -> None:
    odd = found(1, awsAccountId="unknown")
    with served(small_fleet(NOW, [covered(NOW)], [odd])) as simulator:
        commit = storage.scan(simulator)
    assert {gap[0] for gap in commit.gaps} == {"unknown"}
    known, _ = known_accounts(storage.snapshots, commit)
    assert known == {REGION: (ADMIN,)}
