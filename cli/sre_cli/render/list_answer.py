"""Answers that consist of a headline and a list, as text for a terminal.

See ``sentences`` for ``width`` and ``colour``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sre_cli.render.sentences import notes, proof, text_of
from sre_cli.render.table import Column, Table, fitted, not_shown
from sre_cli.render.terminal import printable, styled
from sre_cli.render.terminal import width as cells
from sre_cli.render.wrapping import labelled, wrapped
from sre_findings.model.answers.list_answer import AnyListAnswer, Shown
from sre_reports import wording

_INDENT = "   "
_KEPT = ("severity", "vulnerability_id")  # never dropped; nor are the first and the wide columns
_LEAST = ("cause", "platform")  # dropped before the others, which are dropped from the right


def render_list(answer: AnyListAnswer, width: int | None, colour: int) -> str:
    """Returns the headline, the table and the provenance.

    A row may have a sentence or command below it.
    """
    return text_of(_list(answer, width, colour))


def _list(answer: AnyListAnswer, width: int | None, colour: int) -> Iterator[str]:
    yield from headline(answer, width, colour)
    yield from rows_and_proof(answer, width, colour)


def headline(answer: AnyListAnswer, width: int | None, colour: int) -> Iterator[str]:
    """Yields the headline, wrapped."""
    unknown = not answer.known and answer.proof.snapshot_id is not None
    first, *rest = wrapped(f"Unknown: {answer.headline}" if unknown else answer.headline, width)
    yield styled(first, "strong", colour)
    yield from rest


def rows_and_proof(answer: AnyListAnswer, width: int | None, colour: int) -> Iterator[str]:
    """Yields the table, the notes and the provenance."""
    if answer.items and answer.shown:
        yield ""
        yield from _table(answer, width, colour)
    if hidden := answer.total - len(answer.items):
        yield f"{hidden:,} more not shown; -n 0 lists all."
    yield from notes(answer.notes, width)
    yield from proof(answer.proof, width, colour)


def _table(answer: AnyListAnswer, width: int | None, colour: int) -> Iterator[str]:
    shown = [one for one in answer.shown if one.style not in ("sentence", "command")]
    below = [one for one in answer.shown if one.style in ("sentence", "command")]
    labels = [_label(item) for item in answer.items]
    inline = not any(labels) or _fit_inline(answer, shown, width)
    table = _fitted(answer, shown, inline and any(labels), width, colour)
    yield table.head
    for line, item, label in zip(table.rows, answer.items, labels, strict=True):
        yield line
        if label and not inline:
            yield f"{_INDENT}{printable(label)}"
        yield from (text for one in below for text in _below(item, one, width, colour))
    yield from not_shown(table.dropped, width, colour)


def _label(item: Mapping[str, object]) -> str:
    """Returns the name of a resource with its place, if others have the name too."""
    label = item.get("resource")
    named = label in (None, item.get("resource_name"), item.get("resource_id"))
    return "" if named else str(label)


def _fit_inline(answer: AnyListAnswer, shown: Sequence[Shown], width: int | None) -> bool:
    """Whether names with their places fit into the table without dropping more columns."""
    whole = _fitted(answer, shown, True, width, 0)
    fits = width is None or max(map(cells, (whole.head, *whole.rows))) <= width
    return fits and whole.dropped == _fitted(answer, shown, False, width, 0).dropped


def _fitted(
    answer: AnyListAnswer, shown: Sequence[Shown], labels: bool, width: int | None, colour: int
) -> Table:
    """Returns the table, with the labels of resources, which are not cut, or with their names."""
    columns = [_column(one, n, len(shown), labels) for n, one in enumerate(shown)]
    rows = [[_cell(item, one, labels) for one in shown] for item in answer.items]
    return fitted(columns, rows, width, colour)


def _column(one: Shown, place: int, many: int, labels: bool) -> Column:
    style = str.lower if one.style == "severity" else ""
    wide = one.style == "wide"
    return Column(
        one.heading,
        floor=12 if wide and not (labels and one.field == "resource") else None,
        drop=None if wide or not place or one.field in _KEPT else _dropped_at(one, many - place),
        right=one.style == "number",
        style=style,
    )


def _dropped_at(one: Shown, from_the_right: int) -> int:
    return 0 if one.field in _LEAST else from_the_right


def _cell(item: Mapping[str, object], one: Shown, labels: bool) -> str:
    value = item[one.field]
    if one.field == "resource" and not labels:
        value = item.get("resource_name") or item.get("resource_id")
    if one.style == "mark":
        return one.heading if value else ""
    if value is None or value == "":
        return wording.valued("", "owner") if one.field == "owner" else "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if value else "-"
    return _words(value, one)


def _words(value: object, one: Shown) -> str:
    if one.style == "severity":
        return str(value).capitalize()
    if one.field in ("kind", "cause"):
        return str(value).replace("_", " ")
    if one.field == "owner" and isinstance(value, str):
        return wording.valued(value, "owner")
    return str(value)


def _below(item: Mapping[str, object], one: Shown, width: int | None, colour: int) -> Iterator[str]:
    """Yields a sentence, wrapped; or a command, not wrapped, so that it can be copied."""
    if not item[one.field]:
        return
    value = str(item[one.field])
    if one.style == "command":
        yield f"{_INDENT}$ {wrapped(value, None)[0]}"
        return
    for line in labelled(_INDENT, value, width):
        yield _INDENT + styled(line[len(_INDENT) :], "muted", colour)
