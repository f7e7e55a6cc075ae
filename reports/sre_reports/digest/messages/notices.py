"""Short messages: no changes, a partial snapshot, or no recent snapshot."""

from __future__ import annotations

from datetime import datetime

from sre_findings.nightly.digest import DigestData, Silence
from sre_reports.brief import Brief, brief
from sre_reports.digest.messages import sentences
from sre_reports.digest.messages.lead_lines import lead_lines, notification
from sre_reports.digest.messages.report_links import Report
from sre_reports.key_figures import unknown
from sre_reports.plain_text import shortened
from sre_reports.slack.blocks import actions, context, header, section
from sre_reports.slack.escaping import cell, escaped, link, prose
from sre_reports.slack.message import Message, Part, message

_REASONS = 10


def quiet_message(found: DigestData, report: Report) -> Message:
    """Returns one line for a day without changes, and once a week one on coverage gaps."""
    summary = brief(found.material)
    line = f"{summary.subject}. No new or resolved findings."
    url = next((button.url for button in report.buttons(found)), "")
    linked = (
        f"{escaped(cell(line))} {link(url, 'Report')}"
        if url and "|" not in url
        else escaped(cell(line))
    )
    still = [*sentences.gaps(found, weekly=sentences.weekly(found)), *sentences.lapsed(found)]
    return message(escaped(cell(line)), [Part([section("\n".join([linked, *still]))])])


def partial_message(found: DigestData, report: Report) -> Message:
    """Returns what is new and matters in the data that was read, then what could not be read.

    Counts are not compared, because unread findings would look resolved.
    """
    summary = brief(found.material)
    reasons = [f"• {prose(shortened(reason, 300))}" for reason in summary.state.reasons[:_REASONS]]
    if (rest := len(summary.state.reasons) - _REASONS) > 0:
        reasons.append(f"• … and {rest:,} more")
    lines = ["*The scan is partial.* Not read:", *reasons, _read(found, summary)]
    lines.append(
        "Not compared with the previous snapshot, because unread findings would look resolved."
    )
    lines += sentences.lapsed(found)
    row = actions("digest", list(report.buttons(found))[:1])
    named = ["*New in the data that was read:*", *lead_lines(found)] if found.leads else []
    parts = [
        Part([header(summary.subject)]),
        *([Part([section("\n".join(named))])] if named else []),
        Part([section("\n".join(lines))]),
        *([Part(row)] if row else []),
        Part([context(prose(summary.proof))]),
    ]
    text, first = f"{summary.subject} – the scan is partial", notification(found)
    return message(escaped(cell(text)) + (f": {first}" if first else ""), parts)


def _read(found: DigestData, summary: Brief) -> str:
    if unknown(found.material) or not found.material.summary.rollup.counts.total:
        return "No reliable numbers can be given. This is not an all-clear."
    return f"In the data that was read: {prose(summary.verdict)} There may be more."


def silence_message(found: Silence) -> Message:
    """Reports that there is no recent snapshot.

    It has no numbers, because old ones would be taken for current.
    """
    title = f"Inspector, {found.day}: no snapshot today"
    lines = [
        _newest(found),
        "Current vulnerabilities are unknown. This is not an all-clear.",
        "Check the clocks, then run `sre-cli scan`."
        if found.in_future
        else "Check the log of the scan, or run `sre-cli scan`.",
    ]
    return message(title, [Part([header(title)]), Part([section("\n".join(lines))])])


def _newest(found: Silence) -> str:
    """Returns the newest complete snapshot, and the newest of all if that one is partial."""
    if found.last is None:
        return "*No snapshot yet.*"
    if found.in_future:
        return f"*The newest snapshot starts in the future, {_moment(found.last)}.*"
    newest = f"The newest snapshot, of {_moment(found.last)}, is partial."
    if found.last_complete is None:
        return f"*No complete snapshot yet.* {newest}"
    since = f"*No complete snapshot since {_moment(found.last_complete)}.*"
    return since if found.last == found.last_complete else f"{since} {newest}"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
