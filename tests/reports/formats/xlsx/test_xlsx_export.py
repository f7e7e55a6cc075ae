"""The XLSX export: typed cells, a frozen header, and messages about data that does not fit."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sre_findings.model.answers.answer import Proof
from sre_reports.formats.csv.export import COLUMNS
from sre_reports.formats.registry import Options, write_export
from sre_reports.formats.xlsx.strings import (
    CUT,
    LONGEST,
    fitting,
)

Rows = Callable[..., dict[str, Any]]
Proofs = Callable[..., Proof]


def book(
    proof: Proof,
    *rows: dict[str, Any],
    columns: str | None = "inspector",
    told: list[str] | None = None,
) -> Workbook:
    file = io.BytesIO()
    tell = told.append if told is not None else lambda _: None
    assert write_export(Options("xlsx", columns=columns), proof, [[*rows]], file, tell) == len(rows)
    return openpyxl.load_workbook(file)


def sheet(found: Workbook, name: str) -> Worksheet:
    one = found[name]
    assert isinstance(one, Worksheet)
    return one


def test_cells_are_typed_and_the_header_is_frozen_with_filters(row: Rows, proof: Proofs) -> None:
    findings = sheet(book(proof(), row(), columns="full"), "Findings")
    header, line = findings.iter_rows()
    cells = dict(zip((cell.value for cell in header), line, strict=True))
    assert len(cells) == len(COLUMNS["full"])
    assert {str(name) for name in cells} == {*COLUMNS["full"]}
    assert [*cells][:5] == ["Severity", "CISA KEV", "Due", "Days Overdue", "Vulnerability Id"]
    assert (findings.freeze_panes, findings.auto_filter.ref) == (
        "A2",
        f"A1:{get_column_letter(len(COLUMNS['full']))}2",
    )
    assert (cells["AWS Account Id"].value, cells["AWS Account Id"].number_format) == (
        "111122223333",
        "@",
    )
    assert (cells["First Seen"].value, cells["First Seen"].data_type) == (
        datetime(2026, 11, 2, 3),  # noqa: DTZ001 - a workbook has no zones
        "d",
    )
    assert (
        cells["Inspector Score"].value,
        cells["Age (Days)"].value,
        cells["Epss Score"].value,
    ) == (7.8, 19, 0.00203)
    assert cells["NVD CVSS2 Score"].data_type == "n"
    assert cells["Network Paths"].value is None


def cells_of(found: Workbook) -> dict[str, Any]:
    """The cells of the first finding by their header."""
    header, line, *_ = sheet(found, "Findings").iter_rows()
    return dict(zip((str(cell.value) for cell in header), line, strict=True))


def test_a_workbook_starts_with_risk_deadline_and_owner(row: Rows, proof: Proofs) -> None:
    cells = cells_of(book(proof(), row(), columns=None))
    told = {
        name: cells[name].value for name in ("CISA KEV", "Days Overdue", "Owner", "Instance Name")
    }
    assert told == {
        "CISA KEV": "YES",
        "Days Overdue": 10,
        "Owner": "payments",
        "Instance Name": "prod-web-36",
    }
    assert (cells["Due"].value, cells["Due"].number_format) == (
        datetime(2026, 11, 12),  # noqa: DTZ001 - a workbook has no zones
        "yyyy-mm-dd",
    )
    assert cells["Days Overdue"].font.color.rgb == "FFA8122B"
    assert cells["Severity"].fill.fgColor.rgb == "FFAD411C", "the report's colour of high"
    link = cells["Vulnerability Id"]
    assert (link.value, link.hyperlink.target) == (
        "CVE-2026-1234",
        "https://example.com/CVE-2026-1234",
    )


@pytest.mark.parametrize(
    ("kev", "shown"), [(True, "YES"), (False, "NO"), (None, "UNKNOWN")], ids=str
)
def test_a_vulnerability_that_was_not_checked_is_unknown(
    row: Rows, proof: Proofs, kev: bool | None, shown: str
) -> None:
    made = row(kev=kev, kev_due=None, due_on=None, days_overdue=None)
    cells = cells_of(book(proof(), made, columns=None))
    assert [cells[name].value for name in ("CISA KEV", "Due", "Days Overdue")] == [
        shown,
        None,
        None,
    ]


def test_a_deadline_before_the_calendar_of_spreadsheets_is_text(row: Rows, proof: Proofs) -> None:
    cells = cells_of(book(proof(), row(due_on="1850-01-02"), columns=None))
    assert cells["Due"].value == "1850-01-02"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "file:///etc/passwd", "https://example.com/" + "a" * 3000, "", None],
)
def test_only_addresses_of_web_pages_are_links(
    row: Rows, proof: Proofs, address: str | None
) -> None:
    details = json.dumps({"sourceUrl": address})
    cells = cells_of(book(proof(), row(vulnerability_details=details), columns=None))
    assert cells["Vulnerability Id"].value == "CVE-2026-1234"
    assert cells["Vulnerability Id"].hyperlink is None


@pytest.mark.parametrize("name", ["=1+1", "_x0041_BC", "<r>CVE", "CVE 2026", "A" * 200])
def test_an_unusual_id_is_no_link_and_stays_as_it_is(row: Rows, proof: Proofs, name: str) -> None:
    cells = cells_of(book(proof(), row(vulnerability_id=name), columns=None))
    assert cells["Vulnerability Id"].value == name
    assert cells["Vulnerability Id"].hyperlink is None


def test_links_beyond_the_limit_are_texts_with_a_remark(
    row: Rows, proof: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_reports.formats.xlsx.export.MOST_LINKS", 2)
    told: list[str] = []
    found = book(proof(), *(row() for _ in range(4)), columns=None, told=told)
    cells = [line[4] for line in sheet(found, "Findings").iter_rows(min_row=2)]
    assert [cell.hyperlink is not None for cell in cells] == [True, True, False, False]
    assert {str(cell.value) for cell in cells} == {"CVE-2026-1234"}
    assert told == ["Only the first 2 vulnerabilities are links."]


def test_a_formula_is_text_and_stays_text_when_edited(row: Rows, proof: Proofs) -> None:
    cell = sheet(book(proof(), row(title="=1+1")), "Findings")["E2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)


def test_the_summary_counts_the_rows_of_the_sheet(row: Rows, proof: Proofs) -> None:
    rows = [row(), row(severity="LOW", owner=None), row(status="SUPPRESSED")]
    lines = [
        [cell for cell in line if cell is not None]
        for line in sheet(book(proof(), *rows), "Summary").iter_rows(values_only=True)
    ]
    assert ["Snapshot", "20261122T010000Z"] in lines
    assert ["Findings", 3] in lines
    assert ["ACTIVE", 2, 0, 1, 0, 1, 0, 0] in lines
    assert ["payments", 2, 0, 2, 0, 0, 0, 0] in lines


def test_a_full_sheet_is_followed_by_another(
    row: Rows, proof: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_reports.formats.xlsx.export.MOST_ROWS", 3)
    told: list[str] = []
    found = book(proof(), *(row() for _ in range(5)), told=told)
    assert found.sheetnames == ["Summary", "Findings", "Findings 2", "Findings 3"]
    assert [sheet(found, name).max_row for name in found.sheetnames[1:]] == [3, 3, 2]
    assert sheet(found, "Findings 3").freeze_panes == "A2"
    assert told == ["A sheet holds at most 2 findings; there are 3 sheets."]
    assert told[0] in [line[0] for line in sheet(found, "Summary").iter_rows(values_only=True)]


def test_a_cell_that_is_too_long_is_cut_with_a_note(row: Rows, proof: Proofs) -> None:
    told: list[str] = []
    cell = sheet(book(proof(), row(description="x" * 40_000), told=told), "Findings")["F2"]
    assert isinstance(cell.value, str)
    assert (len(cell.value), cell.value.endswith(CUT)) == (LONGEST, True)
    assert told == ["1 cell was too long and cut, as noted in each."]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x00b\x1bc", "abc"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ud800x", "x"),
        ("\ufffe", ""),
        ("é\t😀", "é\t😀"),
    ],
)
def test_characters_invalid_in_xml_are_removed(text: str, kept: str) -> None:
    assert fitting(text) == kept


def test_length_is_counted_as_spreadsheets_do() -> None:
    assert fitting("😀" * 16_383) == "😀" * 16_383
    cut = fitting("😀" * 16_384)
    assert cut.endswith(CUT)
    assert len(cut.encode("utf-16-le")) // 2 <= LONGEST


def test_a_time_before_the_calendar_of_spreadsheets_is_text(row: Rows, proof: Proofs) -> None:
    assert (
        sheet(book(proof(), row(first_observed_at=-(10**16))), "Findings")["H2"].value
        == "1653-02-10T06:13:20Z"
    )


def test_a_resource_of_an_image_keeps_its_tags(row: Rows, proof: Proofs) -> None:
    image = [{"id": "i", "details": {"awsEcrContainerImage": {"imageTags": ["1.2", "latest"]}}}]
    assert (
        sheet(book(proof(), row(resources=json.dumps(image))), "Findings")["L2"].value
        == "1.2, latest"
    )
