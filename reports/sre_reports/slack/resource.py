"""One resource in Slack, as one of four distinct answers.

They are findings; scanned without findings; unknown, with the reason; and no such resource, with
similar names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.answers.verdict import CLEAN, NO_SUCH_RESOURCE, NOT_SCANNED, VULNERABLE
from sre_findings.model.coverage.reasons import explain, remedy
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding
from sre_findings.model.timestamps import utc_minute
from sre_reports import wording
from sre_reports.slack import buttons, claim
from sre_reports.slack.blocks import actions, context, lines, section, table
from sre_reports.slack.buttons import Asked
from sre_reports.slack.escaping import cell, code, escaped, prose
from sre_reports.slack.kev import kev_sentence
from sre_reports.slack.links import Links
from sre_reports.slack.message import Message, Part, message
from sre_reports.slack.risk_acceptance import choice

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.fixes import Fix

TOP = 10  # findings listed in a message
FIXES = 3
_HEADINGS = ("Severity", "Vulnerability", "Package", "Fixed in", "Age")


@dataclass(frozen=True, slots=True)
class Beside:
    """Data shown with the answer.

    It is the number of findings past their SLA (None if not queried), the updates for this resource
    from the fix plan, and the identity of the user in claims, empty if others read the answer too.
    """

    late: int | None = None
    fixes: Sequence[Fix] = ()
    by: str = ""


def resource_message(answer: ResourceAnswer, asked: Asked, beside: Beside, links: Links) -> Message:
    """Returns the answer as one message."""
    if answer.verdict.reason == NO_SUCH_RESOURCE:
        return _not_found(answer, asked)
    parts = [Part([section(f"{_name(answer)}\n{_verdict(answer, beside)}")]), *_notes(answer)]
    if answer.findings:
        parts += [_findings(answer), *_claims(answer), *_fixes(beside)]
    elif answer.verdict.verdict != VULNERABLE:
        parts += _coverage(answer)
    parts += [
        Part([context(_proof(answer))]),
        Part(claim.choice(answer.resource.resource_id, answer.findings[:TOP], beside.by), weight=3),
        Part(choice(answer.resource.resource_id, answer.findings[:TOP]), weight=3),
        Part(actions("resource", buttons.of_answer(answer, asked, links))),
    ]
    return message(f"{_plain_name(answer)}: {_headline(answer)}", parts)


def _plain_name(answer: ResourceAnswer) -> str:
    return escaped(answer.resource.name or answer.resource.resource_id)


def _name(answer: ResourceAnswer) -> str:
    """Returns the name (if any), id, account and region."""
    one = answer.resource
    account = f"{answer.account_name} ({one.account_id})" if answer.account_name else one.account_id
    first = (
        f"*{code(one.name)}*  {code(one.resource_id)}" if one.name else f"*{code(one.resource_id)}*"
    )
    return "  ·  ".join([first, *(code(text) for text in (account, one.region) if text)])


def _headline(answer: ResourceAnswer) -> str:
    """Returns the verdict in a few words, or the number of open findings."""
    if answer.verdict.verdict == VULNERABLE and answer.rollup.counts.total:
        return wording.number(answer.rollup.counts.total, "open finding")
    return wording.headline(answer.verdict)


def _verdict(answer: ResourceAnswer, beside: Beside) -> str:
    """Returns the verdict, then counts, findings in KEV and past SLA, and fixable ones."""
    rollup, texts = answer.rollup, [f"*{prose(_headline(answer))}*"]
    used = [f"{wording.capital(prose(answer.use.words()))}."] if answer.use else []
    if (
        not rollup.counts.total
        and not _listed_below(answer)
        and answer.verdict.explanation.lower() not in texts[0].lower()
    ):
        texts.append(f"{wording.capital(prose(answer.verdict.explanation))}.")
    if rollup.counts.total or rollup.suppressed:
        texts[0] += wording.counts_sentence(rollup)[1]
        more = [kev_sentence(rollup), *_late(beside), wording.more_sentence(rollup)]
        texts.append(" ".join(text for text in more if text))
    exposed = [f"{wording.EXPOSED}."] if answer.exposed else []
    return "\n".join(text for text in [*texts, *used, *exposed] if text)


def _listed_below(answer: ResourceAnswer) -> bool:
    """Returns whether the list of scans, further down, has the reason."""
    return answer.verdict.reason == NOT_SCANNED and any(not row.active for row in answer.coverage)


def _late(beside: Beside) -> list[str]:
    if beside.late is None:
        return []
    return [f"*{beside.late:,}* past SLA." if beside.late else "None past SLA."]


def _notes(answer: ResourceAnswer) -> list[Part]:
    """Returns caveats: notes of the verdict, and why the data is incomplete."""
    notes = [*answer.verdict.notes, *wording.doubts(answer.proof)]
    return (
        [Part([section("\n".join(f":warning: {prose(note)}" for note in notes[:10]))], weight=1)]
        if notes
        else []
    )


def _findings(answer: ResourceAnswer) -> Part:
    """Returns the most severe findings, as a table if Slack accepts one."""
    shown = answer.findings[:TOP]
    rows = [_HEADINGS, *(_row(one, answer) for one in shown)]
    classic = [_line(one) for one in shown]
    return Part([table(rows, numbers=(4,))], weight=2, classic=[lines("Most severe", classic)])


def _claims(answer: ResourceAnswer) -> list[Part]:
    """Returns who has taken which of the listed findings until when."""
    texts = [f"{prose(text)}." for text in wording.claim_sentences(answer.findings[:TOP])]
    return [Part([section("\n".join(texts))], weight=1)] if texts else []


def _line(one: Finding) -> tuple[str, ...]:
    """Returns a finding as a line, for workspaces without tables."""
    severity, packages = escaped(cell(one.severity.capitalize())), ", ".join(wording.packages(one))
    fixed = f"fixed in {code(wording.version(one.fixed_in) or '')}" if one.fixed_in else ""
    return f"*{severity}*", code(wording.identity(one)), code(packages or "–"), fixed


def _row(one: Finding, answer: ResourceAnswer) -> tuple[str, ...]:
    days = wording.days_old(one, answer.proof.as_of)
    packages = ", ".join(wording.packages(one))
    fixed = wording.version(one.fixed_in) or ("no fix" if one.fix_available == "NO" else "")
    return (
        one.severity.capitalize(),
        wording.identity(one),
        packages,
        fixed,
        "" if days is None else f"{days:,} d",
    )


def _fixes(beside: Beside) -> list[Part]:
    """Returns the first updates, each with its command if one can be built safely."""
    if not beside.fixes:
        return []
    texts = [_fix(line) for line in beside.fixes[:FIXES]]
    return [Part([section("\n".join(["*Top remediations*", *texts]))], weight=1)]


def _fix(line: Fix) -> str:
    resolved = wording.number(line["findings"], "finding")
    text = f"• {code(line['what'])} resolves {resolved}"
    return (
        f"{text}: {code(line['command'])}"
        if line["command"]
        else f"{text}. {prose(line['advice'])}"
    )


def _coverage(answer: ResourceAnswer) -> list[Part]:
    """Returns the scans of the resource, or why there is none and the remedy."""
    texts = [_scan(row) for row in sorted(answer.coverage, key=lambda row: not row.active)]
    if answer.verdict.verdict != CLEAN:
        texts.append("This is not an all-clear.")
    return [Part([section("\n".join(texts))], weight=1)] if texts else []


def _scan(row: Coverage) -> str:
    """Returns one scan type: its last scan, or why it is not scanned."""
    name = escaped(cell(row.scan_type.lower()))
    if row.active:
        last = f", last on {utc_minute(row.last_scanned_at)}" if row.last_scanned_at else ""
        return f":white_check_mark: {name} scanned{last}"
    return f":no_entry: {name}: {prose(explain(row.reason))}. {prose(remedy(row.reason))}"


def _not_found(answer: ResourceAnswer, asked: Asked) -> Message:
    """Returns a notice of an unknown resource, with similar names and the accepted id forms."""
    text = (
        "*No such resource:*"
        f" {code(asked.text)}\n{wording.capital(prose(answer.verdict.explanation))}."
    )
    text += (
        "\nUse an instance id such as `i-0123456789abcdef0`, an ARN, an image such as"
        " `repository:tag`, an IP address, or a name."
    )
    note = "Resources without access look the same as unknown ones. " + prose(
        wording.proof_sentence(answer.proof)
    )
    parts = [
        Part([section(text)]),
        Part([context(note)]),
        Part(actions("resource", buttons.query_live(asked))),
    ]
    return message(f"No such resource: {escaped(asked.text)}", parts)


def _proof(answer: ResourceAnswer) -> str:
    return prose(wording.proof_sentence(answer.proof))
