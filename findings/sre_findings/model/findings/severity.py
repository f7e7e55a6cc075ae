"""Severity as Inspector gives it. It is never derived from a score: 9 of 331 real scored findings
differ from it."""

from __future__ import annotations

from enum import StrEnum

from sre_findings.model.errors import UsageError


class Severity(StrEnum):
    """Inspector's six severities, worst first; UNTRIAGED means that the vendor has not rated it
    yet.

    Source: API reference, Finding.severity.
    """

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFORMATIONAL = "INFORMATIONAL"
    UNTRIAGED = "UNTRIAGED"


ORDER: tuple[str, ...] = tuple(Severity)
# the place of a value that Inspector may add one day: kept, counted, sorted last
OTHER = len(ORDER)


def rank(value: str | None) -> int:
    """The place of a severity, 0 the worst; an unknown value of the wire comes after all known
    ones."""
    return ORDER.index(value) if value in ORDER else OTHER


def parse(text: str) -> Severity:
    """A severity as people write it, in any case; anything else is a UsageError that lists the
    six."""
    try:
        return Severity(text.strip().upper())
    except ValueError:
        raise UsageError(
            f"{text!r} is not a severity", do=f"Use one of: {', '.join(s.lower() for s in ORDER)}."
        ) from None
