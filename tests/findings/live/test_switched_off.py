"""In a live answer, the status of the account wins over coverage that says ACTIVE."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.small_fleet import ADMIN, MEMBER, REGION, covered, found, small_fleet
from tests.support.sources import folder_sources

from sre_findings.inspector.client import connect
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.inspector_answer import live
from sre_findings.model.answers.gate import MET, PASSED, UNDECIDED, Gate
from sre_findings.model.findings.severity import Severity
from sre_findings.queries import ask
from sre_findings.questions.catalogue import LIVE, Vulnerabilities
from sre_simulator.fleet.organization import enabled
from sre_simulator.inspector.server import Fault, Simulator

CRITICAL = Gate(Severity.CRITICAL)
OFF, SUSPENDED = enabled(ec2="DISABLED"), dict.fromkeys(enabled(), "SUSPENDED")
FAILED = dict.fromkeys(enabled(), "FAILED")
DENIED = (Fault("denied", "BatchGetAccountStatus", times=9),)


def answered(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: dict[str, str],
    faults: tuple[Fault, ...] = (),
    findings: tuple[dict[str, Any], ...] = (),
) -> Any:
    """The live answer about a member's host, of which coverage says that it was scanned."""
    rows = [covered(NOW), covered(NOW, MEMBER, "i-0aaaaaaaaaaaaaaaa")]
    fleet = small_fleet(NOW, rows, findings, (ADMIN, MEMBER), {MEMBER: status})
    with Simulator(fleet, faults=faults) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)

        def opened(region: str) -> Inspector:
            return Inspector(connect(region), RateLimit(5000), Patience(deadline=2))

        asked = live(opened, lambda: [REGION], lambda: NOW)
        sources = folder_sources(folder, at=NOW, live=asked)
        return ask(Vulnerabilities("i-0aaaaaaaaaaaaaaaa", source=LIVE, region=REGION), sources)


@pytest.mark.parametrize(
    ("status", "faults", "verdict", "reason"),
    [
        (enabled(), (), "clean", "no_findings"),
        (enabled(**{"lambda": "DISABLED"}), (), "clean", "no_findings"),
        (OFF, (), "unknown", "not_scanned"),
        (SUSPENDED, (), "unknown", "inspector_disabled"),
        (FAILED, (), "unknown", "scan_incomplete"),
        (enabled(), DENIED, "unknown", "access_denied"),
    ],
)
def test_a_host_is_clean_only_where_its_scan_type_is_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: dict[str, str],
    faults: tuple[Fault, ...],
    verdict: str,
    reason: str,
) -> None:
    answer = answered(tmp_path, monkeypatch, status, faults)
    assert (answer.verdict.verdict, answer.verdict.reason) == (verdict, reason)
    assert CRITICAL.decide(answer).outcome == (PASSED if verdict == "clean" else UNDECIDED)
    low = found(1, "LOW", MEMBER, "i-0aaaaaaaaaaaaaaaa")
    with_low = answered(tmp_path, monkeypatch, status, faults, (low,))
    assert with_low.verdict.verdict == "vulnerable"
    assert with_low.rollup.counts.low == 1
    assert CRITICAL.decide(with_low).outcome == CRITICAL.decide(answer).outcome
    assert Gate(Severity.LOW).decide(with_low).outcome == MET
