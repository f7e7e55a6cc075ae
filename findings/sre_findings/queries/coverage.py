"""Coverage gaps: what Inspector does not scan, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sre_findings.model.answers.answer import CoverageAnswer
from sre_findings.model.coverage.reasons import NOT_LISTED
from sre_findings.model.coverage.row import ACTIVE
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.sql_parameters import parameters
from sre_findings.queries import coverage_rows
from sre_findings.questions.estate import CoverageGaps
from sre_findings.sources.places import everywhere, within
from sre_findings.sources.sources import Found, Sources, find


def coverage(question: CoverageGaps, sources: Sources) -> CoverageAnswer:
    """Resources that are not scanned, and cells that were not read."""
    found = find(sources, question.as_of)
    found = within(found, Place(owners=question.owners))
    answer = coverage_of_snapshot(found, question.owners)
    return (
        answer if answer.scanned or answer.gaps else replace(answer, proof=everywhere(found).proof)
    )


def coverage_of_snapshot(found: Found, owners: Sequence[str] = ()) -> CoverageAnswer:
    """The coverage answer for a snapshot that was already selected."""
    unlisted = [*coverage_rows.unlisted_of_owners(found, owners)]
    gaps = coverage_rows.gaps(found, owners, unlisted)
    listed = int(found.engine.rows("coverage_scanned", **parameters(owners=owners))[0]["scanned"])
    # Inspector lists every scan of ``listed`` resources as ACTIVE. Some of them are gaps.
    others = {row.place for row in gaps if row.status != ACTIVE and row.reason != NOT_LISTED}
    others.update(row.place for row in unlisted)
    scanned = listed - len({row.place for row in gaps} - others)
    return CoverageAnswer(scanned, gaps, found.commit.gaps, found.proof)
