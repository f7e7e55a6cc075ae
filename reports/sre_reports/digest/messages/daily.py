"""The digest of a complete snapshot with changes.

Each block has a form for Slack workspaces without the newer block types.
"""

from __future__ import annotations

from collections.abc import Sequence

from sre_findings.nightly.digest import DigestData
from sre_reports import wording
from sre_reports.brief import Brief, brief
from sre_reports.digest.messages import sentences
from sre_reports.digest.messages.lead_lines import lead_lines, notification
from sre_reports.digest.messages.report_links import Report
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
    fields,
    header,
    section,
)
from sre_reports.slack.escaping import cell, escaped, prose
from sre_reports.slack.message import Message, Part, message

_FIELDS = (CRITICAL, HIGH, PAST_SLA, KEV, DAYS_TO_REMEDIATE, SCANNED)
_WAKE = "<!here>"  # the only mention in a message


def daily_message(found: DigestData, report: Report, *, wake: str = "") -> Message:
    """Returns the message; ``wake`` is the reason to notify the channel, empty for none.

    It has what is new and matters by name, then the counts. The thread has the rest.
    """
    summary = brief(found.material)
    named = [f"{_WAKE} {wake}."] if wake else []
    named += lead_lines(found)
    parts = [
        Part([header(summary.subject)]),
        *([Part([section("\n".join(named))])] if named else []),
        Part([section("\n".join(_changes(found, summary)))]),
        Part([fields(_field(one) for one in _shown(summary.numbers))], weight=2),
        *_buttons(found, report),
        Part([closing(summary)]),
    ]
    first = notification(found)
    text = [escaped(cell(summary.subject)), *([wake] if wake else []), *([first] if first else [])]
    return message(": ".join(text), parts)


def closing(summary: Brief) -> Block:
    """Returns the provenance, and the command for one resource."""
    return context(f"{prose(summary.proof)}  For one resource, run `/sre-vuln-check &lt;id&gt;`.")


def _changes(found: DigestData, summary: Brief) -> list[str]:
    """Returns what changed, the coverage gaps and the fix plan."""
    lines = [
        prose(summary.verdict),
        *sentences.changed(found, summary, counted=not found.leads),
        *sentences.first_seen(found),
        *sentences.lapsed(found),
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


def _buttons(found: DigestData, report: Report) -> list[Part]:
    row = actions("digest", report.buttons(found))
    return [Part(row)] if row else []
