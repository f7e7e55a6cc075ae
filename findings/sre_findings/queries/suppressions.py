"""The rules of the suppressions file with the findings that they cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.finding import Finding
from sre_findings.model.findings.suppression import Suppression, Suppressions
from sre_findings.model.quantity import quantity
from sre_findings.model.text import phrase
from sre_findings.model.timestamps import iso_date
from sre_findings.questions.remediation import SuppressionList
from sre_findings.rows.values import finding_of
from sre_findings.sources import suppression_access
from sre_findings.sources.sources import Found, Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.suppressions import Rule, RulesAnswer

_FIELDS = ("line", "about", "scope", "state", "findings", "owner", "expires", "status", "reason")
_SHOWN = (
    Shown("about", "About", "wide"),
    Shown("state", "State"),
    Shown("findings", "Findings", "number"),
    Shown("owner", "Owner"),
    Shown("expires", "Expires"),
    Shown("reason", "", "sentence"),
)


def suppressions(question: SuppressionList, sources: Sources) -> RulesAnswer:
    """Every rule of the file with its state and the number of findings that it covers.

    The notes warn about lapsed and unused rules. With restricted access, the answer has only the
    rules that cover a visible finding, reduced to the patterns that match one.
    """
    rules = of_sources(sources)
    found = find(sources, question.as_of)
    today = sources.now().date()
    used = Counter(rule.index for rule, _ in matched(rules, found, today))
    if sources.caller.access.everything:
        items, notes = (
            [_item(rule, today, used[rule.index], line=rule.line) for rule in rules],
            tuple(one.text_in(rules.file) for one in rules.warnings(today, used.keys())),
        )
    else:
        known = suppression_access.seen_of(
            chain(
                matched(rules, found, today), suppression_access.lapsed(rules, _open(found), today)
            )
        )
        items = [_item(rule, today, used[rule.index], line=None) for rule in known]
        notes = suppression_access.warnings(known, today)
    headline = phrase(
        "{} {} {}. Covered findings stay open.",
        quantity(len(items), "rule"),
        (phrase("covers") if len(items) == 1 else phrase("cover")),
        quantity(used.total(), "finding"),
    )
    return ListAnswer(headline, "suppressions", items, len(items), _FIELDS, _SHOWN, found.proof,
                      {"covered": used.total()}, notes)  # fmt: skip


def of_sources(sources: Sources) -> Suppressions:
    """The rules of SRE_SUPPRESSIONS. Raises UsageError if it is not set."""
    if sources.suppressions is None:
        raise UsageError(
            phrase("no suppressions file is configured"),
            do=phrase("Set SRE_SUPPRESSIONS to its path. See docs/operations.md for an example."),
        )
    return sources.suppressions


def matched(
    rules: Suppressions, found: Found, today: date
) -> Iterator[tuple[Suppression, Finding]]:
    """Each finding that a live rule covers, with the rule."""
    for finding in _open(found):
        if rule := rules.of(finding, finding.owner, today):
            yield rule, finding


def _open(found: Found) -> Iterator[Finding]:
    return (finding_of(row) for batch in found.engine.batches("open_findings") for row in batch)


def _item(rule: Suppression, today: date, findings: int, *, line: int | None) -> Rule:
    state = "lapsed" if not rule.is_live(today) else "live" if findings else "unused"
    return {
        "line": line,
        "about": rule.subject,
        "scope": _scope(rule),
        "state": state,
        "findings": findings,
        "owner": rule.owner,
        "expires": iso_date(rule.expires),
        "status": rule.status,
        "reason": rule.reason,
    }


def _scope(rule: Suppression) -> str:
    """The scope of the rule in words."""
    names = ("accounts", "regions", "resources", "types", "owners")
    parts = [
        f"{name} {', '.join(getattr(rule.reach, name).texts)}"
        for name in names
        if getattr(rule.reach, name)
    ]
    return "; ".join(parts) or "everywhere"
