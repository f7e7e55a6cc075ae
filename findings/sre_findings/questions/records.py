"""Questions about snapshots and the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.questions.question import Question

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.operations import OperationsAnswer
    from sre_findings.model.answers.snapshots import SnapshotsAnswer


@dataclass(frozen=True, slots=True)
class SnapshotList(Question["SnapshotsAnswer"]):
    """Which snapshots there are, the newest first: ``count`` of them (0: all) after the first
    ``skip``."""

    name = "snapshots"

    count: int = 25
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Operations(Question["OperationsAnswer"]):
    """Who asked what in so many days, today's included: the newest ``count`` (0: all), of one
    person, tool or outcome."""

    name = "operations"

    days: int = 7
    count: int = 25
    who: str | None = None
    what: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class SimilarNames:
    """Ids and names of resources that resemble a text."""

    text: str
