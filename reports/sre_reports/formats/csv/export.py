"""Findings as CSV with Inspector's own 55 columns, for importers of its reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from sre_findings.model.answers.answer import Proof
from sre_findings.model.timestamps import iso
from sre_findings.rows.values import time_of
from sre_reports.formats.csv.cells import Cells
from sre_reports.formats.csv.escaping import (
    BYTE_ORDER_MARK,
    csv_text,
    field,
    guarded_field,
    records,
)

if TYPE_CHECKING:
    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )

_SECOND = 1_000_000
_MINUTE, _DAY = 60 * _SECOND, 86_400 * _SECOND
_KEPT = 16_384

# In Inspector's order; importers compare the whole header.
INSPECTOR = (
    "AWS Account Id",
    "Severity",
    "Fix Available",
    "Finding Type",
    "Title",
    "Description",
    "Finding ARN",
    "First Seen",
    "Last Seen",
    "Last Updated",
    "Resource ID",
    "Container Image Tags",
    "Region",
    "Platform",
    "Resource Tags",
    "Affected Packages",
    "Package Installed Version",
    "Fixed in Version",
    "Package Remediation",
    "File Path",
    "Network Paths",
    "Age (Days)",
    "Remediation",
    "Inspector Score",
    "Inspector Score Vector",
    "Status",
    "Vulnerability Id",
    "Vendor",
    "Vendor Severity",
    "Vendor Advisory",
    "Vendor Advisory Published",
    "NVD CVSS3 Score",
    "NVD CVSS3 Vector",
    "NVD CVSS2 Score",
    "NVD CVSS2 Vector",
    "Vendor CVSS3 Score",
    "Vendor CVSS3 Vector",
    "Vendor CVSS2 Score",
    "Vendor CVSS2 Vector",
    "Resource Type",
    "Ami",
    "Resource Public Ipv4",
    "Resource Private Ipv4",
    "Resource Ipv6",
    "Resource Vpc",
    "Port Range",
    "Epss Score",
    "Exploit Available",
    "Last Exploited At",
    "Lambda Layers",
    "Lambda Package Type",
    "Lambda Last Updated At",
    "Reference Urls",
    "Detector Name",
    "Package Manager",
)
OWN = (
    "Instance Name",
    "Owner",
    "Runtime Reachability",
    "Runtime Reachability Reason",
    "CISA KEV",
    "CISA KEV Due",
    "Due",
    "Days Overdue",
)
COLUMNS = {"inspector": INSPECTOR, "full": INSPECTOR + OWN}


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:  # noqa: ARG001 - a Writer
    """Writes the file; see :func:`chunks`. Ages are as of the snapshot."""
    as_of = proof.as_of or datetime.now(UTC)
    columns = options.columns or "inspector"
    pieces = chunks(batches, as_of, columns=columns, raw=options.raw, excel=options.excel)
    file.writelines(piece.encode() for piece in pieces)


def chunks(
    batches: Iterable[Sequence[Mapping[str, Any]]],
    as_of: datetime,
    *,
    columns: str = "inspector",
    raw: bool = False,
    excel: bool = False,
) -> Iterator[str]:
    """Yields the CSV, one chunk per batch. The header comes first, even without findings.

    Ages are as of ``as_of``. ``columns="full"`` appends our own columns. ``raw`` leaves formulas
    unescaped, for programs; ``excel`` starts with a byte order mark. Memory is bounded by one batch
    and caches of a fixed size. Raises KeyError for other ``columns``.
    """
    names = COLUMNS[columns]
    yield (BYTE_ORDER_MARK if excel else "") + csv_text([names])
    write = field if raw else guarded_field
    cells = Cells(as_of, csv_time, lambda run: ",".join(map(write, run)))
    of_row = cells.full if columns == "full" else cells.inspector
    for batch in batches:
        yield records(map(of_row, batch))


def csv_time(microseconds: int | None) -> str:
    """Returns a time such as ``2026-11-22T01:00:00Z``; empty for None.

    It has milliseconds if there are any, as in ``iso``.
    """
    if microseconds is None:
        return ""
    minutes, rest = divmod(microseconds, _MINUTE)
    if rest % _SECOND:
        return f"{_minute(minutes)}{rest // _SECOND:02}.{rest // 1000 % 1000:03}Z"
    return f"{_minute(minutes)}{rest // _SECOND:02}Z"


@lru_cache(_KEPT)
def _minute(minutes: int) -> str:
    """Returns the part before the seconds."""
    moment = time_of(minutes * _MINUTE)
    return iso(moment)[:-3] if moment else ""
