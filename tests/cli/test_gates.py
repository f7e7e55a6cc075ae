"""A gate passes only on a known answer: an empty list does not prove that nothing is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import session_hour

from sre_cli import exit_codes
from sre_cli.main import COMMANDS
from sre_cli.main import cli as root
from sre_findings.model.answers import verdict as words
from sre_findings.model.answers.answer import SNAPSHOT, Proof, ResourceAnswer, SummaryAnswer
from sre_findings.model.answers.decoding import resource_answer, summary_answer
from sre_findings.model.answers.gate import Gate
from sre_findings.model.answers.verdict import Evidence, Verdict, decide
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.severity import Severity
from sre_findings.model.resources.resource import INSTANCE, Resource
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_simulator.fleet import default_fleet

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
PROOF = Proof(SNAPSHOT, "20261122T010000Z", AS_OF, 60, "complete", "for all visible accounts")
ONE_LOW = Rollup(Counts(low=1))
PLACE = Resource("i-0123456789abcdef0", INSTANCE, "111122223333", "eu-west-1")
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
CRITICAL = Gate(Severity.CRITICAL)
GATED = {"vulnerabilities", "summary"}
"""The commands with ``--fail-on``. A new one needs a test below."""


def of(*coverage: Coverage, rollup: Rollup = ONE_LOW) -> ResourceAnswer:
    verdict = decide(Evidence(rollup, coverage, (), AS_OF, too_old=False, known=True))
    return ResourceAnswer(PLACE, verdict, rollup, coverage, (), 1, None, PROOF)


DOUBTFUL = {
    "scanned long ago": (
        replace(PACKAGES, last_scanned_at=datetime(2026, 1, 1, tzinfo=UTC)),
        NETWORK,
    ),
    "never scanned": (replace(PACKAGES, last_scanned_at=None), NETWORK),
    "its first scan still to come": (replace(PACKAGES, reason="PENDING_INITIAL_SCAN"), NETWORK),
    "its network alone": (NETWORK,),
    "no coverage": (),
    "not active": (replace(PACKAGES, status="INACTIVE", reason="NO_INVENTORY"), NETWORK),
}


@pytest.mark.parametrize("why", DOUBTFUL)
def test_a_low_finding_does_not_prove_that_there_is_no_critical_one(why: str) -> None:
    answer = of(*DOUBTFUL[why])
    assert exit_codes.of_resource(answer, CRITICAL) == exit_codes.NOT_COVERED
    assert exit_codes.of_resource(answer, Gate(Severity.LOW)) == exit_codes.FAIL_ON
    assert (
        any("there may be more" in note for note in answer.verdict.notes)
        or answer.verdict.reason == words.FROZEN
    )
    assert (
        exit_codes.of_resource(resource_answer(answer.to_json()), CRITICAL)
        == exit_codes.NOT_COVERED
    ), "through a server"


@pytest.mark.parametrize("why", DOUBTFUL)
def test_a_gate_that_is_not_passed_says_why(why: str) -> None:
    answer = of(*DOUBTFUL[why])
    assert exit_codes.why_failed(answer, Gate(Severity.LOW)) == "1 finding at or above low"
    reason = (
        "scanned too long ago" if why in ("scanned long ago", "never scanned") else "not scanned"
    )
    assert (
        exit_codes.why_failed(answer, CRITICAL)
        == f"Unknown: {reason}. There may be findings at or above critical."
    )


def test_a_gate_passes_if_everything_was_scanned_recently() -> None:
    answer = of(PACKAGES, NETWORK)
    assert not exit_codes.why_failed(answer, CRITICAL)
    assert exit_codes.of_resource(answer, CRITICAL) == exit_codes.ANSWERED
    assert not any("there may be more" in note for note in answer.verdict.notes)


ROLLUPS = st.builds(Rollup, st.builds(Counts, low=st.integers(0, 1)), suppressed=st.integers(0, 1))


@given(ROLLUPS, st.sampled_from(sorted(DOUBTFUL)), st.booleans(), st.booleans())
def test_no_gate_passes_with_findings_if_it_fails_without_them(
    rollup: Rollup, why: str, too_old: bool, covered: bool
) -> None:
    rows = (PACKAGES, NETWORK) if covered else DOUBTFUL[why]
    evidence = Evidence(rollup, rows, (), AS_OF, too_old=too_old, known=True)
    verdict, silent = decide(evidence), decide(replace(evidence, rollup=Rollup()))
    proof = replace(PROOF, too_old=too_old)
    answers = [
        ResourceAnswer(PLACE, one, rollup, rows, (), 1, None, proof) for one in (verdict, silent)
    ]
    passed = [exit_codes.of_resource(one, CRITICAL) == exit_codes.ANSWERED for one in answers]
    assert passed[0] == passed[1] == (silent.verdict == words.CLEAN)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (words.NOT_SCANNED, exit_codes.NOT_COVERED),
        (words.SCANNED_TOO_LONG_AGO, exit_codes.NOT_COVERED),
        (words.INCOMPLETE, exit_codes.UNSURE),
        ("a reason of a newer server", exit_codes.UNSURE),
    ],
)
def test_a_doubtful_summary_passes_no_gate_with_or_without_findings(reason: str, code: int) -> None:
    unknown = SummaryAnswer(Verdict(words.UNKNOWN, reason, "why"), Rollup(), 0, PROOF)
    found = SummaryAnswer(
        Verdict(words.VULNERABLE, words.FINDINGS, "why", (), reason), ONE_LOW, 0, PROOF
    )
    for answer in (
        unknown,
        found,
        summary_answer(unknown.to_json()),
        summary_answer(found.to_json()),
    ):
        assert exit_codes.of_summary(answer, CRITICAL) == code
    assert exit_codes.of_summary(unknown, None) == code
    assert exit_codes.of_summary(found, None) == exit_codes.ANSWERED


def test_a_scope_without_scanned_resources_passes_no_gate(
    cli: Callable[..., Any], inspector: Any
) -> None:
    fleet = default_fleet(nights=1, now=session_hour())
    with inspector(default_fleet(nights=1, disabled=list(fleet.accounts), now=session_hour())):
        cli("scan", "--rate", "1000")
    for arguments in (("summary", "--fail-on", "critical"), ("summary",)):
        answer = cli(*arguments)
        assert ("There may be findings at or above critical." in answer.err) == (
            "--fail-on" in arguments
        )
        assert answer.code in (exit_codes.UNSURE, exit_codes.NOT_COVERED)
        assert answer.out.startswith("Unknown")


def test_a_summary_with_findings_says_why_there_may_be_worse_ones(
    cli: Callable[..., Any], demo: Any
) -> None:
    answer = cli("summary", "--output", "json")
    assert answer.code == exit_codes.ANSWERED
    assert answer.json["not_scanned"] > 0
    assert answer.json["doubt"] == words.NOT_SCANNED


def test_every_command_with_a_gate_is_tested_here() -> None:
    context = click.Context(root)
    gated = {
        name
        for name in COMMANDS
        for command in [root.get_command(context, name)]
        if command and any("--fail-on" in option.opts for option in command.params)
    }
    assert gated == GATED
