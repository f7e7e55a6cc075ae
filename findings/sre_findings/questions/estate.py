"""Queries about all resources: counts and coverage gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.answers.answer import NO_PROOF, CoverageAnswer, SummaryAnswer
from sre_findings.questions.question import Question

BY = ("account", "region", "owner", "type", "resource", "package", "vulnerability")


@dataclass(frozen=True, slots=True)
class Summary(Question[SummaryAnswer]):
    """Counts of findings of all resources, with ``by`` grouped by one of BY.

    The worst ``count`` groups are returned, worst first (0: all).
    """

    name = "summary"

    by: str | None = None
    count: int = 0
    as_of: str | None = None
    owners: Sequence[str] = ()

    def without_snapshot(self) -> SummaryAnswer:
        """See Question."""
        from sre_findings.model.answers.verdict import WITHOUT_SNAPSHOT
        from sre_findings.model.snapshots.rollup import Rollup

        return SummaryAnswer(WITHOUT_SNAPSHOT, Rollup(), 0, NO_PROOF, self.by)


@dataclass(frozen=True, slots=True)
class CoverageGaps(Question[CoverageAnswer]):
    """The resources that Inspector does not scan, and what the scan could not read."""

    name = "coverage"

    as_of: str | None = None
    owners: Sequence[str] = ()

    def without_snapshot(self) -> CoverageAnswer:
        """See Question."""
        return CoverageAnswer(0, (), (), NO_PROOF)
