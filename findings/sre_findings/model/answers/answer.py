"""Answers with their provenance. Every renderer takes these and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.verdict import NO_SUCH_RESOURCE, Verdict
from sre_findings.model.findings.finding import Finding, iso
from sre_findings.model.resources.coverage import Coverage, explain, remedy
from sre_findings.model.resources.image_use import Use
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.model.snapshots.states import COMPLETE

if TYPE_CHECKING:  # 5 ms, for those who were asked for it
    from sre_findings.model.resources.aws_context import Context

SNAPSHOT, LIVE, TABLE = "snapshot", "live", "table"


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an answer comes from and how old it is. ``state`` is the certificate's, None where
    there is none.

    ``unread`` is what of the place that was asked about was not read, in words.
    """

    source: str
    snapshot_id: str | None
    as_of: datetime | None
    age_seconds: int | None
    state: str | None
    claim: str = ""
    reasons: Sequence[str] = ()
    too_old: bool = False
    unread: Sequence[str] = ()

    @property
    def sure(self) -> bool:
        """Whether the source is complete and young enough, and all that was asked about was
        read."""
        return self.source != SNAPSHOT or (
            self.state == COMPLETE and not self.too_old and not self.unread
        )

    def to_json(self) -> dict[str, Any]:
        """The contract's proof fields."""
        certificate = (
            {"state": self.state, "claim": self.claim, "reasons": list(self.reasons)}
            if self.state
            else None
        )
        return {
            "source": self.source,
            "snapshot_id": self.snapshot_id,
            "as_of": iso(self.as_of) if self.as_of else None,
            "age_seconds": self.age_seconds,
            "too_old": self.too_old,
            "certificate": certificate,
            "unread": list(self.unread),
        }


@dataclass(frozen=True, slots=True)
class ResourceAnswer:
    """How vulnerable one resource is. ``findings`` is one page of ``total_findings``; counts are of
    all ACTIVE ones.

    ``incomplete`` says that something which the question touches was not read. ``context`` is what
    AWS says of it now, None where it was not asked. ``live_error`` is the kind of the error with
    which Inspector did not answer, empty where it did or was not asked. ``use`` tells of an image
    whether it runs; None where nothing is known of that.
    """

    resource: Resource
    verdict: Verdict
    rollup: Rollup
    coverage: Sequence[Coverage]
    findings: Sequence[Finding]
    total_findings: int
    next_cursor: str | None
    proof: Proof
    incomplete: bool = False
    account_name: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    context: Context | None = None
    accepted: int | None = None
    live_error: str = ""
    use: Use | None = None

    @property
    def stale(self) -> bool:
        """Whether the snapshot answers because Inspector, which was to be asked, did not."""
        return (
            bool(self.live_error)
            and self.proof.snapshot_id is not None
            and self.verdict.reason != NO_SUCH_RESOURCE
        )

    @property
    def unanswered(self) -> bool:
        """Whether nothing is known at all, because Inspector did not answer and there is no
        snapshot."""
        return (
            bool(self.live_error)
            and self.verdict.reason == self.live_error
            and self.proof.snapshot_id is None
        )

    def to_json(self) -> dict[str, Any]:
        """The contract's object. ``kev`` is None: not checked, which is not the same as none."""
        kind, rollup = self.resource, self.rollup.to_json()
        return {
            "resource_id": kind.resource_id,
            "resource_type": kind.resource_type or None,
            "name": kind.name or None,
            "account_id": kind.account_id or None,
            "account_name": self.account_name or None,
            "region": kind.region or None,
            "verdict": self.verdict.verdict,
            "reason": self.verdict.reason,
            "explanation": self.verdict.explanation,
            "notes": list(self.verdict.notes),
            "doubt": self.verdict.doubt or None,
            **{
                name: rollup[name]
                for name in (
                    "counts",
                    "suppressed",
                    "fixable",
                    "exploitable",
                    "kev",
                    "kev_unchecked",
                )
            },
            "accepted": self.accepted,
            **self.proof.to_json(),
            "stale": self.stale,
            "live_error": self.live_error or None,
            "in_use": self.use.to_json() if self.use else None,
            "coverage": [coverage_json(row) for row in self.coverage],
            "incomplete": self.incomplete,
            "filters": dict(self.filters),
            "findings": [one.to_json() for one in self.findings],
            "total_findings": self.total_findings,
            "next_cursor": self.next_cursor,
            "context": self.context.to_json() if self.context else None,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a summary by something: its value, empty for what has none, a name for people,
    and what it holds."""

    value: str
    name: str
    rollup: Rollup

    def to_json(self) -> dict[str, Any]:
        """Plain data; the value under ``value``, null for what has none."""
        return {"value": self.value or None, "name": self.name or None, **self.rollup.to_json()}


@dataclass(frozen=True, slots=True)
class SummaryAnswer:
    """How vulnerable the whole scope is, and its groups where it was asked ``by`` something.

    ``uncovered`` resources are not fully scanned; the silence of ``doubtful`` further ones proves
    nothing.
    """

    verdict: Verdict
    rollup: Rollup
    uncovered: int
    proof: Proof
    by: str | None = None
    groups: Sequence[Group] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    doubtful: int = 0

    def to_json(self) -> dict[str, Any]:
        """The contract's object."""
        values = {
            "verdict": self.verdict.verdict,
            "reason": self.verdict.reason,
            "explanation": self.verdict.explanation,
            "notes": list(self.verdict.notes),
            **self.rollup.to_json(),
            "doubt": self.verdict.doubt or None,
            "not_scanned": self.uncovered,
            "doubtful": self.doubtful,
            **self.proof.to_json(),
        }
        if self.by is None:
            return values
        return values | {"by": self.by, "groups": [group.to_json() for group in self.groups]}


@dataclass(frozen=True, slots=True)
class CoverageAnswer:
    """Which resources Inspector scans, which not, and why. ``gaps`` are the rows that are not
    ACTIVE."""

    scanned: int
    gaps: Sequence[Coverage]
    cells: Sequence[tuple[str, str, str, str, str]]
    proof: Proof

    def to_json(self) -> dict[str, Any]:
        """Plain data: resources counted, gaps a row each with its remedy, and cells that are not
        reached."""
        names = ("account_id", "region", "resource_type", "scan_type", "state")
        return {
            "scanned": self.scanned,
            "not_scanned": len({(g.account_id, g.region, g.resource_id) for g in self.gaps}),
            "gaps": [coverage_json(row) for row in self.gaps],
            "cells": [dict(zip(names, cell, strict=True)) for cell in self.cells],
            **self.proof.to_json(),
        }


@dataclass(frozen=True, slots=True)
class FindingAnswer:
    """One finding: what every answer carries of it, and ``wire``, as Inspector sent it. None where
    there is none: see why."""

    finding: Finding | None
    wire: Mapping[str, Any] | None
    explanation: str
    proof: Proof

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``found`` says whether there is one."""
        return {
            "found": self.finding is not None,
            "explanation": self.explanation,
            **self.proof.to_json(),
            "finding": self.finding.to_json() if self.finding else None,
            "wire": dict(self.wire) if self.wire is not None else None,
        }


def coverage_json(row: Coverage) -> dict[str, Any]:
    """One row of coverage as plain data, with the reason in words and its remedy."""
    return {
        "resource_id": row.resource_id,
        "resource_type": row.resource_type,
        "name": row.name or None,
        "account_id": row.account_id,
        "region": row.region,
        "scan_type": row.scan_type,
        "status": row.status,
        "reason": row.reason,
        "explanation": explain(row.reason),
        "remedy": remedy(row.reason) if not row.active else "",
        "scan_mode": row.scan_mode,
        "last_scanned_at": iso(row.last_scanned_at) if row.last_scanned_at else None,
    }
