"""Answers with their provenance. They are the only input of the renderers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.verdict import INCOMPLETE, NO_SUCH_RESOURCE, TOO_OLD, Verdict
from sre_findings.model.coverage.reasons import explain, remedy
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.coverage.rules import SCANNED
from sre_findings.model.findings.finding import Finding
from sre_findings.model.resources.image_use import Use
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.freshness import IN_FUTURE, STALE
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.partial_reasons import Reason, outward, texts
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import iso

if TYPE_CHECKING:  # importing it takes 5 ms and is only needed for live context
    from sre_findings.model.resources.aws_context import Context

SNAPSHOT, LIVE, TABLE = "snapshot", "live", "table"
RECORDED = "for recorded operations"
"""The claim of an answer from the audit log."""
TAKEN = "for recorded claims"
"""The claim of an answer about who has taken findings."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The provenance of an answer: source, snapshot, age and completeness.

    ``state`` is that of the completeness check, None if there is none, and ``causes`` are the
    reasons for which it is partial. ``unread`` has a clause for each part of the query's scope that
    was not read. ``too_old`` is true if the snapshot is not fresh; if it starts in the future, its
    age is None.
    """

    source: str
    snapshot_id: str | None
    as_of: datetime | None
    age_seconds: int | None
    state: str | None
    claim: str = ""
    causes: Sequence[Reason] = ()
    too_old: bool = False
    unread: Sequence[str] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The causes as sentences."""
        return texts(self.causes)

    @property
    def sure(self) -> bool:
        """Whether the source is complete and fresh, and the whole scope of the query was read."""
        return self.source != SNAPSHOT or (
            self.state == COMPLETE and not self.too_old and not self.unread
        )

    @property
    def not_fresh(self) -> str:
        """Why the snapshot is not fresh, as a clause; empty if it is."""
        return "" if not self.too_old else IN_FUTURE if self.in_future else STALE

    @property
    def in_future(self) -> bool:
        """Whether the snapshot starts in the future, so that its age is unknown."""
        return self.too_old and self.age_seconds is None

    @property
    def unsure(self) -> str:
        """Why it is not ``sure``, as a reason of a verdict; empty if it is."""
        if self.sure:
            return ""
        return TOO_OLD if self.state == COMPLETE and not self.unread else INCOMPLETE

    def outward(self) -> Proof:
        """The provenance for readers without the scan's credentials: no messages from AWS."""
        return replace(self, causes=outward(self.causes))

    def to_json(self) -> dict[str, Any]:
        """The provenance fields of the JSON contract, and its version."""
        certificate = (
            {"state": self.state, "claim": self.claim, "reasons": list(self.reasons)}
            if self.state
            else None
        )
        return {
            "schema_version": SCHEMA_VERSION,
            "source": self.source,
            "snapshot_id": self.snapshot_id,
            "as_of": iso(self.as_of),
            "age_seconds": self.age_seconds,
            "too_old": self.too_old,
            "certificate": certificate,
            "unread": list(self.unread),
        }


SCHEMA_VERSION = 1
"""The version of the JSON of answers.

Keys can be added without a new version; none is removed or changed.
"""

NO_PROOF = Proof(SNAPSHOT, None, None, None, None)
"""The proof of an answer if there is no snapshot."""


@dataclass(frozen=True, slots=True)
class ResourceAnswer:
    """How vulnerable one resource is.

    ``findings`` is one page of ``total_findings``; counts cover all ACTIVE findings.
    ``incomplete`` is true if some data that the query needs was not read. ``context`` is what AWS
    reports about the resource now, None if it was not requested. ``live_error`` is the kind of the
    error if a live query failed, empty otherwise. ``use`` is the runtime use of an image, None if
    it is unknown. ``exposed`` is true if the resource has a public address or an open network
    finding; otherwise None, since it may be reachable through something else. ``overdue`` is the
    number of open findings that are past their due date, None if that is not known.
    ``claims_known`` is whether the table could be read that has the claims of findings.
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
    exposed: bool | None = None
    overdue: int | None = None
    claims_known: bool = True

    @property
    def stale(self) -> bool:
        """Whether the answer is from a snapshot because the requested live query failed."""
        return (
            bool(self.live_error)
            and self.proof.snapshot_id is not None
            and self.verdict.reason != NO_SUCH_RESOURCE
        )

    @property
    def unanswered(self) -> bool:
        """Whether nothing is known, because the live query failed and there is no snapshot."""
        return (
            bool(self.live_error)
            and self.verdict.reason == self.live_error
            and self.proof.snapshot_id is None
        )

    @property
    def unsure(self) -> str:
        """Why the data of the answer is not complete and current; empty if it is."""
        if self.unanswered or self.stale:
            return self.live_error
        return INCOMPLETE if self.incomplete else TOO_OLD if self.proof.too_old else ""

    def to_json(self) -> dict[str, Any]:
        """The JSON object. ``kev`` is None if it was not checked, which differs from 0."""
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
            "overdue": self.overdue,
            "accepted": self.accepted,
            "claims_known": self.claims_known,
            **self.proof.to_json(),
            "stale": self.stale,
            "live_error": self.live_error or None,
            "in_use": self.use.to_json() if self.use else None,
            "exposed": self.exposed,
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
    """One row of a grouped summary: its value, display name and counts.

    ``value`` is empty for resources without one.
    """

    value: str
    name: str
    rollup: Rollup

    def to_json(self) -> dict[str, Any]:
        """The JSON object. ``value`` is null for resources without one."""
        return {"value": self.value or None, "name": self.name or None, **self.rollup.to_json()}


@dataclass(frozen=True, slots=True)
class SummaryAnswer:
    """How vulnerable everything in scope is, with its groups if the query asked for them.

    ``by`` is the grouping, None without groups. ``uncovered`` resources are not fully
    scanned. ``doubtful`` counts further resources for which the absence of findings proves nothing.
    """

    verdict: Verdict
    rollup: Rollup
    uncovered: int
    proof: Proof
    by: str | None = None
    groups: Sequence[Group] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    doubtful: int = 0

    @property
    def unsure(self) -> str:
        """Why the data of the answer is not complete and current; empty if it is."""
        return self.proof.unsure

    def to_json(self) -> dict[str, Any]:
        """The JSON object."""
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
    """Which resources Inspector scans, which it does not, and why.

    ``gaps`` are the scans that prove nothing (see ``model.coverage.gaps``), and ``scanned`` counts
    the resources without any. ``cells`` are account, region, resource type, scan type, state and
    last reading of each cell that was not reached.
    """

    scanned: int
    gaps: Sequence[Coverage]
    cells: Sequence[Gap]
    proof: Proof

    def to_json(self) -> dict[str, Any]:
        """The JSON object: counts of resources, and the gaps with their remedies."""
        return {
            "scanned": self.scanned,
            "not_scanned": len({gap.place for gap in self.gaps}),
            "gaps": [coverage_json(row) for row in self.gaps],
            "cells": [cell._asdict() for cell in self.cells],
            **self.proof.to_json(),
        }


@dataclass(frozen=True, slots=True)
class FindingAnswer:
    """One finding, and ``wire``, its JSON as Inspector sent it.

    Both are None if the finding does not exist; ``explanation`` gives the reason. For
    ``claims_known`` see ResourceAnswer.
    """

    finding: Finding | None
    wire: Mapping[str, Any] | None
    explanation: str
    proof: Proof
    claims_known: bool = True

    def to_json(self) -> dict[str, Any]:
        """The JSON object; ``found`` is false if the finding does not exist."""
        return {
            "found": self.finding is not None,
            "explanation": self.explanation,
            "claims_known": self.claims_known,
            **self.proof.to_json(),
            "finding": self.finding.to_json() if self.finding else None,
            "wire": dict(self.wire) if self.wire is not None else None,
        }


def coverage_json(row: Coverage) -> dict[str, Any]:
    """The JSON of one row of coverage, with its reason in words and its remedy."""
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
        "remedy": "" if row.active and row.reason == SCANNED else remedy(row.reason),
        "scan_mode": row.scan_mode,
        "last_scanned_at": iso(row.last_scanned_at),
    }
