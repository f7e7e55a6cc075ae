"""Questions about all resources: counts, and what is not scanned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.answers.answer import CoverageAnswer, SummaryAnswer
from sre_findings.questions.question import Question

BY = ("account", "region", "owner", "type", "resource", "package", "vulnerability")


@dataclass(frozen=True, slots=True)
class Summary(Question[SummaryAnswer]):
    """How vulnerable is all of it? With ``by``, one of BY, in groups, the worst ``count`` first (0:
    all)."""

    name = "summary"

    by: str | None = None
    count: int = 0
    as_of: str | None = None
    owners: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CoverageGaps(Question[CoverageAnswer]):
    """What does Inspector not scan, and what did the scan not reach?"""

    name = "coverage"

    as_of: str | None = None
    owners: Sequence[str] = ()
