"""The gate of ``--fail-on``: whether findings reach a severity, or are known not to.

A gate is met if an open finding is at or above its severity. It passes only if it is known that
there is none. Otherwise it is undecided, with the reason: findings below the severity prove nothing
about a resource that was not read or not scanned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.model.answers.verdict import CLEAN, FROZEN, STOPPED, VULNERABLE, Verdict
from sre_findings.model.findings.severity import Severity, rank
from sre_findings.model.snapshots.rollup import Rollup

if TYPE_CHECKING:
    from sre_findings.model.answers.answer import ResourceAnswer, SummaryAnswer

MET, PASSED, UNDECIDED = "met", "passed", "undecided"


@dataclass(frozen=True, slots=True)
class Decision:
    """``outcome`` is met, passed or undecided. Only undecided has a ``reason``, of a verdict."""

    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """The severity of a gate, and whether findings of unknown severity meet it."""

    severity: Severity
    untriaged_fails: bool = True

    def decide(self, answer: ResourceAnswer | SummaryAnswer) -> Decision:
        """Returns the decision for an answer."""
        worst, untriaged = self.found(answer.rollup)
        if worst or (untriaged and self.untriaged_fails):
            return Decision(MET)
        reason = why_more(answer)
        return Decision(UNDECIDED, reason) if reason else Decision(PASSED)

    def found(self, rollup: Rollup) -> tuple[int, int]:
        """Returns the number of open findings at or above the severity, and of unknown ones."""
        counts = rollup.counts
        return sum(counts.by_rank()[: rank(self.severity) + 1]), counts.untriaged + counts.other


def why_more(answer: ResourceAnswer | SummaryAnswer) -> str:
    """Why there can be more findings than the answer has; empty if there can be none."""
    return answer.unsure or answer.verdict.doubt or why_unknown(answer.verdict)


def why_unknown(verdict: Verdict) -> str:
    """The reason of a verdict that is unknown, or rests on an earlier scan; otherwise empty."""
    known = verdict.verdict in (VULNERABLE, CLEAN) and verdict.reason not in (FROZEN, STOPPED)
    return "" if known else verdict.reason
