"""Exit codes. A gate never passes on missing data: 1 goes before 3, and 3, 5 and 6 go before 0."""

from __future__ import annotations

from sre_findings.model.answer import CoverageAnswer, ResourceAnswer, SummaryAnswer
from sre_findings.model.errors import CommitLost, Interrupted, SreError, Unreadable, UsageError
from sre_findings.model.rollup import Rollup
from sre_findings.model.severity import Severity, rank
from sre_findings.model.verdict import FROZEN, NO_SUCH_RESOURCE, NOT_SCANNED, SCANNED_TOO_LONG_AGO, STOPPED, UNKNOWN

ANSWERED, FAIL_ON, USAGE, UNSURE, UNREADABLE, NO_RESOURCE, NOT_COVERED, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 70, 130

_REASONS = {NO_SUCH_RESOURCE: NO_RESOURCE, NOT_SCANNED: NOT_COVERED, SCANNED_TOO_LONG_AGO: NOT_COVERED,
            FROZEN: NOT_COVERED, STOPPED: NOT_COVERED}  # fmt: skip


def of_error(error: SreError) -> int:
    """The code of an error that ended the command."""
    if isinstance(error, UsageError | Interrupted):
        return USAGE if isinstance(error, UsageError) else INTERRUPTED
    return UNREADABLE if isinstance(error, Unreadable | CommitLost) else BUG


def of_resource(answer: ResourceAnswer, fail_on: Severity | None, *, untriaged_fails: bool = True) -> int:
    """The code of an answer about one resource."""
    if met(answer.rollup, fail_on, untriaged_fails=untriaged_fails):
        return FAIL_ON
    if answer.incomplete or answer.proof.too_old:
        return UNSURE
    unknown = UNSURE if answer.verdict.verdict == UNKNOWN else ANSWERED
    return _REASONS.get(answer.verdict.reason, unknown)


def of_summary(answer: SummaryAnswer, fail_on: Severity | None, *, untriaged_fails: bool = True) -> int:
    """The code of an answer about everything: what is not scanned is missing data for a gate only."""
    if met(answer.rollup, fail_on, untriaged_fails=untriaged_fails):
        return FAIL_ON
    if not answer.proof.sure:
        return UNSURE
    return NOT_COVERED if fail_on and answer.uncovered else ANSWERED


def of_coverage(answer: CoverageAnswer) -> int:
    """The code of an answer about coverage."""
    return ANSWERED if answer.proof.sure else UNSURE


def met(rollup: Rollup, fail_on: Severity | None, *, untriaged_fails: bool) -> bool:
    """Whether an ACTIVE finding is at or above the severity; one that nobody rated yet might be."""
    if fail_on is None:
        return False
    counts = rollup.counts
    worst = sum(counts.by_rank()[: rank(fail_on) + 1])
    return bool(worst or (untriaged_fails and (counts.untriaged or counts.other)))
