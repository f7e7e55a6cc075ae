"""The eight key figures of the report, each with its change and a link to what it counts."""

from __future__ import annotations

from dataclasses import dataclass

from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.html_report.sections.sentences import percent
from sre_reports.key_figures import comparable


@dataclass(frozen=True, slots=True)
class Delta:
    """A change: ``look`` is ``good``, ``bad`` or empty; ``text`` is an arrow and a number."""

    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. ``look`` is a severity or empty; ``link`` leads to what is counted."""

    title: str
    value: str
    look: str
    link: str
    delta: Delta | None
    hint: str


def tiles(night: Material) -> list[Tile]:
    """Returns the eight figures, most important first."""
    return [
        _severity(night, "critical"),
        _severity(night, "high"),
        _late(night),
        _kev(night),
        _new(night),
        _time_to_remediate(night),
        _fixable(night),
        _coverage(night),
    ]


def _severity(night: Material, name: str) -> Tile:
    count = getattr(night.summary.rollup.counts, name)
    then = comparable(night)
    before = getattr(then.counts, name) if then else None
    return Tile(
        name.capitalize(),
        f"{count:,}",
        name,
        _rows(night, f"#sev={name}"),
        more_is_bad(count, before),
        "open",
    )


def _late(night: Material) -> Tile:
    late = night.late.facts["late"]
    due = night.late.facts["due_this_week"]
    before = night.compared.late if night.compared else None
    return Tile(
        "Past SLA",
        f"{late:,}",
        "",
        _rows(night, "#only=late"),
        more_is_bad(late, before),
        f"{due:,} due within a week",
    )


def _kev(night: Material) -> Tile:
    rollup = night.summary.rollup
    known = rollup.to_json()["kev"]
    if known is None:
        return Tile("In CISA KEV", "–", "", _rows(night, "#only=kev"), None, "no KEV data")
    then = comparable(night)
    before = then.to_json()["kev"] if then else None
    hint = f"{rollup.unchecked:,} without KEV data" if rollup.unchecked else "known to be exploited"
    return Tile(
        "In CISA KEV", f"{known:,}", "", _rows(night, "#only=kev"), more_is_bad(known, before), hint
    )


def _new(night: Material) -> Tile:
    if night.before is None:
        return Tile("New", "–", "", "#trend", None, "first snapshot")
    opened, resolved = (
        night.changes.facts["opened_by"],
        sum(night.changes.facts["resolved_by"].values()),
    )
    where = "" if night.compared else ", partial data"
    return Tile(
        "New",
        f"{opened['new'] + opened['reopened']:,}",
        "",
        _rows(night, "#only=new"),
        None,
        f"{resolved:,} resolved{where}",
    )


def _time_to_remediate(night: Material) -> Tile:
    """Returns the median time to remediate critical findings.

    There is no median until half of them are patched.
    """
    link = "#ages" if night.ages.rows else "#trend"
    group = next((one for one in night.time_to_fix.items if one["value"] == "CRITICAL"), None)
    if group is None:
        return Tile("Remediation", "–", "", link, None, "no critical findings")
    if group["median_days"] is None:
        return Tile("Remediation", "–", "", link, None, "critical: under half patched")
    return Tile(
        "Remediation", f"{group['median_days']:,} d", "", link, None, "critical, 90-day median"
    )


def _fixable(night: Material) -> Tile:
    rollup = night.summary.rollup
    value = percent(rollup.fixable, rollup.counts.total) if rollup.counts.total else "–"
    return Tile(
        "Fixable now",
        value,
        "",
        _rows(night, "#only=fix"),
        None,
        f"{rollup.fixable:,} by an update",
    )


def _coverage(night: Material) -> Tile:
    scanned, silent = night.coverage.scanned, night.summary.uncovered
    value = percent(scanned, scanned + silent) if scanned + silent else "–"
    before = night.compared.summary.uncovered if night.compared else None
    return Tile(
        "Coverage", value, "", "#gaps", more_is_bad(silent, before), f"{silent:,} not fully scanned"
    )


def _rows(night: Material, view: str) -> str:
    """Returns the link to a view of the table, if there is a table."""
    return view if night.summary.rollup.counts.total else "#findings"


def more_is_bad(now: int, before: int | None) -> Delta | None:
    """Returns the change of a figure for which fewer is better; None if ``before`` is unknown."""
    if before is None:
        return None
    if now == before:
        return Delta("", "no change")
    return (
        Delta("bad", f"▲ {now - before:,}")
        if now > before
        else Delta("good", f"▼ {before - now:,}")
    )


def open_words(night: Material) -> str:
    """Returns ``5,819 open findings on 35 resources``."""
    rollup = night.summary.rollup
    return (
        f"{wording.number(rollup.counts.total, 'open finding')} on"
        f" {wording.number(rollup.resources, 'resource')}"
    )
