"""The risk ranking: open vulnerabilities, each with its reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.findings.ranking import Candidate, rank, why
from sre_findings.model.findings.reachability import NOT_REACHABLE, REACHABLE, UNKNOWN, left_out
from sre_findings.model.quantity import quantity
from sre_findings.model.resources.image_use import Use
from sre_findings.model.sql_parameters import parameters
from sre_findings.model.text import Text, phrase
from sre_findings.model.timestamps import day_of, iso, iso_date
from sre_findings.queries import resource_lookup
from sre_findings.queries.resource_lookup import optional_in
from sre_findings.questions.remediation import Priorities
from sre_findings.rows.values import severity_word, time_of
from sre_findings.sources.older_snapshots import for_reachability
from sre_findings.sources.places import place_of, within
from sre_findings.sources.sources import Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.priorities import PrioritiesAnswer, Priority

_FIELDS = (
    "place",
    "vulnerability_id",
    "title",
    "type",
    "severity",
    "inspector_score",
    "epss_score",
    "kev",
    "kev_added",
    "kev_due",
    "kev_action",
    "exploit_available",
    "exploit_observed",
    "exposed",
    "reachability",
    "reachability_reason",
    "in_use_count",
    "last_in_use_at",
    "fix_available",
    "findings",
    "reachable_findings",
    "resources",
    "example_resource",
    "first_observed_on",
    "why",
)
_SHOWN = (
    Shown("place", "", "number"),
    Shown("severity", "Severity", "severity"),
    Shown("vulnerability_id", "Vulnerability"),
    Shown("resources", "Resources", "number"),
    Shown("why", "", "sentence"),
)


def priorities(question: Priorities, sources: Sources) -> PrioritiesAnswer:
    """Open vulnerabilities in the order of the policy, highest risk first.

    The ranking is by vulnerability and not by finding, because people fix vulnerabilities.
    """
    found = find(sources, question.as_of)
    found = for_reachability(
        within(found, place_of(question.filters, question.types)), question.reachable
    )
    today = found.commit.started_at.date() if question.as_of else sources.now().date()
    filters = parameters(types=question.types) | question.filters.parameters()
    one_resource = optional_in(found, question.resource)
    rows = found.engine.rows("priorities", **resource_lookup.narrowed(filters, one_resource))
    known = {candidate(row): row for row in rows}
    every = {one: row for one, row in known.items() if _selects(question, one)}
    candidates = (
        {one: row for one, row in every.items() if one.reachability == REACHABLE}
        if question.reachable
        else every
    )
    ranked = rank(candidates, sources.policy, today)
    shown = ranked[: question.count or None]
    items = [
        _item(place, one, candidates[one], why(one, sources.policy, today))
        for place, one in enumerate(shown, 1)
    ]
    noun = f"open{' and reachable' if question.reachable else ''} vulnerabilit"
    open_ = quantity(len(ranked), f"{noun}y", f"{noun}ies")
    headline = phrase("{}{}, highest risk first.", open_, question.words())
    if not ranked:
        some = quantity(len(known), "open vulnerability", "open vulnerabilities")
        reachable = phrase(", with code known to be in use" if question.reachable else "")
        headline = (
            phrase("None of {} is known to match{}{}.", some, question.words(), reachable)
            if known
            else phrase("Inspector reports no findings{}.", question.words())
        )
    return ListAnswer(
        headline,
        "priorities",
        items,
        len(ranked),
        _FIELDS,
        _SHOWN,
        found.proof,
        {"today": iso_date(today)},
        [*_left_out(every, candidates), *_unchecked(question, known)],
    )


def _selects(question: Priorities, one: Candidate) -> bool:
    return (
        (not question.kev or one.kev is True)
        and (not question.exploitable or bool(one.exploit_available or one.exploit_observed))
        and (not question.exposed or one.exposed is True)
    )


def _unchecked(question: Priorities, known: Iterable[Candidate]) -> list[Text]:
    """A note about vulnerabilities that the filter for KEV leaves out without knowing."""
    count = sum(one.kev is None for one in known) if question.kev else 0
    if not count:
        return []
    some = quantity(count, "vulnerability", "vulnerabilities")
    return [phrase("Not checked against KEV: {}.", some)]


def _left_out(every: Iterable[Candidate], shown: Container[Candidate]) -> list[str]:
    """Notes about vulnerabilities that the filter for reachable ones leaves out."""
    words = Counter(one.reachability or UNKNOWN for one in every if one not in shown)
    return list(left_out(words[UNKNOWN], words[NOT_REACHABLE], "vulnerability", "vulnerabilities"))


def candidate(row: Mapping[str, Any]) -> Candidate:
    """The facts that rank a row of ``priorities`` or ``new_risks``."""
    first, word = time_of(row["first_us"]), {2: REACHABLE, 0: NOT_REACHABLE}.get(row["reached"])
    return Candidate(
        vulnerability_id=f"{row['subject']} {row['type']}",
        severity=severity_word(row["severity_rank"]) or "",
        first_seen=first.date() if first else None,
        checked=bool(row["checked"]) or row["type"] != "PACKAGE_VULNERABILITY",
        kev_added=day_of(row["kev_added"]),
        kev_due=day_of(row["kev_due"]),
        exploit_observed=day_of(row["exploit_seen"]),
        exploit_available=bool(row["exploitable"]),
        epss=row["epss_score"],
        inspector_score=row["inspector_score"],
        exposed=bool(row["exposed"]),
        fixable=bool(row["fixable"]),
        reachability=word,
        reachability_reason=(
            row["reached_reason"]
            if word == REACHABLE
            else row["unreached_reason"]
            if word
            else None
        ),
        use=Use(row["in_use_count"], time_of(row["last_in_use_us"])),
    )


def _item(place: int, one: Candidate, row: Mapping[str, Any], reason: str) -> Priority:
    return {
        "place": place,
        "vulnerability_id": row["vulnerability_id"] or row["subject"],
        "severity": one.severity,
        "kev": one.kev,
        "exploit_available": one.exploit_available,
        "exploit_observed": row["exploit_seen"],
        "exposed": one.exposed,
        "reachability": one.reachability or UNKNOWN,
        "reachability_reason": one.reachability_reason,
        "in_use_count": one.use.count,
        "last_in_use_at": iso(one.use.last_at),
        "fix_available": one.fixable,
        "example_resource": row["example"],
        "first_observed_on": iso_date(one.first_seen),
        "why": reason,
        "title": row["title"],
        "type": row["type"],
        "inspector_score": row["inspector_score"],
        "epss_score": row["epss_score"],
        "kev_added": row["kev_added"],
        "kev_due": row["kev_due"],
        "kev_action": row["kev_action"],
        "findings": row["findings"],
        "reachable_findings": row["reachable_findings"],
        "resources": row["resources"],
    }
