"""An answer about one resource, as text for a terminal.

See ``sentences`` for ``width`` and ``colour``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sre_cli.render.sentences import faint, headed, notes, proof, sentence, text_of, verdict_lines
from sre_cli.render.table import Column, lines
from sre_cli.render.terminal import printable, styled
from sre_cli.render.terminal import width as cells
from sre_cli.render.wrapping import wrapped
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.answers.verdict import CLEAN, FINDINGS
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding
from sre_findings.model.findings.reachability import NOT_REACHABLE, REACHABLE
from sre_findings.model.resources.resource import Resource
from sre_findings.model.timestamps import iso
from sre_reports import wording

_REACHABILITY = {REACHABLE: "reachable", NOT_REACHABLE: "not reachable"}


def render_resource(answer: ResourceAnswer, width: int | None, colour: int) -> str:
    """Returns the verdict, the counts, the findings and the provenance.

    The verdict is left out if it is "vulnerable". Findings are ordered by severity, highest first,
    with CISA KEV first in each.
    """
    return text_of(_resource(answer, width, colour))


def _resource(answer: ResourceAnswer, width: int | None, colour: int) -> Iterator[str]:
    verdict = answer.verdict
    # The first note of a stale answer is that Inspector did not answer and the snapshot is used.
    first = 1 if answer.stale else 0
    yield from notes(verdict.notes[:first], width)
    if verdict.reason != FINDINGS:
        yield from verdict_lines(verdict, width, colour)
    yield from place_lines(answer.resource, answer.account_name, width, colour)
    if answer.use:
        yield from wrapped(sentence(answer.use.words()), width)
    if answer.context:
        from sre_cli.render.context import context_lines

        yield from context_lines(answer.context, answer.resource.name, width)
    yield from _counts(answer, width, colour)
    if answer.findings:
        yield ""
        yield from _findings(answer, width, colour)
    if verdict.verdict == CLEAN:
        yield from (_scanned(row) for row in answer.coverage)
    of_context = answer.context.notes if answer.context else ()
    yield from notes((*verdict.notes[first:], *of_context), width)
    yield from proof(answer.proof, width, colour, hint=" Use --live for current data.")
    if answer.context:
        from sre_cli.render.context import context_source

        if source := context_source(answer.context):
            yield from faint(source, width, colour)


def place_lines(
    resource: Resource, account_name: str, width: int | None, colour: int
) -> Iterator[str]:
    """Yields name, id, account and region; each id on its own line if they do not fit on one."""
    account = f"{account_name} ({resource.account_id})" if account_name else resource.account_id
    place = [part for part in (account, resource.region) if part]
    names = [resource.name, resource.resource_id] if resource.name else [resource.resource_id]
    first, *more = map(printable, [*names, "  ".join(place)])
    whole = "  ".join([first, *more])
    rest = [whole[len(first) :]] if width is None or cells(whole) <= width else ["", *more]
    yield styled(first, "strong", colour) + rest[0].rstrip()
    yield from filter(None, rest[1:])


def _counts(answer: ResourceAnswer, width: int | None, colour: int) -> Iterator[str]:
    if answer.rollup.counts.total or answer.rollup.suppressed:
        first, rest = wording.counts_sentence(answer.rollup)
        yield from headed(first, first + rest, width, colour)
        yield from wrapped(wording.urgency_sentence(answer.rollup, answer.overdue), width)
        yield from faint(wording.more_sentence(answer.rollup), width, colour)
    if answer.exposed:
        yield from faint(f"{wording.EXPOSED}.", width, colour)
    if answer.accepted:
        accepted = f"Risk accepted for {answer.accepted:,} of them: see sre-cli suppressions."
        yield from faint(accepted, width, colour)


def _findings(answer: ResourceAnswer, width: int | None, colour: int) -> Iterator[str]:
    columns = (
        Column("Severity", style=str.lower),
        Column("Score", drop=2, right=True),
        Column("KEV", drop=6, style="warn"),
        Column("Vulnerability"),
        Column("Risk", drop=4, style="warn"),
        Column("Package", floor=10),
        Column("Fixed in", floor=22),
        Column("Installed", floor=12, drop=1, style="muted"),
        Column("Age", drop=3, right=True),
        Column("Due", drop=5, right=True, style=_due_style),
    )
    rows = [_finding(one, answer.proof.as_of) for one in answer.findings]
    yield from lines(columns, rows, width, colour)
    for claims in wording.claim_sentences(answer.findings):
        yield from wrapped(f"{claims}.", width)
    if hidden := answer.total_findings - len(answer.findings):
        yield f"{hidden:,} more not shown; -n 0 lists all."
    if severities := answer.filters.get("severities"):
        only = ", ".join(map(str, severities)).lower()
        text = f"Only {only} findings are listed; the counts cover all severities."
        yield from wrapped(text, width)
    if answer.filters.get("reachable"):
        only = "Only findings that Inspector saw reached at run time are listed"
        yield from wrapped(f"{only}; the counts cover all findings.", width)


def _finding(one: Finding, as_of: datetime | None) -> tuple[str, ...]:
    days = wording.days_old(one, as_of)
    return (
        one.severity.capitalize(),
        "" if one.inspector_score is None else f"{one.inspector_score:.1f}",
        "KEV" if one.kev else "",
        wording.identity(one),
        _risk(one),
        _package(one),
        wording.version(one.fixed_in) or ("no fix yet" if one.fix_available == "NO" else "-"),
        wording.version(one.installed) or "-",
        "" if days is None else f"{days} d",
        _due(one),
    )


def _due(one: Finding) -> str:
    """Returns the days until the due date, or since; empty if there is none."""
    left = one.days_left
    if not left:
        return "" if left is None else "today"
    return f"in {left} d" if left > 0 else f"{-left} d overdue"


def _due_style(text: str) -> str:
    return "warn" if text.endswith("overdue") else ""


def _package(one: Finding) -> str:
    """Returns the first package and the number of others, or the title if there is none."""
    names = wording.packages(one)
    if not names:
        return one.title or "-"
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"


def _risk(one: Finding) -> str:
    claim = one.claim["state"] if one.claim else ""
    flags = {
        "exploit": one.exploit_available == "YES",
        _REACHABILITY.get(one.reachability or "", ""): one.reachability in _REACHABILITY,
        "suppressed": one.status == "SUPPRESSED",
        "accepted": one.accepted,
        "taken": claim == "live",
        "claim lapsed": claim == "lapsed",
    }
    return ", ".join(word for word, holds in flags.items() if holds)


def _scanned(row: Coverage) -> str:
    when = f" at {iso(row.last_scanned_at)}" if row.last_scanned_at else ""
    return printable(f"Scanned: {row.scan_type.lower()}{when}")
