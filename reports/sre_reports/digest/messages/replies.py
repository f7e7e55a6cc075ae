"""The replies in a digest's thread.

They are new findings, other changes, coverage gaps, updates, and the trend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sre_findings.model.coverage.reasons import remedy
from sre_findings.nightly.digest import DigestData, EventRow, Gap
from sre_findings.nightly.report import Held
from sre_reports import wording
from sre_reports.brief import distinguished
from sre_reports.digest.messages import sentences
from sre_reports.digest.messages.weekly_chart import chart
from sre_reports.slack.blocks import Block, data_table, lines, section, table
from sre_reports.slack.escaping import cell, code, escaped, prose
from sre_reports.slack.message import Message, Part, message

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.fixes import Fix

Place = tuple[str, str, str, str, bool]
"""Resource, account, region, reason, and whether it is a whole account/region pair."""

FIXES, GAPS, RESOURCES = 7, 12, 5
_WORST = ("CRITICAL", "HIGH")
_HEADINGS = ("Severity", "Vulnerability", "Resource", "Owner", "Why")
_FIX_HEADINGS = ("Update", "Resolves", "Critical", "KEV", "Resources")
_NAMES = {
    "reopened": "reopened",
    "severity_raised": "raised in severity",
    "kev_appeared": "added to CISA KEV",
    "exploit_appeared": "with a new exploit",
    "fix_appeared": "with a new fix",
    "resolved": "resolved",
}


def replies(found: DigestData) -> Iterator[tuple[str, Message]]:
    """Yields the messages of the thread, each with its part name. Empty ones are left out."""
    opened = [
        row
        for kind in ("opened", "reopened")
        for row in found.listed.get(kind, ())
        if row["severity"] in _WORST
    ]
    opened.sort(key=lambda row: (not row["kev"], _WORST.index(row["severity"]), not row["exposed"]))
    if opened:
        yield "came", _opened_reply(found, opened)
    if other := list(_other(found)):
        yield (
            "changed",
            message(
                "Other changes",
                [Part([section(text)], weight=n) for n, text in enumerate(other)],
            ),
        )
    if found.gaps and (found.opened_gaps or sentences.weekly(found)):
        yield "gaps", _gaps(found)
    if found.material.fixes.items:
        yield "fixes", _fixes(found.material.fixes.items[:FIXES])
    if standing := _standing(found):
        title = "Trend and most vulnerable resources"
        yield "trend", message(title, [Part([section(f"*{title}*")]), *standing])


def _opened_reply(found: DigestData, rows: Sequence[EventRow]) -> Message:
    total = sum(found.opened_count(severity=severity) for severity in _WORST)
    shown = table([_HEADINGS, *(_cells(row) for row in rows)])
    listed = len(shown["rows"]) - 1
    title = f"New critical and high findings: {total:,}" + (
        f", the first {listed:,}" if total > listed else ""
    )
    classic = [
        (f"*{(row['severity'] or '').capitalize()}*", code(_subject(row)), code(_resource(row)))
        for row in rows
    ]
    return message(
        title, [Part([section(f"*{title}*")]), Part([shown], 1, [lines("Most severe", classic)])]
    )


def _cells(row: EventRow) -> tuple[str, ...]:
    why = [*(["KEV"] if row["kev"] else []), *(["internet-facing"] if row["exposed"] else [])]
    why += ["reopened"] if row["kind"] == "reopened" else []
    return (
        (row["severity"] or "").capitalize(),
        _subject(row),
        _resource(row),
        row["owner"] or "",
        ", ".join(why) or "new",
    )


def _subject(row: EventRow) -> str:
    return row["vulnerability_id"] or row["title"] or row["subject"] or "–"


def _resource(row: EventRow) -> str:
    return row["resource_name"] or row["resource_id"] or "–"


def _other(found: DigestData) -> Iterator[str]:
    """Yields one paragraph per kind of change: its count and the most severe findings."""
    for kind, name in _NAMES.items():
        rows, count = found.listed.get(kind, ()), found.count(kind)
        if not rows:
            continue
        why = f": {escaped(sentences.resolved_by(found))}" if kind == "resolved" else ""
        lines = [_event(row) for row in rows[:5]]
        more = [f"… and {count - len(lines):,} more"] if count > len(lines) else []
        yield "\n".join([f"*{count:,} {name}{why}*", *lines, *more])


def _event(row: EventRow) -> str:
    return (
        f"• {escaped((row['severity'] or '').capitalize())} {code(_subject(row))} on"
        f" {code(_resource(row))}"
    )


def _gaps(found: DigestData) -> Message:
    title = f"Not scanned: {sentences.gap_text(found.gaps)}"
    new = {_place(one) for one in found.opened_gaps}
    scans: dict[Place, list[str]] = {}
    for one in sorted(found.gaps, key=lambda one: _place(one) not in new):
        scans.setdefault(_place(one), []).append(one.scan_type)
    some = [_gap(place, types, fresh=place in new) for place, types in list(scans.items())[:GAPS]]
    more = (
        [f"… and {len(scans) - len(some):,} more: `sre-cli coverage`"]
        if len(scans) > len(some)
        else []
    )
    lines = "\n".join([f"*{escaped(title)}*", *some, *more])
    return message(escaped(title), [Part([section(lines)])])


def _place(one: Gap) -> Place:
    return one.what, one.account_id, one.region, one.reason, one.whole


def _gap(place: Place, types: Sequence[str], *, fresh: bool) -> str:
    what, account_id, region, reason, whole = place
    where = f"{code(account_id)} · {code(region)}"
    why = sentences.reason(reason, whole=whole)
    do = "" if whole or not remedy(reason) else f" {prose(remedy(reason))}"
    scans = escaped(cell(", ".join(one.lower() for one in types)))
    return f"• {'*new* ' if fresh else ''}{code(what)} {where}, {scans}: {why}.{do}"


def _fixes(items: Sequence[Fix]) -> Message:
    """Returns a table that users can sort, and each update with its command if one is safe.

    Updates without a command have advice.
    """
    named = list(zip(distinguished(items), items, strict=True))
    rows = [_FIX_HEADINGS, *((name, *_numbers(line)) for name, line in named)]
    parts = [
        Part([_fix(place, name, line)], weight=place) for place, (name, line) in enumerate(named)
    ]
    shown = Part([data_table("Top remediations", rows, len(items))], weight=FIXES, classic=[])
    return message("Top remediations", [Part([section("*Top remediations*")]), shown, *parts])


def _fix(place: int, name: str, line: Fix) -> Block:
    kev = f", {line['kev']:,} KEV" if line["kev"] else ""
    resolves = (
        f"{wording.number(line['findings'], 'finding')} on"
        f" {wording.number(line['resources'], 'resource')}{kev}"
    )
    todo = code(line["command"], 2_000) if line["command"] else prose(line["advice"])
    return section(f"{place + 1}. {code(name)} resolves {resolves}\n{todo}")


def _numbers(line: Fix) -> Iterator[str]:
    """Yields the cells of the number columns."""
    for count in (line["findings"], line["critical"], line["kev"], line["resources"]):
        yield f"{count:,}"


def _standing(found: DigestData) -> list[Part]:
    """Returns the trend and the most vulnerable resources."""
    return [*chart(found.material.trend), *_most(found.material.resources)]


def _most(resources: Sequence[Held]) -> list[Part]:
    """Returns the most vulnerable resources."""
    some = [one for one in resources if one.rollup.counts.total][:RESOURCES]
    return (
        [
            Part(
                [section("\n".join(["*Most vulnerable resources*", *map(_held, some)]))],
                weight=1,
            )
        ]
        if some
        else []
    )


def _held(one: Held) -> str:
    place = one.place
    counted = ", ".join(
        f"{count:,} {name}" for name, count in wording.by_severity(one.rollup.counts)[:2]
    )
    late = f", {one.lateness.late:,} past SLA" if one.lateness.late else ""
    where = " · ".join(code(text) for text in (place.account_id, place.region) if text)
    return f"• {code(place.name or place.resource_id)} {where}: {counted}{late}"
