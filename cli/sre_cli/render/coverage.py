"""An answer about coverage gaps, as text for a terminal.

See ``sentences`` for ``width`` and ``colour``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sre_cli.render.sentences import proof, text_of
from sre_cli.render.table import Column, Table, fitted, lines, not_shown
from sre_cli.render.terminal import styled
from sre_cli.render.wrapping import wrapped
from sre_findings.model.answers.answer import LIVE, CoverageAnswer
from sre_findings.model.coverage.reasons import explain, remedy
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.snapshots.gaps import ANY, Gap
from sre_reports import wording

_GAPS = (
    Column("Account"),
    Column("Region"),
    Column("Scan"),
    Column("Name", floor=8, drop=1),
    Column("Resource", below=True),
)
_UNREAD = (
    Column("Account"),
    Column("Region"),
    Column("Resource type"),
    Column("Scan"),
    Column("Not read because"),
    Column("Last read"),
)


def render_coverage(answer: CoverageAnswer, width: int | None, colour: int) -> str:
    """Returns the coverage gaps and the provenance.

    The gaps are the resources that Inspector does not scan, by reason and with a remedy, and the
    account/region pairs that were not read.
    """
    return text_of(_coverage(answer, width, colour))


def _coverage(answer: CoverageAnswer, width: int | None, colour: int) -> Iterator[str]:
    if answer.proof.snapshot_id is not None or answer.proof.source == LIVE:
        yield _headline(answer, colour)
    dropped = list[str]()
    for reason in dict.fromkeys(row.reason for row in answer.gaps):
        rows = [row for row in answer.gaps if row.reason == reason]
        table = _table(rows, width, colour)
        yield from _title(reason, rows, width, colour)
        yield from (table.head, *table.rows)
        dropped += table.dropped
    yield from not_shown(dropped, width, colour)
    if answer.cells:
        yield ""
        yield from lines(_UNREAD, [_unread(cell) for cell in answer.cells], width, colour)
    yield from proof(answer.proof, width, colour)


def _headline(answer: CoverageAnswer, colour: int) -> str:
    gaps = answer.to_json()["not_scanned"]
    first = "Inspector reports no coverage gaps"
    if gaps:
        first = f"{wording.number(gaps, 'resource')} not fully scanned"
    return styled(first, "warn" if gaps else "strong", colour) + f", {answer.scanned:,} scanned"


def _unread(gap: Gap) -> list[str]:
    where = ["all" if one == ANY else one for one in gap.cell]
    return [*where, gap.state.replace("_", " "), gap.last_read[:10] or "–"]


def _title(reason: str, rows: Sequence[Coverage], width: int | None, colour: int) -> Iterator[str]:
    """Yields a reason with the number of its resources, and the remedy.

    Each scan type of a resource has a row; the count is of resources.
    """
    resources = {(row.account_id, row.region, row.resource_type, row.resource_id) for row in rows}
    title = f"{wording.capital(explain(reason))} ({reason}): {len(resources):,}"
    yield ""
    yield from (styled(line, "strong", colour) for line in wrapped(title, width))
    yield from wrapped(remedy(reason), width)


def _table(rows: Sequence[Coverage], width: int | None, colour: int) -> Table:
    cells = [(r.account_id, r.region, r.scan_type.lower(), r.name, r.resource_id) for r in rows]
    return fitted(_GAPS, cells, width, colour)
