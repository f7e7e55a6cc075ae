"""Coverage gaps: what Inspector does not scan, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sre_findings.model.answers.answer import CoverageAnswer
from sre_findings.questions.estate import CoverageGaps
from sre_findings.rows.values import coverage_of
from sre_findings.sources.places import everywhere, place_of, within
from sre_findings.sources.sources import Found, Sources, find


def coverage(question: CoverageGaps, sources: Sources) -> CoverageAnswer:
    """Resources that are not scanned, and cells that were not read."""
    found = find(sources, question.as_of)
    found = within(found, place_of(question))
    answer = coverage_of_snapshot(found, question.owners)
    return (
        answer if answer.scanned or answer.gaps else replace(answer, proof=everywhere(found).proof)
    )


def coverage_of_snapshot(found: Found, owners: Sequence[str] = ()) -> CoverageAnswer:
    """The coverage answer for a snapshot that was already selected."""
    gaps = [
        coverage_of(row) for row in found.engine.rows("coverage_gaps", owners=list(owners) or None)
    ]
    scanned = int(found.engine.rows("coverage_scanned", owners=list(owners) or None)[0]["scanned"])
    return CoverageAnswer(scanned, gaps, found.commit.gaps, found.proof)
