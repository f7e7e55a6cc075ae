"""Messages of nights that need few words: nothing happened, not all was read, or nothing was read
at all."""

from __future__ import annotations

from datetime import datetime

from sre_findings.nightly.digest import DigestData, Silence
from sre_reports import wording
from sre_reports.brief import Brief, brief
from sre_reports.digest.messages import sentences
from sre_reports.digest.messages.report_links import Report
from sre_reports.key_figures import unknown
from sre_reports.slack.blocks import actions, context, header, section
from sre_reports.slack.escaping import cell, escaped
from sre_reports.slack.message import Message, Part, message

_REASONS = 10


def quiet_message(found: DigestData, report: Report) -> Message:
    """One line; once a week one more, of what is not scanned."""
    told = brief(found.material)
    line = f"{told.subject}. Nothing new and nothing resolved."
    url = next((button.url for button in report.buttons(found)), "")
    linked = (
        f"{escaped(cell(line))} <{escaped(url)}|Report>"
        if url and "|" not in url
        else escaped(cell(line))
    )
    still = list(sentences.gaps(found, weekly=sentences.weekly(found)))
    return message(escaped(cell(line)), [Part([section("\n".join([linked, *still]))])])


def partial_message(found: DigestData, report: Report) -> Message:
    """What could not be read, and what that leaves unknown. Nothing is compared: what was not read
    would look fixed."""
    told = brief(found.material)
    reasons = [f"• {escaped(cell(reason, 300))}" for reason in told.state.reasons[:_REASONS]]
    if (rest := len(told.state.reasons) - _REASONS) > 0:
        reasons.append(f"• … and {rest:,} more")
    said = ["*The scan is partial.* Not read:", *reasons, _read(found, told)]
    said.append(
        "Nothing is compared with the night before: what was not read would look like something"
        " that was fixed."
    )
    row = actions("digest", list(report.buttons(found))[:1])
    parts = [
        Part([header(told.subject)]),
        Part([section("\n".join(said))]),
        *([Part(row)] if row else []),
        Part([context(escaped(told.proof))]),
    ]
    return message(escaped(cell(f"{told.subject} – the scan is partial")), parts)


def _read(found: DigestData, told: Brief) -> str:
    if unknown(found.material) or not found.material.summary.rollup.counts.total:
        return "Of what was read nothing can be said: that is not the same as none."
    return f"Of what was read: {escaped(told.verdict)} There may be more."


def silence_message(found: Silence) -> Message:
    """No snapshot that is young enough. There are no numbers: those of an old night would be taken
    for today's."""
    title = f"Inspector, {found.day}: no snapshot tonight"
    last = f"The newest is of {_moment(found.last)}" if found.last else "There is none at all"
    last += (
        "." if found.last == found.last_complete or not found.last_complete else ", and partial."
    )
    known = _moment(found.last_complete) if found.last_complete else "the beginning"
    said = [
        f"*No complete snapshot since {known}.* {last}",
        "What is vulnerable now is not known. That is not the same as none.",
        "Look at the log of the scan, or run `sre-cli scan`.",
    ]
    return message(title, [Part([header(title)]), Part([section("\n".join(said))])])


def _moment(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC" if moment else wording.capital("never")
