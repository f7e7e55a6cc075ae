"""What a snapshot knows of one resource, for answers that also need to know what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sre_findings.model.answers.verdict import CLEAN, NOT_SCANNED, Verdict, decide
from sre_findings.model.coverage.reasons import TERMINATED
from sre_findings.model.resources.resource import Resource, check_text
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.model.sql_parameters import parameters, resource_parameters
from sre_findings.queries.resource_lookup import resolve_in
from sre_findings.queries.snapshot_answer import evidence_of
from sre_findings.rows.values import finding_of
from sre_findings.sources.deadlines import resource_deadlines
from sre_findings.sources.sources import Found

if TYPE_CHECKING:
    from sre_findings.model.findings.finding import Finding


class KnownResource(NamedTuple):
    """A resource and its findings, highest risk first, with KEV and due dates.

    ``absence`` is the verdict if there were no findings: clean, or why a finding that is not among
    them may exist. ``note`` tells what a name may also refer to; empty if it is certain.
    ``terminated`` is true if Inspector, in what was read, lists the resource as terminated.
    """

    resource: Resource
    findings: Sequence[Finding]
    absence: Verdict
    note: str
    terminated: bool

    @property
    def proven(self) -> bool:
        """Whether the resource has no other findings than these."""
        return self.absence.verdict == CLEAN


def known_resource(
    found: Found, text: str, as_of: str | None, severities: Sequence[str] = ()
) -> KnownResource:
    """The resource that a text names, with its open and suppressed findings.

    Raises AmbiguousName and UnknownResource, and UsageError for an empty text.
    """
    resource, note = resolve_in(found, check_text(text))
    place = resource_parameters(resource)
    due, _ = resource_deadlines(found, place, as_of)
    rows = found.engine.rows(
        "resource_findings",
        count=None,
        skip=0,
        suppressed=True,
        reachable=False,
        **parameters(severities=severities),
        **place,
    )
    findings = [due.completed(finding_of(row)) for row in rows]
    evidence = evidence_of(resource, Rollup(), found)
    absence = decide(evidence)
    ended = absence.reason == NOT_SCANNED and any(
        row.reason == TERMINATED for row in evidence.coverage
    )
    return KnownResource(resource, findings, absence, note, ended)
