"""The message of a night on which something happened: eight blocks, each with a form for a Slack
that lacks the newer ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sre_findings.nightly.digest import DigestData
from sre_findings.nightly.report import Held
from sre_reports import wording
from sre_reports.brief import Brief, brief, told_apart
from sre_reports.digest.messages import sentences
from sre_reports.digest.messages.report_links import Report
from sre_reports.digest.messages.weekly_chart import chart
from sre_reports.key_figures import Number
from sre_reports.slack.blocks import (
    Block,
    actions,
    context,
    data_table,
    fields,
    header,
    lines,
    section,
)
from sre_reports.slack.escaping import (
    cell,
    code,
    escaped,
)
from sre_reports.slack.message import Message, Part, message

EXPOSED, FIXES = 5, 7
_FIELDS = ("critical", "high", "past SLA", "KEV")  # and the last two: days to fix, coverage
_HEADINGS = ("Update", "Removes", "Critical", "KEV", "On")
_OF = re.compile(r"(of [\d,]+) ")
_WAKE = "<!here>"  # ours, and the only one


def night_message(found: DigestData, report: Report, *, wake: str = "") -> Message:
    """The night; ``wake`` says why it wakes the channel, empty where it does not."""
    told = brief(found.material)
    parts = [
        Part([header(told.subject)]),
        Part([section("\n".join(_first(found, told, wake)))]),
        Part([fields(_field(one) for one in _shown(told.numbers))], weight=2),
        *chart(found.material.trend),
        *_fixes(found.material.fixes.items[:FIXES]),
        *_most(found.material.resources),
        *_buttons(found, report),
        Part([closing(told)]),
    ]
    return message(escaped(cell(told.subject)) + (f": {wake}" if wake else ""), parts)


def closing(told: Brief) -> Block:
    """Where the numbers come from, and how to ask on."""
    return context(
        f"{escaped(told.proof)}  `/sre-vuln-check <id>` tells of one resource.".replace(
            "<id>", "&lt;id&gt;"
        )
    )


def _first(found: DigestData, told: Brief, wake: str) -> list[str]:
    """What happened, and what to do about it."""
    said = [f"{_WAKE} {wake}."] if wake else []
    said += [escaped(told.verdict), *sentences.changed(found, told), *sentences.first_seen(found)]
    said += sentences.gaps(found, weekly=sentences.weekly(found))
    return [*said, f":wrench: {escaped(told.plan)}"]


def _shown(numbers: Sequence[Number]) -> list[Number]:
    return [
        one
        for one in numbers
        if one.name in _FIELDS or one.name.startswith("median days") or "scanned" in one.name
    ]


def _field(one: Number) -> str:
    beside = ", ".join(part for part in (one.change, one.note) if part)
    of, name = _OF.match(one.name), one.name
    value, name = (f"{one.value} {of[1]}", name[of.end() :]) if of else (one.value, name)
    return f"*{escaped(wording.capital(name))}*\n{escaped(value)}" + (
        f"  _{escaped(beside)}_" if beside else ""
    )


def _fixes(items: Sequence[Mapping[str, Any]]) -> list[Part]:
    """The updates that remove most, as a table that Slack sorts."""
    if not items:
        return []
    named = list(zip(told_apart(items), items, strict=True))
    rows = [
        _HEADINGS,
        *(
            (name, *(f"{line[key]:,}" for key in ("findings", "critical", "kev", "resources")))
            for name, line in named
        ),
    ]
    classic = [
        (code(name), f"removes {line['findings']:,} on {line['resources']:,}")
        for name, line in named
    ]
    return [
        Part(
            [data_table("Fixes that clear most", rows, len(items))],
            3,
            [lines("Fixes that clear most", classic)],
        )
    ]


def _most(resources: Sequence[Held]) -> list[Part]:
    """The resources that hold most."""
    some = [one for one in resources if one.rollup.counts.total][:EXPOSED]
    return (
        [Part([section("\n".join(["*Most exposed*", *map(_resource, some)]))], weight=1)]
        if some
        else []
    )


def _resource(one: Held) -> str:
    place = one.place
    counted = ", ".join(
        f"{count:,} {name}" for name, count in wording.by_severity(one.rollup.counts)[:2]
    )
    late = f", {one.lateness.late:,} past SLA" if one.lateness.late else ""
    where = " · ".join(escaped(cell(text)) for text in (place.account_id, place.region) if text)
    return f"• {code(place.name or place.resource_id)} {where}: {counted}{late}"


def _buttons(found: DigestData, report: Report) -> list[Part]:
    row = actions("digest", report.buttons(found))
    return [Part(row)] if row else []
