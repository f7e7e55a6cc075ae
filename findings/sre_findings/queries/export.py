"""Complete findings for export files, in batches, joined with the data that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sre_findings.engine.catalogue import Engine
from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.finding import is_open
from sre_findings.model.sla.ages import Bucket, due_of
from sre_findings.model.sla.policy import Policy, days_late
from sre_findings.model.timestamps import iso_date
from sre_findings.queries.findings import count_whole, left_out_of, selection
from sre_findings.questions.findings import ExportFilters
from sre_findings.rows.values import in_kev, time_of
from sre_findings.sources.older_snapshots import for_reachability
from sre_findings.sources.places import everywhere, place_of, within
from sre_findings.sources.sources import Sources, find


def rows(question: ExportFilters, sources: Sources) -> tuple[Proof, Iterator[list[dict[str, Any]]]]:
    """The provenance, and rows of complete findings in batches.

    Each row also has the risk and deadline of its finding, see Deadlines. Raises UsageError if
    there is no snapshot.
    """
    found = find(sources, question.as_of)
    found = for_reachability(
        within(found, place_of(question, question.types), question.statuses), question.reachable
    )
    if not count_whole(question, found):
        found = everywhere(found)
    today = found.commit.started_at.date() if question.as_of else sources.now().date()
    filters = selection(question, found)
    deadlines = Deadlines(found.engine, sources.policy, today, filters["resource_id"])
    return found.proof, _whole(found.engine, filters, deadlines)


def left_out(question: ExportFilters, sources: Sources) -> Sequence[str]:
    """Sentences about what an export of reachable findings leaves out."""
    return left_out_of(question, find(sources, question.as_of)) if question.reachable else ()


class Deadlines:
    """KEV and the due date of each row of an export, the same as in ``sla``.

    A scan keeps the first day of a finding that was reopened or renewed. Only these are in memory;
    the day of all others is the one in the row.
    """

    def __init__(self, engine: Engine, policy: Policy, today: date, resource: str | None) -> None:
        self._policy, self._today = policy, today
        self._known = {
            row["vulnerability_id"]: row
            for row in engine.rows("known_exploits", vulnerabilities=None)
        }
        self._moved = {
            row["finding_arn"]: (row["due_rank"], row["opened_on"])
            for row in engine.rows("moved_deadlines", resource_id=resource)
        }

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


def _whole(
    engine: Engine, filters: Mapping[str, Any], deadlines: Deadlines
) -> Iterator[list[dict[str, Any]]]:
    """Findings joined with the data that they share.

    The join is done here and not in SQL, so that the order of the parts is kept, and a description
    shared by a thousand findings is in memory only once.
    """
    details = {
        (row["region"], row["details_id"]): row
        for row in engine.rows("findings_details", **filters)
    }
    lists = {
        (row["region"], row["packages_id"]): row["packages"]
        for row in engine.rows("findings_packages", **filters)
    }
    for batch in engine.batches("findings", **filters):
        for row in batch:
            row["packages"] = lists.get((row["region"], row.pop("packages_id")))
            row.update(details[row["region"], row.pop("details_id")], **deadlines.of(row))
        yield batch
