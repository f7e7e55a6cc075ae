"""Exit codes of the commands.

A gate passes only on a known answer: 1 takes precedence over 3, and 3, 5 and 6 over 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre_findings.model.errors import CommitLost, Interrupted, SreError, Unreadable, UsageError

# --help needs the codes, but not the model, whose dataclasses take 20 ms to create.
if TYPE_CHECKING:
    from sre_findings.model.answers.answer import CoverageAnswer, ResourceAnswer, SummaryAnswer
    from sre_findings.model.answers.verdict import Verdict
    from sre_findings.model.findings.severity import Severity
    from sre_findings.model.snapshots.rollup import Rollup

ANSWERED, FAIL_ON, USAGE, UNSURE, UNREADABLE, NO_RESOURCE, NOT_COVERED = range(7)
BUG, INTERRUPTED = 70, 130


def of_error(error: SreError) -> int:
    """Returns the exit code of an error that ended the command."""
    if isinstance(error, UsageError | Interrupted):
        return USAGE if isinstance(error, UsageError) else INTERRUPTED
    return UNREADABLE if isinstance(error, Unreadable | CommitLost) else BUG


def of_resource(
    answer: ResourceAnswer, fail_on: Severity | None, *, untriaged_fails: bool = True
) -> int:
    """Returns the exit code of an answer about one resource."""
    if met(answer.rollup, fail_on, untriaged_fails=untriaged_fails):
        return FAIL_ON
    if answer.unanswered:
        return UNREADABLE
    if answer.incomplete or answer.proof.too_old or answer.stale:
        return UNSURE
    return _of_verdict(answer.verdict, gate=fail_on is not None)


def _of_verdict(verdict: Verdict, *, gate: bool) -> int:
    """Returns the exit code of a verdict.

    For a gate, a doubt counts as unknown: it passes only if it is known that there is nothing
    worse.
    """
    from sre_findings.model.answers import verdict as words

    unknown = verdict.reason if verdict.verdict == words.UNKNOWN else verdict.doubt if gate else ""
    if unknown in (words.NOT_SCANNED, words.SCANNED_TOO_LONG_AGO) or verdict.reason in (
        words.FROZEN,
        words.STOPPED,
    ):
        return NOT_COVERED
    if unknown == words.NO_SUCH_RESOURCE:
        return NO_RESOURCE
    return UNSURE if unknown else ANSWERED


def of_summary(
    answer: SummaryAnswer, fail_on: Severity | None, *, untriaged_fails: bool = True
) -> int:
    """Returns the exit code of an answer about a scope.

    Resources that are not scanned are missing data only for a gate, or if there are no findings.
    """
    if met(answer.rollup, fail_on, untriaged_fails=untriaged_fails):
        return FAIL_ON
    return (
        UNSURE if not answer.proof.sure else _of_verdict(answer.verdict, gate=fail_on is not None)
    )


def of_coverage(answer: CoverageAnswer) -> int:
    """Returns the exit code of an answer about coverage."""
    return ANSWERED if answer.proof.sure else UNSURE


def met(rollup: Rollup, fail_on: Severity | None, *, untriaged_fails: bool) -> bool:
    """Returns whether an open finding is at or above the severity, or may be (untriaged)."""
    worst, untriaged = _at_or_above(rollup, fail_on)
    return bool(worst or (untriaged_fails and untriaged))


def why_met(rollup: Rollup, fail_on: Severity | None) -> str:
    """Returns the findings that met the gate, in one line."""
    from sre_reports.wording import number

    worst, untriaged = _at_or_above(rollup, fail_on)
    rated = f"{number(worst, 'finding')} at or above {str(fail_on).lower()}"
    return f"{rated}, {untriaged:,} untriaged" if untriaged else rated


def _at_or_above(rollup: Rollup, fail_on: Severity | None) -> tuple[int, int]:
    """Returns the number of open findings at or above the severity, and of unknown ones."""
    from sre_findings.model.findings.severity import rank

    if fail_on is None:
        return 0, 0
    counts = rollup.counts
    return sum(counts.by_rank()[: rank(fail_on) + 1]), counts.untriaged + counts.other
