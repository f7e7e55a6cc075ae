"""The eight key figures of the report, each with its change and a link to what it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.html_report.sections.sentences import percent
from sre_reports.key_figures import comparable, not_read, unknown


@dataclass(frozen=True, slots=True)
class Delta:
    """A change: ``look`` is ``good``, ``bad`` or empty; ``text`` is an arrow and a number."""

    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. ``look`` is a severity or empty; ``link`` leads to what is counted.

    ``lead`` is "at least" for a lower bound, otherwise empty.
    """

    title: str
    value: str
    look: str
    link: str
    delta: Delta | None
    hint: str
    lead: str = ""


def tiles(material: Material) -> list[Tile]:
    """Returns the eight figures, most important first.

    If the verdict is unknown, only coverage has a number.
    """
    if unknown(material):
        why = not_read(material) or "unknown"
        return [
            *(Tile(title, "–", "", "#findings", None, why) for title in _TITLES),
            _coverage(material),
        ]
    counts = (
        _severity(material, "critical"),
        _severity(material, "high"),
        _late(material),
        _kev(material),
        _new(material),
    )
    return [
        *(replace(one, lead=_lead(material)) if one.value != "–" else one for one in counts),
        _time_to_remediate(material),
        _fixable(material),
        _coverage(material),
    ]


_TITLES = ("Critical", "High", "Past SLA", "In CISA KEV", "New", "Remediation", "Fixable now")


def _lead(material: Material) -> str:
    """Returns ``at least`` if findings may not have been read."""
    return "" if material.proof.state == COMPLETE else "at least"


def _severity(material: Material, name: str) -> Tile:
    count = getattr(material.summary.rollup.counts, name)
    then = comparable(material)
    before = getattr(then.counts, name) if then else None
    return Tile(
        name.capitalize(),
        f"{count:,}",
        name,
        _rows(material, f"#sev={name}"),
        more_is_bad(count, before),
        "open",
    )


def _late(material: Material) -> Tile:
    late = material.late.facts["late"]
    due = material.late.facts["due_this_week"]
    before = material.compared.late if material.compared else None
    return Tile(
        "Past SLA",
        f"{late:,}",
        "",
        _rows(material, "#only=late"),
        more_is_bad(late, before),
        f"{due:,} due within a week",
    )


def _kev(material: Material) -> Tile:
    rollup = material.summary.rollup
    known = rollup.to_json()["kev"]
    if known is None:
        return Tile(
            "In CISA KEV", "–", "", _rows(material, "#only=kev"), None, "unknown: no KEV data"
        )
    then = comparable(material)
    before = then.to_json()["kev"] if then else None
    unchecked = f"{rollup.unchecked:,} more unknown: no KEV data"
    hint = unchecked if rollup.unchecked else "known to be exploited"
    return Tile(
        "In CISA KEV",
        f"{known:,}",
        "",
        _rows(material, "#only=kev"),
        more_is_bad(known, before),
        hint,
    )


def _new(material: Material) -> Tile:
    if material.before is None:
        return Tile("New", "–", "", "#trend", None, "first snapshot")
    opened, resolved = (
        material.changes.facts["opened_by"],
        sum(material.changes.facts["resolved_by"].values()),
    )
    where = "" if material.compared else ", partial data"
    return Tile(
        "New",
        f"{opened['new'] + opened['reopened']:,}",
        "",
        _rows(material, "#only=new"),
        None,
        f"{resolved:,} resolved{where}",
    )


def _time_to_remediate(material: Material) -> Tile:
    """Returns the median time to remediate critical findings.

    There is no median until half of them are patched.
    """
    link = "#ages" if material.ages.rows else "#trend"
    group = next((one for one in material.time_to_fix.items if one["value"] == "CRITICAL"), None)
    if group is None:
        return Tile("Remediation", "–", "", link, None, "no critical findings")
    if group["median_days"] is None:
        return Tile("Remediation", "–", "", link, None, "no median: under half of critical patched")
    return Tile(
        "Remediation", f"{group['median_days']:,} d", "", link, None, "critical, 90-day median"
    )


def _fixable(material: Material) -> Tile:
    rollup = material.summary.rollup
    total = rollup.counts.total
    value = percent(rollup.fixable, total) if total else "–"
    hint = f"{rollup.fixable:,} by an update" if total else "no open findings"
    return Tile("Fixable now", value, "", _rows(material, "#only=fix"), None, hint)


def _coverage(material: Material) -> Tile:
    scanned, silent = material.coverage.scanned, material.summary.uncovered
    value = percent(scanned, scanned + silent) if scanned + silent else "–"
    before = material.compared.summary.uncovered if material.compared else None
    if unknown(material) and not scanned + silent:
        return Tile("Coverage", value, "", "#gaps", None, not_read(material) or "unknown")
    return Tile(
        "Coverage", value, "", "#gaps", more_is_bad(silent, before), f"{silent:,} not fully scanned"
    )


def _rows(material: Material, view: str) -> str:
    """Returns the link to a view of the table, if there is a table."""
    return view if material.summary.rollup.counts.total else "#findings"


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


def open_words(material: Material) -> str:
    """Returns ``5,819 open findings on 35 resources``, with ``At least`` before a lower bound."""
    rollup = material.summary.rollup
    return wording.capital(
        f"{_lead(material)} {wording.number(rollup.counts.total, 'open finding')} on"
        f" {wording.number(rollup.resources, 'resource')}".strip()
    )
