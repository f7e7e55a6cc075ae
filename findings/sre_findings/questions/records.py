"""Queries about snapshots and the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.questions.question import ListQuestion, Question

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.operations import OperationsAnswer
    from sre_findings.model.answers.snapshots import SnapshotsAnswer


@dataclass(frozen=True, slots=True)
class SnapshotList(ListQuestion["SnapshotsAnswer"]):
    """The snapshots, newest first: ``count`` of them (0: all) after skipping ``skip``."""

    name = "snapshots"
    list_name = "snapshots"

    count: int = 25
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Operations(Question["OperationsAnswer"]):
    """The audit log of the last ``days`` days including today, newest first.

    ``count`` operations are returned (0: all), filtered by client, tool or outcome.
    """

    name = "operations"

    days: int = 7
    count: int = 25
    who: str | None = None
    what: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class SimilarNames:
    """IDs and names of resources that resemble a text."""

    text: str
