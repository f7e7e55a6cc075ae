"""The digest of a complete snapshot with changes.

Each block has a form for Slack workspaces without the newer block types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sre_findings.nightly.digest import DigestData
from sre_findings.nightly.report import Held
from sre_reports import wording
from sre_reports.brief import Brief, brief, distinguished
from sre_reports.digest.messages import sentences
from sre_reports.digest.messages.report_links import Report
from sre_reports.digest.messages.weekly_chart import chart
from sre_reports.key_figures import (
    CRITICAL,
    DAYS_TO_REMEDIATE,
    HIGH,
    KEV,
    PAST_SLA,
    SCANNED,
    Number,
)
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
from sre_reports.slack.escaping import cell, code, escaped, prose
from sre_reports.slack.message import Message, Part, message

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.fixes import Fix

RESOURCES, FIXES = 5, 7
_FIELDS = (CRITICAL, HIGH, PAST_SLA, KEV, DAYS_TO_REMEDIATE, SCANNED)
_HEADINGS = ("Update", "Resolves", "Critical", "KEV", "Resources")
_WAKE = "<!here>"  # the only mention in a message


def daily_message(found: DigestData, report: Report, *, wake: str = "") -> Message:
    """Returns the message; ``wake`` is the reason to notify the channel, empty for none."""
    summary = brief(found.material)
    parts = [
        Part([header(summary.subject)]),
        Part([section("\n".join(_first(found, summary, wake)))]),
        Part([fields(_field(one) for one in _shown(summary.numbers))], weight=2),
        *chart(found.material.trend),
        *_fixes(found.material.fixes.items[:FIXES]),
        *_most(found.material.resources),
        *_buttons(found, report),
        Part([closing(summary)]),
    ]
    return message(escaped(cell(summary.subject)) + (f": {wake}" if wake else ""), parts)


def closing(summary: Brief) -> Block:
    """Returns the provenance, and the command for one resource."""
    return context(f"{prose(summary.proof)}  For one resource, run `/sre-vuln-check &lt;id&gt;`.")


def _first(found: DigestData, summary: Brief, wake: str) -> list[str]:
    """Returns what changed, the coverage gaps and the fix plan."""
    lines = [f"{_WAKE} {wake}."] if wake else []
    lines += [
        prose(summary.verdict),
        *sentences.changed(found, summary),
        *sentences.first_seen(found),
    ]
    lines += sentences.gaps(found, weekly=sentences.weekly(found))
    return [*lines, f":wrench: {prose(summary.plan)}"]


def _shown(numbers: Sequence[Number]) -> list[Number]:
    return [one for one in numbers if one.name in _FIELDS]


def _field(one: Number) -> str:
    beside = ", ".join(part for part in (one.change, one.note) if part)
    value = f"{one.value} {one.of}".rstrip()
    return f"*{escaped(wording.capital(one.name))}*\n{escaped(value)}" + (
        f"  _{escaped(beside)}_" if beside else ""
    )


def _fixes(items: Sequence[Fix]) -> list[Part]:
    """Returns the first updates as a table that users can sort."""
    if not items:
        return []
    named = list(zip(distinguished(items), items, strict=True))
    rows = [_HEADINGS, *((name, *_numbers(line)) for name, line in named)]
    classic = [(code(name), _resolves(line)) for name, line in named]
    return [
        Part(
            [data_table("Top remediations", rows, len(items))],
            3,
            [lines("Top remediations", classic)],
        )
    ]


def _numbers(line: Fix) -> Iterator[str]:
    """Yields the cells of the number columns."""
    for count in (line["findings"], line["critical"], line["kev"], line["resources"]):
        yield f"{count:,}"


def _resolves(line: Fix) -> str:
    return (
        f"resolves {wording.number(line['findings'], 'finding')} on"
        f" {wording.number(line['resources'], 'resource')}"
    )


def _most(resources: Sequence[Held]) -> list[Part]:
    """Returns the most vulnerable resources."""
    some = [one for one in resources if one.rollup.counts.total][:RESOURCES]
    return (
        [
            Part(
                [section("\n".join(["*Most vulnerable resources*", *map(_resource, some)]))],
                weight=1,
            )
        ]
        if some
        else []
    )


def _resource(one: Held) -> str:
    place = one.place
    counted = ", ".join(
        f"{count:,} {name}" for name, count in wording.by_severity(one.rollup.counts)[:2]
    )
    late = f", {one.lateness.late:,} past SLA" if one.lateness.late else ""
    where = " · ".join(code(text) for text in (place.account_id, place.region) if text)
    return f"• {code(place.name or place.resource_id)} {where}: {counted}{late}"


def _buttons(found: DigestData, report: Report) -> list[Part]:
    row = actions("digest", report.buttons(found))
    return [Part(row)] if row else []
