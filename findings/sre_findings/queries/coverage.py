"""Coverage gaps: what Inspector does not scan, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sre_findings.model.answers.answer import CoverageAnswer
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.sql_parameters import parameters
from sre_findings.questions.estate import CoverageGaps
from sre_findings.rows.values import coverage_of
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
    of_owners = parameters(owners=owners)
    gaps = [coverage_of(row) for row in found.engine.rows("coverage_gaps", **of_owners)]
    scanned = int(found.engine.rows("coverage_scanned", **of_owners)[0]["scanned"])
    return CoverageAnswer(scanned, gaps, found.commit.gaps, found.proof)
