"""KEV and the due date of single findings, for exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sre_findings.engine.catalogue import Batch
from sre_findings.model.findings.finding import is_open
from sre_findings.model.sla.ages import Bucket, due_of
from sre_findings.model.sla.policy import Policy, days_late
from sre_findings.model.timestamps import iso_date
from sre_findings.rows.values import in_kev, time_of
from sre_findings.sources.sources import Found


class Deadlines:
    """KEV and the due date of each finding, the same as in ``sla``.

    A scan keeps the first day of a finding that was reopened or renewed. Only these are in memory;
    the day of all others is the one in the row.
    """

    def __init__(self, known: Batch, moved: Batch, policy: Policy, today: date) -> None:
        self._policy, self._today = policy, today
        self._known = {row["vulnerability_id"]: row for row in known}
        self._moved = {row["finding_arn"]: (row["due_rank"], row["opened_on"]) for row in moved}

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Returns ``kev``, ``kev_due``, ``due_on`` and ``days_late`` of a row.

        ``kev`` is None if the vulnerability was not checked. Days are ISO dates. A finding that is
        not open, or has no deadline, has None as ``due_on`` and ``days_late``.
        """
        known = self._known.get(row["vulnerability_id"], {})
        kev_due = known.get("kev_due")
        facts = {"kev": in_kev({"type": row["type"], **known}), "kev_due": kev_due}
        if not is_open(row["status"]):
            return {**facts, "due_on": None, "days_late": None}
        first = time_of(row["first_observed_at"])
        own = row["severity_rank"], iso_date(first.date() if first else None)
        rank, opened = self._moved.get(row["finding_arn"], own)
        due = due_of(Bucket(rank, opened or "", kev_due or ""), self._policy)
        late = days_late(due, self._today) if due.on else None
        return {**facts, "due_on": iso_date(due.on), "days_late": late}


def deadlines(
    found: Found, as_of: str | None, rows: Sequence[Mapping[str, Any]] | None = None
) -> Deadlines:
    """The deadlines of these rows, or of all findings of the snapshot.

    The day is today; for a question about an earlier snapshot, ``as_of``, it is that of the scan.
    """
    sources = found.sources
    today = found.commit.started_at.date() if as_of else sources.now().date()
    only = {"vulnerability_id": None, "finding_arn": None} if rows is None else _values(rows)
    known = found.engine.rows("known_exploits", vulnerabilities=only["vulnerability_id"])
    moved = found.engine.rows("moved_deadlines", findings=only["finding_arn"])
    return Deadlines(known, moved, sources.policy, today)


def _values(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, list[str] | None]:
    return {
        name: sorted({row[name] for row in rows if row[name]})
        for name in ("vulnerability_id", "finding_arn")
    }
