"""Complete findings for export files, in batches, joined with the data that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sre_findings.engine.catalogue import Engine
from sre_findings.model.answers.answer import Proof
from sre_findings.queries.findings import count_whole, left_out_of, selection
from sre_findings.questions.findings import ExportFilters
from sre_findings.sources.deadlines import RowDeadlines, row_deadlines
from sre_findings.sources.older_snapshots import for_reachability
from sre_findings.sources.places import everywhere, place_of, within
from sre_findings.sources.sources import Sources, find


def rows(question: ExportFilters, sources: Sources) -> tuple[Proof, Iterator[list[dict[str, Any]]]]:
    """The provenance, and rows of complete findings in batches.

    Each row also has the risk and deadline of its finding, see Deadlines.of_row. Raises UsageError
    if there is no snapshot.
    """
    found = find(sources, question.as_of)
    found = for_reachability(
        within(found, place_of(question, question.types), question.statuses), question.reachable
    )
    if not count_whole(question, found):
        found = everywhere(found)
    due = row_deadlines(found, question.as_of)
    return found.proof, _whole(found.engine, selection(question, found), due)


def left_out(question: ExportFilters, sources: Sources) -> Sequence[str]:
    """Sentences about what an export of reachable findings leaves out."""
    return left_out_of(question, find(sources, question.as_of)) if question.reachable else ()


def _whole(
    engine: Engine, filters: Mapping[str, Any], due: RowDeadlines
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
            row.update(details[row["region"], row.pop("details_id")], **due.of(row))
        yield batch
