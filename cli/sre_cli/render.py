"""Answers as people read them in a terminal. Pure: an answer in, text out.

``width`` is the terminal's, or None where nothing is to be shortened; ``colour`` is a
``terminal.Colour``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sre_cli.table import Column, lines
from sre_cli.terminal import cut, printable, styled
from sre_findings.model.answers.answer import (
    LIVE,
    CoverageAnswer,
    Group,
    Proof,
    ResourceAnswer,
    SummaryAnswer,
)
from sre_findings.model.answers.verdict import (
    CLEAN,
    FINDINGS,
    NO_SNAPSHOT,
    NO_SUCH_RESOURCE,
    UNKNOWN,
    Verdict,
)
from sre_findings.model.findings.finding import Finding, iso
from sre_findings.model.findings.reachability import NOT_REACHABLE, REACHABLE
from sre_findings.model.resources.coverage import Coverage, explain, remedy
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.states import COMPLETE
from sre_reports import wording

if TYPE_CHECKING:
    from sre_reports.formats.answers import Snapshot

_NAME = 40  # cells of a resource's name beside its id


def render_resource(answer: ResourceAnswer, width: int | None, colour: int) -> str:
    """One resource: its verdict where it is anything but plain findings, its counts, and its
    findings, worst first."""
    return text_of(_resource(answer, width, colour))


def _resource(answer: ResourceAnswer, width: int | None, colour: int) -> Iterator[str]:
    verdict = answer.verdict
    # that the snapshot stands in Inspector's place is said before all else
    told = 1 if answer.stale else 0
    yield from notes(verdict.notes[:told], width)
    if verdict.reason != FINDINGS:
        yield from _verdict(verdict, width, colour)
    yield _name(answer.resource, answer.account_name, colour)
    if answer.use:
        yield from wrapped(_sentence(answer.use.words()), width)
    if answer.context:
        from sre_cli.context_lines import (
            context_lines,
        )

        yield from context_lines(answer.context, answer.resource.name, width)
    if answer.rollup.counts.total or answer.rollup.suppressed:
        first, rest = wording.counts_sentence(answer.rollup)
        yield styled(first, "strong", colour) + rest
        yield from _faint(wording.more_sentence(answer.rollup), width, colour)
    if answer.accepted:
        yield from _faint(
            f"{answer.accepted:,} of them accepted: see sre-cli suppressions.", width, colour
        )
    if answer.findings:
        yield ""
        yield from _findings(answer, width, colour)
    if verdict.verdict == CLEAN:
        yield from (_scanned(row) for row in answer.coverage)
    yield from notes(
        (*verdict.notes[told:], *(answer.context.notes if answer.context else ())), width
    )
    yield from proof(answer.proof, width, colour, hint=" Use --live for the state now.")
    if answer.context:
        from sre_cli.context_lines import context_proof

        if asked := context_proof(answer.context):
            yield from _faint(asked, width, colour)


def _verdict(verdict: Verdict, width: int | None, colour: int) -> Iterator[str]:
    style = {CLEAN: "good", UNKNOWN: "warn"}.get(verdict.verdict, "bad")
    headline = wording.headline(verdict)
    yield styled(f"{headline}.", style, colour)
    if verdict.explanation.lower() not in headline.lower():
        yield from wrapped(_sentence(verdict.explanation), width)
    if verdict.verdict == UNKNOWN and verdict.reason not in (NO_SNAPSHOT, NO_SUCH_RESOURCE):
        yield from wrapped("That is not the same as none.", width)


def _name(resource: Resource, account_name: str, colour: int) -> str:
    """Name, id, account and region; the id is bold where there is no name."""
    account = f"{account_name} ({resource.account_id})" if account_name else resource.account_id
    place = [part for part in (account, resource.region) if part]
    names = [resource.name, resource.resource_id] if resource.name else [resource.resource_id]
    first, *rest = map(printable, [*names, *place])
    return "  ".join([styled(first, "strong", colour), *rest])


def _findings(answer: ResourceAnswer, width: int | None, colour: int) -> Iterator[str]:
    columns = (
        Column("Severity", style=str.lower),
        Column("Score", drop=2, right=True),
        Column("Vulnerability"),
        Column("Risk", drop=4, style="warn"),
        Column("Package", floor=10),
        Column("Fixed in", floor=22),
        Column("Installed", floor=12, drop=1, style="muted"),
        Column("Age", drop=3, right=True),
    )
    rows = [_finding(one, answer.proof.as_of) for one in answer.findings]
    yield from lines(columns, rows, width, colour)
    if hidden := answer.total_findings - len(answer.findings):
        yield f"{hidden:,} more not shown: use -n 0."
    if severities := answer.filters.get("severities"):
        yield from wrapped(
            f"Only {', '.join(map(str, severities)).lower()} listed; the counts are of all.", width
        )
    if answer.filters.get("reachable"):
        yield from wrapped(
            "Only findings that Inspector saw reached at run time are listed; the counts are of"
            " all.",
            width,
        )


def _finding(one: Finding, as_of: datetime | None) -> tuple[str, ...]:
    days = wording.days_old(one, as_of)
    return (
        one.severity.capitalize(),
        "" if one.inspector_score is None else f"{one.inspector_score:.1f}",
        wording.identity(one),
        _risk(one),
        _package(one),
        wording.version(one.fixed_in) or ("no fix yet" if one.fix_available == "NO" else "-"),
        wording.version(one.installed) or "-",
        "" if days is None else f"{days} d",
    )


def _package(one: Finding) -> str:
    """The first package, and how many more; a finding without packages is told by its title."""
    names = wording.packages(one)
    if not names:
        return one.title or "-"
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"


def _risk(one: Finding) -> str:
    words = {REACHABLE: "reachable", NOT_REACHABLE: "not reachable"}
    flags = {
        "exploit": one.exploit_available == "YES",
        words.get(one.reachability or "", ""): one.reachability in words,
        "suppressed": one.status == "SUPPRESSED",
        "accepted": one.accepted,
    }
    return ", ".join(word for word, holds in flags.items() if holds)


def _scanned(row: Coverage) -> str:
    when = f" at {iso(row.last_scanned_at)}" if row.last_scanned_at else ""
    return printable(f"Scanned: {row.scan_type.lower()}{when}")


def render_summary(answer: SummaryAnswer, width: int | None, colour: int) -> str:
    """The whole scope: its counts, and a line a group where it was asked by something."""
    return text_of(_summary(answer, width, colour))


def _summary(answer: SummaryAnswer, width: int | None, colour: int) -> Iterator[str]:
    if answer.verdict.reason != FINDINGS:
        yield from _verdict(answer.verdict, width, colour)
    if answer.rollup.counts.total or answer.rollup.suppressed:
        first, rest = wording.counts_sentence(answer.rollup)
        yield (
            styled(first, "strong", colour)
            + f" on {wording.number(answer.rollup.resources, 'resource')}"
            + rest
        )
        yield from _faint(wording.more_sentence(answer.rollup), width, colour)
    if answer.uncovered:
        yield styled(
            f"{wording.number(answer.uncovered, 'resource')} not fully scanned: see sre-cli"
            " coverage.",
            "warn",
            colour,
        )
    if answer.doubtful:
        yield styled(
            f"{wording.number(answer.doubtful, 'more resource')} not scanned lately, or never.",
            "warn",
            colour,
        )
    if answer.groups:
        yield ""
        yield from _groups(answer, width, colour)
    yield from proof(answer.proof, width, colour)


def _groups(answer: SummaryAnswer, width: int | None, colour: int) -> list[str]:
    named = any(group.name for group in answer.groups)
    other = any(group.rollup.counts.other for group in answer.groups)
    severities = [Column(name.capitalize(), right=True, drop=drop) for name, drop in
                  zip(wording.SEVERITIES, (None, None, None, 7, 4, 5, 6), strict=True)]  # fmt: skip
    columns = [
        Column((answer.by or "").capitalize()),
        Column("Name", floor=10, drop=8),
        *severities,
        Column("Total", right=True),
        Column("Suppressed", right=True, drop=1),
        Column("Fixable", right=True, drop=2),
        Column("Exploit", right=True, drop=3),
    ]
    kept = [n for n in range(len(columns)) if (n != 1 or named) and (n != 8 or other)]
    # their ids can be longer than a line: at its end they push nothing out of sight
    if answer.by == "resource":
        kept, width = [*kept[1 + named :], *kept[named::-1]], None
    rows = [_group(group, answer.by or "") for group in answer.groups]
    return lines(
        [columns[n] for n in kept], [[row[n] for n in kept] for row in rows], width, colour
    )


def _group(group: Group, by: str) -> list[str]:
    rollup = group.rollup
    numbers = (
        *rollup.counts.by_rank(),
        rollup.counts.total,
        rollup.suppressed,
        rollup.fixable,
        rollup.exploitable,
    )
    return [
        wording.valued(group.value, by),
        cut(printable(group.name), _NAME),
        *(f"{count:,}" if count else "-" for count in numbers),
    ]


def render_coverage(answer: CoverageAnswer, width: int | None, colour: int) -> str:
    """What Inspector does not scan, with reasons and remedies, and what the scan did not reach."""
    return text_of(_coverage(answer, width, colour))


def _coverage(answer: CoverageAnswer, width: int | None, colour: int) -> Iterator[str]:
    if answer.proof.snapshot_id is not None or answer.proof.source == LIVE:
        silent = answer.to_json()["not_scanned"]
        first = (
            f"{wording.number(silent, 'resource')} not fully scanned"
            if silent
            else "Inspector lists no gap"
        )
        yield (
            styled(first, "warn" if silent else "strong", colour) + f", {answer.scanned:,} scanned"
        )
    for reason in dict.fromkeys(row.reason for row in answer.gaps):
        yield from _gaps(
            reason, [row for row in answer.gaps if row.reason == reason], width, colour
        )
    if answer.cells:
        columns = (
            Column("Account"),
            Column("Region"),
            Column("Resource type"),
            Column("Scan"),
            Column("Not read because"),
        )
        rows = [
            [
                "all" if part == "*" else part.replace("_", " ") if n > 3 else part
                for n, part in enumerate(cell)
            ]
            for cell in answer.cells
        ]
        yield ""
        yield from lines(columns, rows, width, colour)
    yield from proof(answer.proof, width, colour)


def _gaps(reason: str, rows: Sequence[Coverage], width: int | None, colour: int) -> Iterator[str]:
    """One reason with its remedy, and the resources that it keeps from being scanned; one may have
    a row for each scan type."""
    resources = len(
        {(row.account_id, row.region, row.resource_type, row.resource_id) for row in rows}
    )
    yield ""
    yield styled(
        printable(f"{wording.capital(explain(reason))} ({reason}): {resources:,}"), "strong", colour
    )
    yield from wrapped(remedy(reason), width)
    columns = (
        Column("Account"),
        Column("Region"),
        Column("Scan"),
        Column("Name", floor=8, drop=1),
        Column("Resource"),
    )
    yield from lines(
        columns,
        [(r.account_id, r.region, r.scan_type.lower(), r.name, r.resource_id) for r in rows],
        width,
        colour,
    )


def render_snapshots(
    commits: Iterable[Snapshot], now: datetime, width: int | None, colour: int
) -> str:
    """The snapshots, given oldest first and shown newest first: id, age, state, findings, and why
    one is partial."""
    columns = (
        Column("Snapshot"),
        Column("Age", right=True),
        Column("State", style=_state),
        Column("Findings", right=True),
        Column("Resources covered", right=True, drop=1),
        Column("Of or why", floor=20),
    )
    rows = [_snapshot(one, now) for one in commits]
    return text_of(
        lines(columns, rows[::-1], width, colour)
        if rows
        else ["There is no snapshot yet. Run: sre-cli scan."]
    )


def _state(text: str) -> str:
    return "good" if text == COMPLETE else "warn"


def _snapshot(one: Snapshot, now: datetime) -> tuple[str, ...]:
    old = wording.age(int((now - one.started_at).total_seconds()))
    findings, covered = (
        f"{one.totals[name]:,}" if name in one.totals else "–" for name in ("distinct", "covered")
    )
    return (
        one.snapshot_id,
        old,
        one.state,
        findings,
        covered,
        one.claim if one.state == COMPLETE else "; ".join(one.reasons),
    )


def proof(of: Proof, width: int | None, colour: int, *, hint: str = "") -> Iterator[str]:
    """Why the source is not complete, where it is not; then where the answer comes from, and how
    old that is."""
    yield from (
        line
        for reason in wording.doubts(of)
        for line in wrapped(f"Partial: {_stopped(reason)}", width)
    )
    snapshot = of.source != LIVE and of.snapshot_id
    yield from _faint(wording.proof_sentence(of) + (hint if snapshot else ""), width, colour)


def notes(every: Iterable[str], width: int | None) -> Iterator[str]:
    """Notes, a sentence each."""
    yield from (line for note in every for line in wrapped(f"Note: {_sentence(note)}", width))


def _faint(text: str, width: int | None, colour: int) -> Iterator[str]:
    yield from (styled(line, "muted", colour) for line in wrapped(text, width))


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    return wording.capital(_stopped(text))


def _stopped(text: str) -> str:
    clean = printable(text).strip()
    return clean if clean.endswith((".", "?", "!")) else f"{clean}."


def wrapped(text: str, width: int | None) -> list[str]:
    """Lines of whole words: an id longer than the line stays whole."""
    clean = printable(text)
    return (
        [clean]
        if width is None
        else textwrap.wrap(clean, width, break_long_words=False, break_on_hyphens=False)
    )


def text_of(rows: Iterable[str]) -> str:
    """Lines as one text."""
    return "\n".join(rows) + "\n"
