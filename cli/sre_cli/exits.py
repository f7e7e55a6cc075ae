"""Exit codes. A gate passes only on a known answer: 1 goes before 3, and 3, 5 and 6 go before 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre_findings.model.errors import CommitLost, Interrupted, SreError, Unreadable, UsageError

# --help needs the codes and none of the model, whose dataclasses take 20 ms to make
if TYPE_CHECKING:
    from sre_findings.model.answers.answer import CoverageAnswer, ResourceAnswer, SummaryAnswer
    from sre_findings.model.answers.verdict import Verdict
    from sre_findings.model.findings.severity import Severity
    from sre_findings.model.snapshots.rollup import Rollup

ANSWERED, FAIL_ON, USAGE, UNSURE, UNREADABLE, NO_RESOURCE, NOT_COVERED, BUG, INTERRUPTED = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    70,
    130,
)


def of_error(error: SreError) -> int:
    """The code of an error that ended the command."""
    if isinstance(error, UsageError | Interrupted):
        return USAGE if isinstance(error, UsageError) else INTERRUPTED
    return UNREADABLE if isinstance(error, Unreadable | CommitLost) else BUG


def of_resource(
    answer: ResourceAnswer, fail_on: Severity | None, *, untriaged_fails: bool = True
) -> int:
    """The code of an answer about one resource."""
    if met(answer.rollup, fail_on, untriaged_fails=untriaged_fails):
        return FAIL_ON
    if answer.unanswered:
        return UNREADABLE
    if answer.incomplete or answer.proof.too_old or answer.stale:
        return UNSURE
    return _of_verdict(answer.verdict, gate=fail_on is not None)


def _of_verdict(verdict: Verdict, *, gate: bool) -> int:
    """The code of a verdict. A gate passes only where the absence of anything worse is known: for
    it a doubt counts too."""
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
    """The code of an answer about everything. Beside findings, what is not scanned is missing data
    for a gate only."""
    if met(answer.rollup, fail_on, untriaged_fails=untriaged_fails):
        return FAIL_ON
    return (
        UNSURE if not answer.proof.sure else _of_verdict(answer.verdict, gate=fail_on is not None)
    )


def of_coverage(answer: CoverageAnswer) -> int:
    """The code of an answer about coverage."""
    return ANSWERED if answer.proof.sure else UNSURE


def met(rollup: Rollup, fail_on: Severity | None, *, untriaged_fails: bool) -> bool:
    """Whether an ACTIVE finding is at or above the severity; one that nobody rated yet might be."""
    worst, unrated = _at_or_above(rollup, fail_on)
    return bool(worst or (untriaged_fails and unrated))


def why_met(rollup: Rollup, fail_on: Severity | None) -> str:
    """What the gate found, in one line."""
    worst, unrated = _at_or_above(rollup, fail_on)
    rated = f"{worst:,} findings at or above {str(fail_on).lower()}"
    return f"{rated}, and {unrated:,} that nobody rated yet" if unrated else rated


def _at_or_above(rollup: Rollup, fail_on: Severity | None) -> tuple[int, int]:
    """How many findings are at or above the severity, and how many have none yet."""
    from sre_findings.model.findings.severity import rank

    if fail_on is None:
        return 0, 0
    counts = rollup.counts
    return sum(counts.by_rank()[: rank(fail_on) + 1]), counts.untriaged + counts.other
