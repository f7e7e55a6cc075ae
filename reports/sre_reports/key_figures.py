"""The eight key figures of a snapshot, each with its change.

A number that was not compared, checked or read is never zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sre_findings.model.answers.verdict import UNKNOWN
from sre_findings.model.snapshots.gaps import NEVER, earliest
from sre_findings.model.snapshots.rollup import Rollup

if TYPE_CHECKING:
    from sre_findings.nightly.report import Material

GOOD, BAD, WARN, NEUTRAL = "good", "bad", "warn", "muted"
CRITICAL, HIGH, PAST_SLA, KEV = "critical", "high", "past SLA", "KEV"
FLOW = "new and resolved"
DAYS_TO_REMEDIATE = "median days to remediate a critical finding"
FIXABLE = "fixable by an update"
SCANNED = "resources fully scanned"
_NAMES = (CRITICAL, HIGH, PAST_SLA, KEV, FLOW, DAYS_TO_REMEDIATE, FIXABLE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its name.

    ``name`` is one of the constants above or a severity. ``change`` is the change since the
    previous snapshot, ``delta`` the same as a number if both are known, ``look`` whether that is
    good or bad, and ``note`` what the number does not include. ``of`` is the total of which it is a
    part, such as ``of 1,234``. If it is not ``known``, ``value`` gives the reason.
    """

    name: str
    value: str
    change: str = ""
    look: str = NEUTRAL
    note: str = ""
    of: str = ""
    delta: int | None = None
    known: bool = True

    @property
    def label(self) -> str:
        """The name after the total: ``of 1,234 resources fully scanned``."""
        return f"{self.of} {self.name}".lstrip()

    @property
    def text(self) -> str:
        """``24 critical (up 3)``, ``KEV: no data``."""
        beside = ", ".join(part for part in (self.change, self.note) if part)
        text = f"{self.value} {self.label}" if self.known else f"{self.label}: {self.value}"
        return text + (f" ({beside})" if beside else "")


def numbers(material: Material) -> Iterator[Number]:
    """Yields the eight figures in their order.

    Coverage, the last, is known even if no other is, unless nothing was read.
    """
    yield from (
        (_not_known(name, material) for name in _NAMES) if unknown(material) else _figures(material)
    )
    scanned, silent = material.coverage.scanned, material.summary.uncovered
    if unknown(material) and not scanned + silent:
        yield _not_known(SCANNED, material)
        return
    yield Number(
        SCANNED,
        f"{scanned:,}",
        look=WARN if silent else GOOD,
        of=f"of {scanned + silent:,}",
    )


def unknown(material: Material) -> bool:
    """Returns whether the verdict is unknown, so that no count may be shown as a number."""
    return material.summary.verdict.verdict == UNKNOWN


def not_read(material: Material) -> str:
    """Returns since when not all was read, of a report without known numbers; empty if it was."""
    since = earliest([gap.last_read for gap in material.coverage.cells])
    if since == NEVER:
        return "never all read"
    return f"not all read since {since[:10]}" if since else ""


def _not_known(name: str, material: Material) -> Number:
    return Number(name, "unknown", note=not_read(material), known=False)


def flow(material: Material) -> tuple[int, int]:
    """Returns the numbers of new (or reopened) and of resolved findings.

    Findings of a first scan are not new.
    """
    facts = material.changes.facts
    opened = facts["opened_by"]
    return opened["new"] + opened["reopened"], facts["counts"]["resolved"]


def _figures(material: Material) -> Iterator[Number]:
    now, then = material.summary.rollup, comparable(material)
    late = material.late.facts["late"]
    numbers = (
        _moved(CRITICAL, now.counts.critical, then.counts.critical if then else None),
        _moved(HIGH, now.counts.high, then.counts.high if then else None),
        _moved(PAST_SLA, late, material.before.late if then and material.before else None),
        _kev(now, then),
    )
    doubtful = material.before is not None and then is None
    yield from (replace(one, change="not compared") if doubtful else one for one in numbers)
    yield _new_and_resolved(material)
    yield _days_to_fix(material)
    yield Number(FIXABLE, f"{now.fixable:,}", of=f"of {now.counts.total:,}")


def comparable(material: Material) -> Rollup | None:
    """Returns the rollup of the previous snapshot; None if the two must not be compared."""
    return material.compared.summary.rollup if material.compared else None


def _kev(now: Rollup, then: Rollup | None) -> Number:
    """Returns findings in KEV; "no data" if no vulnerability was checked."""
    known = now.to_json()["kev"]
    if known is None:
        return Number(KEV, "no data", known=False)
    note = f"{now.unchecked:,} without KEV data" if now.unchecked else ""
    return replace(_moved(KEV, known, then.to_json()["kev"] if then else None), note=note)


def _new_and_resolved(material: Material) -> Number:
    if material.before is None:
        return Number(FLOW, "first snapshot", known=False)
    new, resolved = flow(material)
    note = "" if material.compared else "partial data"
    return Number(FLOW, f"{new:,} / {resolved:,}", note=note)


def _days_to_fix(material: Material) -> Number:
    median = next(
        (line["median_days"] for line in material.time_to_fix.items if line["value"] == "CRITICAL"),
        None,
    )
    if median is None:
        return Number(DAYS_TO_REMEDIATE, "not yet known", known=False)
    return Number(DAYS_TO_REMEDIATE, f"{median:,}")


def _moved(name: str, now: int, then: int | None) -> Number:
    """Returns a count for which fewer is better, with its change."""
    if then is None:
        return Number(name, f"{now:,}")
    if now == then:
        return Number(name, f"{now:,}", "no change", delta=0)
    return Number(
        name,
        f"{now:,}",
        f"{'up' if now > then else 'down'} {abs(now - then):,}",
        BAD if now > then else GOOD,
        delta=now - then,
    )
