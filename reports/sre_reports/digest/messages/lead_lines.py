"""The first lines of a digest: new vulnerabilities that are critical or in KEV, by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sre_findings.nightly.digest import DigestData
from sre_findings.nightly.leads import Lead
from sre_reports import wording
from sre_reports.plain_text import shortened
from sre_reports.slack.escaping import code, escaped, prose

_NAME, _COMMAND = 80, 300  # characters, so that five lines fit in a block


def lead_lines(found: DigestData) -> Iterator[str]:
    """Yields one line for each vulnerability, and one for the number of those not named."""
    today = found.material.today
    yield from (_line(one, today) for one in found.leads)
    if rest := found.lead_count - len(found.leads):
        some = wording.number(rest, "more vulnerability", "more vulnerabilities")
        yield f"… and {some} that {'is' if rest == 1 else 'are'} new and critical or in KEV."


def notification(found: DigestData) -> str:
    """Returns the first line without markup, for notifications; empty if there is none."""
    if not found.leads:
        return ""
    first = found.leads[0]
    text = f"{first.vulnerability_id} on {first.resource}"
    return escaped(f"{text}, in KEV" if first.kev else f"{text}, critical")


def _line(one: Lead, today: date) -> str:
    mark = ":rotating_light: *KEV* " if one.kev else "• *Critical* "
    more = f" and {wording.number(one.more, 'other resource')}" if one.more else ""
    facts = [
        code(one.owner, _NAME) if one.owner else wording.UNASSIGNED.lower(),
        _due(one.due_on, today),
        *(["internet-facing"] if one.exposed else []),
    ]
    named = f"{mark}{code(one.vulnerability_id, _NAME)} on {code(one.resource, _NAME)}{more}"
    return " · ".join([named, *facts]) + (f"\n      {todo}" if (todo := _todo(one)) else "")


def _todo(one: Lead) -> str:
    """Returns the command, or the advice. A command is never cut, because people copy it."""
    if one.command and len(one.command) <= _COMMAND:
        return code(one.command, _COMMAND)
    return prose(shortened(one.advice, _COMMAND))


def _due(on: date | None, today: date) -> str:
    if on is None:
        return "no due date"
    return f"*overdue since {on}*" if on < today else f"due {on}"
