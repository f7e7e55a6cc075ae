"""Lists of findings over all resources, by page: short rows, or complete findings for exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.findings.reachability import NOT_REACHABLE, UNKNOWN, left_out
from sre_findings.model.findings.severity import Severity
from sre_findings.model.quantity import quantity
from sre_findings.model.sql_parameters import parameters
from sre_findings.model.text import Text, ours, phrase
from sre_findings.queries import resource_lookup
from sre_findings.queries.resource_lookup import optional_in
from sre_findings.questions.findings import ExportFilters, ExportPage, FindingList
from sre_findings.rows.values import finding_of
from sre_findings.rows.wire_form import wire_form
from sre_findings.sources.claims import CLAIMS_UNKNOWN, with_claims
from sre_findings.sources.deadlines import deadlines, row_deadlines
from sre_findings.sources.older_snapshots import for_reachability
from sre_findings.sources.places import place_of, within
from sre_findings.sources.risk_acceptance import marked
from sre_findings.sources.sources import Found, Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.findings import ExportAnswer, ExportFacts, FindingsAnswer

_FIELDS = (
    "severity",
    "status",
    "vulnerability_id",
    "title",
    "fix_available",
    "fixed_in",
    "exploit_available",
    "inspector_score",
    "epss_score",
    "reachability",
    "reachability_reason",
    "resource_id",
    "resource_name",
    "resource_type",
    "account_id",
    "region",
    "owner",
    "first_observed_at",
    "finding_arn",
)
_SHOWN = (
    Shown("severity", "Severity", "severity"),
    Shown("vulnerability_id", "Vulnerability"),
    Shown("resource_id", "Resource", "wide"),
    Shown("owner", "Owner"),
    Shown("fixed_in", "Fixed in"),
)
_EVERY = {"fixable": False, "exploitable": False}
_NO_FILE: ExportFacts = {"file": None}


def findings(question: FindingList, sources: Sources) -> FindingsAnswer:
    """One page of the findings that match, highest severity first, and their total number."""
    found = find(sources, question.as_of)
    found = for_reachability(
        within(found, place_of(question.filters, question.types), question.statuses),
        question.reachable,
    )
    filters: dict[str, Any] = {
        **question.filters.parameters(),
        **parameters(
            severities=question.severities, statuses=question.statuses, types=question.types
        ),
        "fixable": question.fixable,
        "exploitable": question.exploitable,
    }
    notes = _left_out(question.reachable, found, filters | {"resource_id": None})
    filters |= {"reachable": question.reachable}
    total = _total(found, filters | {"resource_id": None})
    rows = found.engine.rows(
        "list_findings", count=question.count or None, skip=question.skip, **filters
    )
    today = sources.now().date()
    due = deadlines(found, question.as_of, [row["finding_arn"] for row in rows])
    some, known = with_claims(
        [due.completed(marked(finding_of(row), sources.suppressions, today)) for row in rows],
        sources,
    )
    items = [one.to_json() for one in some]
    notes = notes if known else [*notes, CLAIMS_UNKNOWN]
    words, verb = question.filters.words(), phrase("matches" if total == 1 else "match")
    headline = (
        phrase("{:,} {}{} {}.", total, _noun(question, total), words, verb)
        if total
        else phrase("No {}{} match.", _noun(question, 0), words)
    )
    return ListAnswer(headline, "findings", items, total, _FIELDS, _SHOWN, found.proof, notes=notes)


def _noun(question: FindingList, count: int) -> Text:
    """Returns ``findings``, with their severity if it is the only one."""
    noun = phrase("finding" if count == 1 else "findings")
    named = [one for one in Severity if (one.value,) == tuple(question.severities)]
    return phrase("{} {}", ours(named[0].value.lower()), noun) if named else noun


def export_page(question: ExportPage, sources: Sources) -> ExportAnswer:
    """One page of complete findings as Inspector sent them, and their total number.

    They are in the order of an export.
    """
    found, rows = find(sources, question.rows.as_of), question.rows
    found = for_reachability(
        within(found, place_of(rows, rows.types), rows.statuses), rows.reachable
    )
    filters = selection(rows, found)
    total = _total(found, filters | _EVERY)
    page = found.engine.rows(
        "full_findings",
        finding_arn=None,
        count=question.count or None,
        skip=question.skip,
        **filters,
    )
    due = row_deadlines(found, rows.as_of, page)
    items = [wire_form({**row, **due.of(row)}) for row in page]
    return ListAnswer(
        phrase("{} to export.", quantity(total, "finding")),
        "findings",
        items,
        total,
        (),
        (),
        found.proof,
        _NO_FILE,
        left_out_of(rows, found),
    )


def left_out_of(rows: ExportFilters, found: Found) -> list[str]:
    """Notes about what an export of reachable findings leaves out."""
    return _left_out(rows.reachable, found, selection(rows, found) | _EVERY)


def _left_out(reachable: bool, found: Found, filters: Mapping[str, Any]) -> list[str]:
    if not reachable:
        return []
    words = {
        row["reachability"]: int(row["findings"])
        for row in found.engine.rows("findings_reachability", **filters)
    }
    return list(left_out(words.get(UNKNOWN, 0), words.get(NOT_REACHABLE, 0)))


def count_whole(rows: ExportFilters, found: Found) -> int:
    """The number of findings in an export."""
    return _total(found, selection(rows, found) | _EVERY)


def selection(rows: ExportFilters, found: Found) -> dict[str, Any]:
    """The SQL parameters that select the findings of an export.

    Raises UsageError if the filters name a resource that is not known.
    """
    one = optional_in(found, rows.text)
    return resource_lookup.narrowed(rows.parameters(), one) | {"reachable": rows.reachable}


def _total(found: Found, filters: Mapping[str, Any]) -> int:
    return int(found.engine.rows("findings_total", **filters)[0]["total"])
