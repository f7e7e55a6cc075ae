"""The checks as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sre_cli.doctor.check import FAILED, OK, UNKNOWN, WARNING, Check, headline
from sre_cli.render.sentences import text_of, wrapped
from sre_cli.render.table import Column, lines
from sre_cli.render.terminal import styled

_STYLES = {OK: "good", WARNING: "warn", UNKNOWN: "warn", FAILED: "bad"}
_COLUMNS = (
    Column("Check"),
    Column("State", style=lambda cell: _STYLES.get(cell.strip(), "muted")),
    Column("Detail"),
)
_INDENT = "   "


def render(checks: Sequence[Check], width: int | None, colour: int) -> str:
    """Returns the headline and one row for each check, each with its remedy below.

    A remedy is not wrapped, so that a command in it can be copied.
    """
    return text_of(_lines(checks, width, colour))


def _lines(checks: Sequence[Check], width: int | None, colour: int) -> Iterator[str]:
    first, *rest = wrapped(headline(checks), width)
    yield styled(first, "strong", colour)
    yield from rest
    yield ""
    rows = [(one.what, one.state, one.detail) for one in checks]
    head, *table = lines(_COLUMNS, rows, width, colour)
    yield head
    for line, one in zip(table, checks, strict=True):
        yield line
        if one.remedy:
            yield _INDENT + styled(wrapped(one.remedy, None)[0], "muted", colour)
