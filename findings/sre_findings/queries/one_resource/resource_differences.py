"""What two resources differ in: the open vulnerabilities that only one of them has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.differences import Differences, Key, Occurrence, differences, keys
from sre_findings.model.findings.finding import is_open, worst_first
from sre_findings.model.findings.severity import ORDER
from sre_findings.model.quantity import quantity
from sre_findings.model.resources.name_readings import placed
from sre_findings.model.sql_parameters import resource_parameters
from sre_findings.model.text import Text, capital, joined, phrase, without_stop
from sre_findings.model.timestamps import iso_date
from sre_findings.queries.one_resource.known_resource import KnownResource, known_resource
from sre_findings.questions.resource import ResourceDifferences
from sre_findings.sources.sources import Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.differences import (
        Difference,
        DifferencesAnswer,
        DifferencesFacts,
        Side,
    )

_FIELDS = (
    "only_on",
    "resource",
    "severity",
    "vulnerability_id",
    "package",
    "installed",
    "fixed_in",
    "kev",
    "kev_due",
    "due",
    "days_left",
    "overdue",
    "exploit_available",
    "suppressed_on_other",
    "title",
    "finding_arn",
)
_SHOWN = (
    Shown("resource", "Only on", "wide"),
    Shown("severity", "Severity", "severity"),
    Shown("kev", "KEV", "mark"),
    Shown("vulnerability_id", "Vulnerability"),
    Shown("package", "Package"),
    Shown("due", "Due"),
    Shown("fixed_in", "Fixed in"),
    Shown("installed", "Installed"),
)
CRITICAL, HIGH, *_ = ORDER
_OTHER = "OTHER"
Occurrences = Mapping[Key, Occurrence]


class _Named(NamedTuple):
    """A resource, and what it is called beside the other one."""

    known: KnownResource
    name: str


def resource_differences(question: ResourceDifferences, sources: Sources) -> DifferencesAnswer:
    """The open vulnerabilities by package that only one of two resources has, highest risk first.

    It is unknown unless it is proven that both have no more than is known. Raises AmbiguousName and
    UnknownResource, and UsageError if both are the same resource.
    """
    found = find(sources, question.as_of)
    first, second = _named(
        *(
            known_resource(found, text, question.as_of, question.severities)
            for text in (question.first, question.second)
        )
    )
    differ = differences(first.known.findings, second.known.findings)
    items = _items(first, second, differ)
    facts = _facts(first.known, second.known, differ)
    return ListAnswer(
        _headline(first.name, second.name, facts, question.severities),
        "findings",
        items[: question.count or None],
        len(items),
        _FIELDS,
        _SHOWN,
        found.proof,
        facts,
        [*_notes((first, second), items)],
        known=first.known.proven and second.known.proven,
    )


def _named(first: KnownResource, second: KnownResource) -> tuple[_Named, _Named]:
    """The resources with their names; with IDs, or with their places, if these are the same."""
    one, other = first.resource, second.resource
    if resource_parameters(one) == resource_parameters(other):
        raise UsageError(phrase("both are the resource {}", one.resource_id))
    pairs = (
        (one.name or one.resource_id, other.name or other.resource_id),
        (one.resource_id, other.resource_id),
        (placed(one), placed(other)),
    )
    names = next(pair for pair in pairs if pair[0] != pair[1])
    return _Named(first, names[0]), _Named(second, names[1])


def _items(first: _Named, second: _Named, differ: Differences) -> list[Difference]:
    """Everything that only one has; KEV comes first within a severity, as in other lists."""
    pairs = [
        *_of_side("first", first, second, differ.only_first),
        *_of_side("second", second, first, differ.only_second),
    ]
    pairs.sort(key=lambda pair: worst_first(pair[0].finding))
    return [item for _, item in pairs]


def _of_side(
    side: str, one: _Named, other: _Named, only: Occurrences
) -> Iterator[tuple[Occurrence, Difference]]:
    hidden = keys(each for each in other.known.findings if not is_open(each.status))
    for key, occurrence in only.items():
        finding = occurrence.finding
        yield (
            occurrence,
            {
                "only_on": side,
                "resource": one.name,
                "severity": finding.severity,
                "vulnerability_id": key[0],
                "package": key[1] or None,
                "installed": occurrence.installed or None,
                "fixed_in": occurrence.fixed_in or None,
                "kev": finding.kev,
                "kev_due": iso_date(finding.kev_due),
                "due": iso_date(finding.due),
                "days_left": finding.days_left,
                "overdue": finding.overdue,
                "exploit_available": finding.exploit_available,
                "suppressed_on_other": key in hidden,
                "title": finding.title,
                "finding_arn": finding.finding_arn,
            },
        )


def _facts(first: KnownResource, second: KnownResource, differ: Differences) -> DifferencesFacts:
    return {
        "first": _side(first, differ.only_first),
        "second": _side(second, differ.only_second),
        "both": _counts(differ.both),
        "both_kev": _kev(differ.both.values()),
        "same": _same(first, second, differ),
    }


def _side(one: KnownResource, only: Occurrences) -> Side:
    still = sum(is_open(each.status) for each in one.findings)
    return {
        "resource_id": one.resource.resource_id,
        "resource_name": one.resource.name or None,
        "resource_type": one.resource.resource_type,
        "account_id": one.resource.account_id,
        "region": one.resource.region,
        "open": still,
        "suppressed": len(one.findings) - still,
        "only": _counts(only),
        "only_kev": _kev(only.values()),
        "unknown_because": None if one.proven else str(one.absence.explanation),
    }


def _same(first: KnownResource, second: KnownResource, differ: Differences) -> bool | None:
    """What only one has proves a difference if it is proven that the other has no more."""
    if (differ.only_first and second.proven) or (differ.only_second and first.proven):
        return False
    return True if first.proven and second.proven else None


def _counts(every: Occurrences) -> dict[str, int]:
    """The number of each severity, those of 0 included."""
    found = Counter(
        one.finding.severity if one.finding.severity in ORDER else _OTHER for one in every.values()
    )
    return {name: found[name] for name in (*ORDER, *([_OTHER] if found[_OTHER] else []))}


def _kev(every: Collection[Occurrence]) -> int:
    return sum(one.finding.kev is True for one in every)


def _headline(first: str, second: str, facts: DifferencesFacts, severities: Sequence[str]) -> Text:
    of = phrase("{} ", ", ".join(severities).lower()) if severities else phrase("")
    if facts["same"]:
        number = sum(facts["both"].values())
        same = phrase("the same {:,} open {}vulnerabilities by package", number, of)
        same = same if number else phrase("no open {}vulnerabilities", of)
        return phrase("{} and {} have {}.", first, second, same)
    known = facts["first"]["unknown_because"] is None and facts["second"]["unknown_because"] is None
    return phrase(
        "Open {}vulnerabilities by package{}: {} only on {}, {} only on {}, {} on both.",
        of,
        phrase("") if known else phrase(", as far as known"),
        _number(facts["first"]["only"], facts["first"]["only_kev"]),
        first,
        _number(facts["second"]["only"], facts["second"]["only_kev"]),
        second,
        _number(facts["both"], facts["both_kev"]),
    )


def _number(counts: Mapping[str, int], kev: int) -> Text:
    """The number with its two highest severities and KEV, such as ``5 (1 in KEV, 2 critical)``."""
    parts = (
        phrase("{:,} in KEV", kev) if kev else None,
        phrase("{:,} critical", counts[CRITICAL]) if counts[CRITICAL] else None,
        phrase("{:,} high", counts[HIGH]) if counts[HIGH] else None,
    )
    some = [one for one in parts if one]
    number = phrase("{:,}", sum(counts.values()))
    return phrase("{} ({})", number, joined(", ", some)) if some else number


def _notes(both: Sequence[_Named], items: Sequence[Difference]) -> Iterator[Text]:
    for one in both:
        if not one.known.proven:
            why = without_stop(one.known.absence.explanation)
            yield phrase("There may be more on {}: {}.", one.name, why)
        if one.known.note:
            yield capital(one.known.note) + phrase(".")
    if hidden := sum(one["suppressed_on_other"] for one in items):
        yield phrase("The other resource has {:,} of these suppressed.", hidden)
    if unchecked := sum(one["kev"] is None for one in items):
        yield phrase("Without KEV data: {}.", quantity(unchecked, "finding"))
