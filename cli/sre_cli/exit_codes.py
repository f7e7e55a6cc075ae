"""Exit codes of the commands.

A gate passes only on a known answer: 1 takes precedence over 3, and 3, 5 and 6 over 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre_findings.model.errors import (
    AmbiguousName,
    CommitLost,
    Interrupted,
    SreError,
    Unreadable,
    UsageError,
)

# --help needs the codes, but not the model, whose dataclasses take 20 ms to create.
if TYPE_CHECKING:
    from sre_findings.model.answers.answer import CoverageAnswer, ResourceAnswer, SummaryAnswer
    from sre_findings.model.answers.gate import Gate

ANSWERED, FAIL_ON, USAGE, UNSURE, UNREADABLE, NO_RESOURCE, NOT_COVERED, AMBIGUOUS = range(8)
BUG, INTERRUPTED = 70, 130
# As of a process that SIGPIPE ended. Not 0: the reader may have closed before a gate failed.
PIPE_CLOSED = 141


def of_error(error: SreError) -> int:
    """Returns the exit code of an error that ended the command."""
    if isinstance(error, AmbiguousName):
        return AMBIGUOUS
    if isinstance(error, UsageError | Interrupted):
        return USAGE if isinstance(error, UsageError) else INTERRUPTED
    return UNREADABLE if isinstance(error, Unreadable | CommitLost) else BUG


def of_resource(answer: ResourceAnswer, gate: Gate | None) -> int:
    """Returns the exit code of an answer about one resource."""
    code = _of_answer(answer, gate)
    return UNREADABLE if answer.unanswered and code != FAIL_ON else code


def of_summary(answer: SummaryAnswer, gate: Gate | None) -> int:
    """Returns the exit code of an answer about a scope.

    Resources that are not scanned are missing data only for a gate, or if there are no findings.
    """
    return _of_answer(answer, gate)


def _of_answer(answer: ResourceAnswer | SummaryAnswer, gate: Gate | None) -> int:
    from sre_findings.model.answers import gate as gates

    if gate is None:
        return UNSURE if answer.unsure else _of_reason(gates.why_unknown(answer.verdict))
    decision = gate.decide(answer)
    if decision.outcome == gates.MET:
        return FAIL_ON
    return UNSURE if answer.unsure else _of_reason(decision.reason)


def _of_reason(reason: str) -> int:
    """Returns the exit code of an unknown answer; ANSWERED without a reason."""
    from sre_findings.model.answers import verdict as words

    if reason in (words.NOT_SCANNED, words.SCANNED_TOO_LONG_AGO, words.FROZEN, words.STOPPED):
        return NOT_COVERED
    if reason == words.NO_SUCH_RESOURCE:
        return NO_RESOURCE
    return UNSURE if reason else ANSWERED


def of_coverage(answer: CoverageAnswer) -> int:
    """Returns the exit code of an answer about coverage."""
    return ANSWERED if answer.proof.sure else UNSURE


def why_failed(answer: ResourceAnswer | SummaryAnswer, gate: Gate) -> str:
    """Returns why a gate did not pass, in one line; empty if it passed."""
    from sre_findings.model.answers.gate import MET, PASSED
    from sre_findings.model.answers.verdict import UNKNOWN, Verdict
    from sre_reports.wording import headline, number

    decision, severity = gate.decide(answer), str(gate.severity).lower()
    if decision.outcome == PASSED:
        return ""
    if decision.outcome != MET:
        why = headline(Verdict(UNKNOWN, decision.reason, ""))
        return f"{why}. There may be findings at or above {severity}."
    worst, untriaged = gate.found(answer.rollup)
    rated = f"{number(worst, 'finding')} at or above {severity}"
    return f"{rated}, {untriaged:,} untriaged" if untriaged else rated
