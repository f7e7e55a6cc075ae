"""One complete finding: the product's form of it, and what Inspector sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sre_findings.model.answers.answer import FindingAnswer
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.finding import Finding
from sre_findings.model.sql_parameters import resource_parameters
from sre_findings.model.text import phrase
from sre_findings.queries import resource_lookup
from sre_findings.queries.resource_lookup import resolve_in
from sre_findings.questions.findings import OneFinding
from sre_findings.rows.values import finding_of
from sre_findings.rows.wire_form import wire_form
from sre_findings.sources.claims import with_claims
from sre_findings.sources.deadlines import deadlines
from sre_findings.sources.risk_acceptance import marked
from sre_findings.sources.sources import Found, Sources, find

_ANY: dict[str, Any] = dict.fromkeys(
    ("resource_id", "statuses", "severities", "types", "accounts", "regions", "owners", "count")
) | {"reachable": False}
_NAMED = 20  # ARNs listed in an error


def one_finding(question: OneFinding, sources: Sources) -> FindingAnswer:
    """The finding with an ARN, or the only one of a vulnerability on a resource.

    If it does not exist, the answer has no finding and gives the reason. Raises UsageError if
    several findings match.
    """
    by_place = question.resource is not None and question.vulnerability_id is not None
    if (question.finding_arn is not None) == by_place:
        raise UsageError(
            phrase("a finding is identified by its ARN, or by a resource and a vulnerability"),
            do=phrase("Give one of the two."),
        )
    found = find(sources, question.as_of)
    arn, why = (question.finding_arn, "") if question.finding_arn else _arn_of(question, found)
    rows = found.engine.rows("full_findings", **_ANY, finding_arn=arn, skip=0) if arn else []
    if not rows:
        return FindingAnswer(
            None, None, why or phrase("the snapshot has no finding with this ARN"), found.proof
        )
    finding = marked(_thin(rows[0]), sources.suppressions, sources.now().date())
    due = deadlines(found, question.as_of, [finding.finding_arn])
    (finding,), known = with_claims([due.completed(finding)], sources)
    return FindingAnswer(finding, wire_form(rows[0]), "", found.proof, known)


def _arn_of(question: OneFinding, found: Found) -> tuple[str | None, str]:
    """The ARN, or None and the reason."""
    text, vulnerability = question.resource or "", question.vulnerability_id or ""
    try:
        place = resolve_in(found, text)[0]
    except resource_lookup.UnknownResource:
        return None, phrase("the snapshot does not contain this resource")
    upper = vulnerability.upper() if vulnerability.lower().startswith("cve-") else vulnerability
    arns = [
        row["finding_arn"]
        for row in found.engine.rows(
            "finding_arns", vulnerability=upper, **resource_parameters(place)
        )
    ]
    if len(arns) > 1:
        why = ", ".join(arns[:_NAMED]) + (phrase(" …") if len(arns) > _NAMED else "")
        raise UsageError(
            phrase("the resource has {} findings of {}", len(arns), upper),
            why=why,
            do=phrase("Use one of these ARNs."),
        )
    return (arns[0], "") if arns else (None, "Inspector reports no such finding for this resource")


def _thin(row: Mapping[str, Any]) -> Finding:
    """The product's form of a finding: export rows have other names for the times."""
    return finding_of(
        {
            **row,
            "first_observed_us": row["first_observed_at"],
            "last_observed_us": row["last_observed_at"],
        }
    )
