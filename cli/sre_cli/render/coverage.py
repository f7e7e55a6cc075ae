"""An answer about coverage gaps, as text for a terminal.

See ``sentences`` for ``width`` and ``colour``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sre_cli.render.sentences import proof, text_of, wrapped
from sre_cli.render.table import Column, lines
from sre_cli.render.terminal import printable, styled
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
    Column("Resource"),
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
    for reason in dict.fromkeys(row.reason for row in answer.gaps):
        rows = [row for row in answer.gaps if row.reason == reason]
        yield from _gaps(reason, rows, width, colour)
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


def _gaps(reason: str, rows: Sequence[Coverage], width: int | None, colour: int) -> Iterator[str]:
    """Yields a reason, its remedy and its resources.

    Each scan type of a resource has a row; the count is of resources.
    """
    resources = {(row.account_id, row.region, row.resource_type, row.resource_id) for row in rows}
    title = f"{wording.capital(explain(reason))} ({reason}): {len(resources):,}"
    yield ""
    yield styled(printable(title), "strong", colour)
    yield from wrapped(remedy(reason), width)
    cells = [(r.account_id, r.region, r.scan_type.lower(), r.name, r.resource_id) for r in rows]
    yield from lines(_GAPS, cells, width, colour)
