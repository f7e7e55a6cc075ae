"""KEV and the due date of single findings, the same as in ``sla``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sre_findings.model.findings import severity
from sre_findings.model.findings.finding import is_open
from sre_findings.model.sla.ages import Bucket, due_of
from sre_findings.model.sla.policy import Due, Policy, days_late, days_left, late
from sre_findings.model.timestamps import iso_date
from sre_findings.rows.values import in_kev, time_of
from sre_findings.sources.sources import Found

if TYPE_CHECKING:  # imported at run time only where it is needed, to start faster
    from sre_findings.engine.catalogue import Batch
    from sre_findings.model.findings.finding import Finding


class Deadlines:
    """The due dates of findings under a policy, on a day.

    A scan keeps the severity and the first day for which the SLA counts; ``starts`` has them by the
    ARN of the finding. For other findings, those that Inspector reports are used.
    """

    def __init__(
        self, starts: Mapping[str, tuple[int, str | None]], policy: Policy, today: date
    ) -> None:
        self._starts, self._policy, self._today = starts, policy, today

    def due(self, arn: str, rank: int, first: date | None, kev_due: str | None) -> Due:
        """The due date of an open finding."""
        rank, opened = self._starts.get(arn, (rank, iso_date(first)))
        return due_of(Bucket(rank, opened or "", kev_due or ""), self._policy)

    def due_date(
        self, one: Mapping[str, Any], first: date | None, kev_due: str | None
    ) -> date | None:
        """The due date of an item with ``finding_arn``, ``severity`` and ``status``."""
        if not is_open(one["status"]):
            return None
        return self.due(one["finding_arn"], severity.rank(one["severity"] or ""), first, kev_due).on

    def of_row(self, row: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """``kev``, ``kev_due``, ``due_on`` and ``days_overdue`` of an export's row.

        ``known`` is what the snapshot knows of its vulnerability. ``kev`` is None if that was not
        checked. A finding that is not open, or has no deadline, has None as ``due_on`` and
        ``days_overdue``.
        """
        kev_due = known.get("kev_due")
        facts = {"kev": in_kev({"type": row["type"], **known}), "kev_due": kev_due}
        if not is_open(row["status"]):
            return {**facts, "due_on": None, "days_overdue": None}
        first = time_of(row["first_observed_at"])
        day = first.date() if first else None
        due = self.due(row["finding_arn"], row["severity_rank"], day, kev_due)
        past = days_late(due, self._today) if due.on else None
        return {**facts, "due_on": iso_date(due.on), "days_overdue": past}

    def completed(self, one: Finding) -> Finding:
        """The finding with ``due``, ``days_left`` and ``overdue``.

        They stay None if it is not open, or if it is unknown since when it is.
        """
        first = one.first_observed_at
        if not is_open(one.status) or (first is None and one.finding_arn not in self._starts):
            return one
        day, kev_due = first.date() if first else None, iso_date(one.kev_due)
        due = self.due(one.finding_arn, severity.rank(one.severity), day, kev_due)
        left = days_left(due, self._today)
        return replace(one, due=due.on, days_left=left, overdue=late(due, self._today))


class RowDeadlines:
    """KEV and the deadline of each row of an export."""

    def __init__(self, deadlines: Deadlines, known: Batch) -> None:
        self._deadlines = deadlines
        self._known = {row["vulnerability_id"]: row for row in known}

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """See ``Deadlines.of_row``."""
        return self._deadlines.of_row(row, self._known.get(row["vulnerability_id"], {}))


def row_deadlines(
    found: Found, as_of: str | None, rows: Sequence[Mapping[str, Any]] | None = None
) -> RowDeadlines:
    """The deadlines of these rows of an export, or of all."""
    arns, names = (None, None) if rows is None else (_each(rows, "finding_arn"), _each(rows, _NAME))
    known = found.engine.rows("known_exploits", vulnerabilities=names)
    return RowDeadlines(deadlines(found, as_of, arns), known)


_NAME = "vulnerability_id"


def _each(rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return sorted({row[name] for row in rows if row[name]})


def deadlines(found: Found, as_of: str | None, arns: Sequence[str] | None) -> Deadlines:
    """The deadlines of findings with these ARNs, or of all."""
    rows = found.engine.rows("moved_deadlines", findings=None if arns is None else list(arns))
    return Deadlines(_starts(rows), found.sources.policy, today_of(found, as_of))


def resource_deadlines(
    found: Found, place: Mapping[str, Any], as_of: str | None
) -> tuple[Deadlines, int]:
    """The deadlines of the open findings of a resource, and how many of these are overdue."""
    rows = found.engine.rows("resource_deadlines", **place)
    today, policy = today_of(found, as_of), found.sources.policy
    buckets = (
        Bucket(row["due_rank"], row["opened_on"] or "", row["kev_due"] or "") for row in rows
    )
    past = sum(late(due_of(one, policy), today) for one in buckets)
    return Deadlines(_starts(rows), policy, today), past


def _starts(rows: Batch) -> dict[str, tuple[int, str | None]]:
    return {row["finding_arn"]: (row["due_rank"], row["opened_on"]) for row in rows}


def today_of(found: Found, as_of: str | None) -> date:
    """Today; for a question about an earlier snapshot, ``as_of``, the day of the scan."""
    return found.commit.started_at.date() if as_of else found.sources.now().date()
