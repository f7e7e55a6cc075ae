"""Open findings by severity and age, with an outline where findings are overdue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.sla.age_bands import Band, Square
from sre_findings.model.sla.policy import Policy
from sre_findings.nightly.report import Material
from sre_reports import wording

_STEPS = 5  # shades of a square


@dataclass(frozen=True, slots=True)
class Field:
    """One severity and age band.

    It has its count, its shade (0 for none to 5 for most), whether ``some`` or ``all`` findings are
    overdue (or empty), and how many are.
    """

    count: int
    shade: int
    late: str
    overdue: int


@dataclass(frozen=True, slots=True)
class Line:
    """One severity: its fields, its SLA in words, and the number of overdue findings."""

    name: str
    fields: Sequence[Field]
    allowed: str
    late: int


def bands(material: Material) -> list[str]:
    """Returns the names of the age bands in days: ``0–15``, ``>180``."""
    return [_band(one) for one in material.ages.bands]


def _band(one: Band) -> str:
    return (
        f">{one.first - 1}"
        if one.last is None
        else f"{one.first}–{one.last}"
        if one.last > one.first
        else f"{one.first}"
    )


def lines(material: Material) -> list[Line]:
    """Returns every severity with findings, most severe first.

    Shades are relative to the largest count.
    """
    most = max(
        (square.findings for row in material.ages.rows.values() for square in row), default=0
    )
    return [_line(rank, row, most, material) for rank, row in material.ages.rows.items()]


def _line(rank: int, row: Sequence[Square], most: int, material: Material) -> Line:
    name = wording.SEVERITIES[rank]
    fields = [_field(square, most) for square in row]
    return Line(name, fields, _allowed(material.policy, name), sum(square.late for square in row))


def _field(square: Square, most: int) -> Field:
    shade = 0 if not square.findings else 1 + round((_STEPS - 1) * (square.findings / most) ** 0.5)
    late = "" if not square.late else "all" if square.late == square.findings else "some"
    return Field(square.findings, shade, late, square.late)


def _allowed(policy: Policy, name: str) -> str:
    days = policy.to_json()["sla"].get(name)
    return "none" if days is None else f"{days:,} d"


def median_words(material: Material) -> str:
    """Returns the median time to remediate of each severity, if at least half was patched."""
    known = [
        (one["value"].lower(), one["median_days"])
        for one in material.time_to_fix.items
        if one["median_days"] is not None
    ]
    if not known:
        return (
            "Median days to remediate, last 90 days: not available, because fewer than half of the"
            " findings of each severity are patched."
        )
    return (
        "Median days to remediate, last 90 days:"
        f" {', '.join(f'{name} {days:,}' for name, days in known)}."
    )
