"""The first sheet of a workbook: snapshot, completeness, and counts by severity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.severity import ORDER
from sre_findings.model.timestamps import iso
from sre_reports.formats.finding_fields import (
    PRODUCT,
    Row,
    warnings,
)
from sre_reports.formats.xlsx.strings import fitting, write_text

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_MOST = 1000  # groups of a table; there are few accounts and owners


class Summary:
    """Counts the rows as they pass."""

    def __init__(self) -> None:
        self.total = 0
        self.by: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in _TABLES}

    def add(self, row: Row) -> None:
        """Counts a finding."""
        self.total += 1
        severity = row["severity"] or "none"
        for name, field in _TABLES.items():
            self.by[name][row[field] or "", severity] += 1


_TABLES = {
    "Status": "status",
    "Resource type": "resource_type",
    "Account": "account_id",
    "Region": "region",
    "Owner": "owner",
}


def write_summary(
    book: Any, sheet: Worksheet, proof: Proof, summary: Summary, remarks: Sequence[str]
) -> None:
    """Writes the sheet row by row, as constant memory requires."""
    formats = {
        "bold": book.add_format({"bold": True}),
        "warning": book.add_format({"bold": True, "font_color": "#B00020"}),
        "text": book.add_format({"num_format": "@"}),
    }
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 8, 14)
    for place, (style, cells) in enumerate(_lines(proof, summary, remarks)):
        for column, cell in enumerate(cells):
            if isinstance(cell, int):
                sheet.write_number(place, column, cell)
            else:
                write_text(sheet, (place, column), cell, formats[style])


def _lines(
    proof: Proof, summary: Summary, remarks: Sequence[str]
) -> Iterator[tuple[str, Sequence[str | int]]]:
    yield "bold", [f"Amazon Inspector findings, exported by {PRODUCT}"]
    yield "text", ["Snapshot", proof.snapshot_id or "none"]
    yield "text", ["As of", iso(proof.as_of) if proof.as_of else "unknown"]
    yield "text", ["Completeness", f"{proof.state or 'none'} {proof.claim}".strip()]
    yield "text", ["Findings", summary.total]
    yield from (("warning", [fitting(text)]) for text in (*warnings(proof), *remarks))
    for name, counts in summary.by.items():
        yield "text", []
        yield from _table(name, counts)


def _table(
    name: str, counts: Counter[tuple[str, str]]
) -> Iterator[tuple[str, Sequence[str | int]]]:
    others = sorted({severity for _, severity in counts} - {*ORDER})
    severities = [*ORDER, *others[:_MOST]]
    totals: Counter[str] = Counter()
    for (group, _), count in counts.items():
        totals[group] += count
    yield "bold", [name, "Total", *map(str.capitalize, severities)]
    for group, total in totals.most_common(_MOST):
        yield (
            "text",
            [fitting(group) or "–", total, *(counts[group, severity] for severity in severities)],
        )
    if len(totals) > _MOST:
        yield "text", [f"and {len(totals) - _MOST:,} more"]
