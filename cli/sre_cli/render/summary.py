"""An answer about all resources of a scope, as text for a terminal.

See ``sentences`` for ``width`` and ``colour``.
"""

from __future__ import annotations

from collections.abc import Iterator

from sre_cli.render.sentences import faint, headed, proof, text_of, verdict_lines
from sre_cli.render.table import Column, lines
from sre_cli.render.terminal import cut, printable, styled
from sre_findings.model.answers.answer import Group, SummaryAnswer
from sre_findings.model.answers.verdict import FINDINGS
from sre_reports import wording

_NAME = 40  # cells of a group's name beside its id
# The order in which the columns of severities are dropped. None is never dropped.
_DROPS = dict(zip(wording.SEVERITIES, (None, None, None, 7, 4, 5, 6), strict=True))


def render_summary(answer: SummaryAnswer, width: int | None, colour: int) -> str:
    """Returns the counts of the scope, one row for each group, and the provenance."""
    return text_of(_summary(answer, width, colour))


def _summary(answer: SummaryAnswer, width: int | None, colour: int) -> Iterator[str]:
    if answer.verdict.reason != FINDINGS:
        yield from verdict_lines(answer.verdict, width, colour)
    if answer.rollup.counts.total or answer.rollup.suppressed:
        first, rest = wording.counts_sentence(answer.rollup)
        resources = wording.number(answer.rollup.resources, "resource")
        yield from headed(first, f"{first} on {resources}{rest}", width, colour)
        yield from faint(wording.more_sentence(answer.rollup), width, colour)
    yield from _gaps(answer, colour)
    if answer.groups:
        yield ""
        yield from _groups(answer, width, colour)
    yield from proof(answer.proof, width, colour)


def _gaps(answer: SummaryAnswer, colour: int) -> Iterator[str]:
    if answer.uncovered:
        resources = wording.number(answer.uncovered, "resource")
        text = f"{resources} not fully scanned: see sre-cli coverage."
        yield styled(text, "warn", colour)
    if answer.doubtful:
        resources = wording.number(answer.doubtful, "more resource")
        yield styled(f"{resources} not scanned recently, or never.", "warn", colour)


def _groups(answer: SummaryAnswer, width: int | None, colour: int) -> list[str]:
    named = any(group.name for group in answer.groups)
    other = any(group.rollup.counts.other for group in answer.groups)
    columns = [
        Column((answer.by or "").capitalize(), below=answer.by == "resource"),
        Column("Name", floor=10, drop=8),
        *(Column(name.capitalize(), right=True, drop=drop) for name, drop in _DROPS.items()),
        Column("Total", right=True),
        Column("Suppressed", right=True, drop=1),
        Column("Fixable", right=True, drop=2),
        Column("Exploit", right=True, drop=3),
    ]
    kept = [n for n in range(len(columns)) if (n != 1 or named) and (n != 8 or other)]
    # Ids of resources can be longer than a line. In the last column they hide no other column.
    if answer.by == "resource":
        kept = [*kept[1 + named :], *kept[named::-1]]
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
