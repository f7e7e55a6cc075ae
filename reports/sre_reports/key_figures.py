"""The eight numbers of a night, each with how it moved. What was not compared, not checked or not
read is never a zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sre_findings.model.answers.verdict import UNKNOWN
from sre_findings.model.snapshots.rollup import Rollup

if TYPE_CHECKING:
    from sre_findings.nightly.report import Material

GOOD, BAD, WARN, NEUTRAL = "good", "bad", "warn", "muted"
_NAMES = (
    "critical",
    "high",
    "past SLA",
    "KEV",
    "new and resolved",
    "median days to fix a critical",
    "fixable by an update",
)


@dataclass(frozen=True, slots=True)
class Number:
    """One number with its name. ``change`` says how it moved since the night before, ``look`` what
    that means, and ``note`` what is not in it. Where there is no number, ``value`` says why in
    words.
    """

    name: str
    value: str
    change: str = ""
    look: str = NEUTRAL
    note: str = ""

    @property
    def text(self) -> str:
        """``24 critical (up 3)``, ``KEV: not checked``."""
        beside = ", ".join(part for part in (self.change, self.note) if part)
        said = (
            f"{self.value} {self.name}"
            if self.value[:1].isdigit()
            else f"{self.name}: {self.value}"
        )
        return said + (f" ({beside})" if beside else "")


def numbers(material: Material) -> Iterator[Number]:
    """The eight. The last one is known even where no other is."""
    yield from (
        (Number(name, "unknown") for name in _NAMES) if unknown(material) else _counted(material)
    )
    scanned, silent = material.coverage.scanned, material.summary.uncovered
    yield Number(
        f"of {scanned + silent:,} resources fully scanned",
        f"{scanned:,}",
        look=WARN if silent else GOOD,
    )


def unknown(material: Material) -> bool:
    """Whether nothing can be said: then no count of it is a number."""
    return material.summary.verdict.verdict == UNKNOWN


def flow(material: Material) -> tuple[int, int]:
    """What came and what went. Findings of what is seen for the first time are old: they are not
    called new."""
    summary = material.changes.summary
    came: Mapping[str, int] = summary.get("opened_by", {})
    return came.get("new", 0) + came.get("reopened", 0), summary["counts"]["resolved"]


def _counted(material: Material) -> Iterator[Number]:
    now, then = material.summary.rollup, comparable(material)
    late = material.late.summary["late"]
    numbers = (
        _moved("critical", now.counts.critical, then.counts.critical if then else None),
        _moved("high", now.counts.high, then.counts.high if then else None),
        _moved("past SLA", late, material.before.late if then and material.before else None),
        _kev(now, then),
    )
    doubtful = material.before is not None and then is None
    yield from (replace(one, change="not compared") if doubtful else one for one in numbers)
    yield _new_and_resolved(material)
    yield Number("median days to fix a critical", _days_to_fix(material))
    yield Number(f"of {now.counts.total:,} fixable by an update", f"{now.fixable:,}")


def comparable(material: Material) -> Rollup | None:
    """What the night before held, if it may be compared with."""
    return material.compared.summary.rollup if material.compared else None


def _kev(now: Rollup, then: Rollup | None) -> Number:
    """A number that nobody checked is not a zero."""
    known = now.to_json()["kev"]
    if known is None:
        return Number("KEV", "not checked")
    note = f"{now.unchecked:,} not checked" if now.unchecked else ""
    return replace(_moved("KEV", known, then.to_json()["kev"] if then else None), note=note)


def _new_and_resolved(material: Material) -> Number:
    if material.before is None:
        return Number("new and resolved", "first night")
    new, resolved = flow(material)
    note = "" if material.compared else "where it was read"
    return Number("new and resolved", f"{new:,} / {resolved:,}", note=note)


def _days_to_fix(material: Material) -> str:
    median = next(
        (line["median_days"] for line in material.time_to_fix.items if line["value"] == "CRITICAL"),
        None,
    )
    return "not yet known" if median is None else f"{median:,}"


def _moved(name: str, now: int, then: int | None) -> Number:
    """A count of something bad, and how it moved."""
    if then is None:
        return Number(name, f"{now:,}")
    if now == then:
        return Number(name, f"{now:,}", "no change")
    return Number(
        name,
        f"{now:,}",
        f"{'up' if now > then else 'down'} {abs(now - then):,}",
        BAD if now > then else GOOD,
    )
