"""The CSV export: Inspector's columns and cells, and the effect of the options."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from sre_reports.formats.csv import export as csv_export
from sre_reports.formats.csv import nested_fields
from sre_reports.formats.csv.escaping import Cell

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
Rows = Callable[..., dict[str, Any]]

HEADER = (
    "AWS Account Id,Severity,Fix Available,Finding Type,Title,Description,Finding ARN,First"
    " Seen,Last Seen,Last Updated,Resource ID,Container Image Tags,Region,Platform,Resource"
    " Tags,Affected Packages,Package Installed Version,Fixed in Version,Package Remediation,File"
    " Path,Network Paths,Age (Days),Remediation,Inspector Score,Inspector Score"
    " Vector,Status,Vulnerability Id,Vendor,Vendor Severity,Vendor Advisory,Vendor Advisory"
    " Published,NVD CVSS3 Score,NVD CVSS3 Vector,NVD CVSS2 Score,NVD CVSS2 Vector,Vendor CVSS3"
    " Score,Vendor CVSS3 Vector,Vendor CVSS2 Score,Vendor CVSS2 Vector,Resource Type,Ami,Resource"
    " Public Ipv4,Resource Private Ipv4,Resource Ipv6,Resource Vpc,Port Range,Epss Score,Exploit"
    " Available,Last Exploited At,Lambda Layers,Lambda Package Type,Lambda Last Updated"
    " At,Reference Urls,Detector Name,Package Manager"
)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def export(*rows: dict[str, Any], **options: Any) -> str:
    return "".join(csv_export.chunks([list(rows)], AS_OF, **options))


def test_the_header_is_inspectors_even_without_findings() -> None:
    assert "".join(csv_export.chunks([], AS_OF)) == HEADER + "\r\n"
    assert len(csv_export.INSPECTOR) == 55


def test_every_cell_of_a_package_finding(row: Rows) -> None:
    (cells,) = read(export(row()))
    assert {name: cell for name, cell in cells.items() if cell} == {
        "AWS Account Id": "111122223333",
        "Severity": "HIGH",
        "Fix Available": "PARTIAL",
        "Finding Type": "PACKAGE_VULNERABILITY",
        "Title": "CVE-2026-1234 - vim-minimal, vim-data",
        "Description": 'A flaw, and a "quoted" one.',
        "Finding ARN": (
            "arn:aws:inspector2:eu-west-1:111122223333:finding/0123456789abcdef0123456789abcdef"
        ),
        "First Seen": "2026-11-02T03:00:00Z",
        "Last Seen": "2026-11-21T03:04:05.098Z",
        "Resource ID": "i-0123456789abcdef0",
        "Region": "eu-west-1",
        "Platform": "AMAZON_LINUX_2023",
        "Resource Tags": "Name:prod-web-36, empty:",
        "Affected Packages": "vim-minimal, vim-data",
        "Package Installed Version": "2:9.0.2153-1.amzn2023, 9.0.2153-1.amzn2023",
        "Fixed in Version": "2:9.1.785-1.amzn2023, NotAvailable",
        "Package Remediation": "dnf update vim-minimal, ",
        "Age (Days)": "19",
        "Remediation": "Update. https://example.com/fix",
        "Inspector Score": "7.8",
        "Inspector Score Vector": "CVSS:3.1/AV:L/PR:N",
        "Status": "ACTIVE",
        "Vulnerability Id": "CVE-2026-1234",
        "Vendor": "REDHAT_CVE",
        "Vendor Severity": "Important",
        "Vendor Advisory": "https://example.com/CVE-2026-1234",
        "Vendor Advisory Published": "2022-12-03T13:15:00Z",
        "NVD CVSS3 Score": "7.8",
        "NVD CVSS3 Vector": "CVSS:3.1/AV:L",
        "NVD CVSS2 Score": "5.0",
        "NVD CVSS2 Vector": "AV:N/AC:L/Au:N/C:N/I:P/A:N",
        "Vendor CVSS3 Score": "6.1",
        "Vendor CVSS3 Vector": "CVSS:3.0/AV:N",
        "Resource Type": "AWS_EC2_INSTANCE",
        "Ami": "ami-0123",
        "Resource Public Ipv4": "203.0.113.9, not an address",
        "Resource Private Ipv4": "10.0.0.7",
        "Resource Ipv6": "2001:db8::1",
        "Resource Vpc": "vpc-0123",
        "Epss Score": "0.00203",
        "Exploit Available": "YES",
        "Last Exploited At": "2023-01-16T06:47:24Z",
        "Reference Urls": "https://example.com/a, https://example.com/b",
        "Package Manager": "OS, OS",
    }


def test_a_network_finding_has_its_path_and_ports(row: Rows) -> None:
    steps = [
        {"componentId": "igw-1", "componentType": "AWS::EC2::InternetGateway"},
        {"componentId": "i-1"},
    ]
    details = {
        "networkPath": {"steps": steps},
        "openPortRange": {"begin": 22, "end": 22},
        "protocol": "TCP",
    }
    empty = dict.fromkeys(
        (
            "packages",
            "vulnerability_details",
            "vulnerability_id",
            "inspector_score",
            "exploitability",
        )
    )
    (cells,) = read(
        export(row(type="NETWORK_REACHABILITY", network_details=json.dumps(details), **empty))
    )
    assert cells["Network Paths"] == "igw-1 (AWS::EC2::InternetGateway) -> i-1"
    assert (cells["Port Range"], cells["Affected Packages"], cells["Inspector Score"]) == (
        "22 - 22",
        "",
        "",
    )


def test_a_code_finding_has_its_file_and_detector(row: Rows) -> None:
    details = {
        "filePath": {"filePath": "app/main.py"},
        "detectorName": "Hardcoded secret",
        "referenceUrls": ["https://x"],
    }
    (cells,) = read(
        export(row(packages=None, vulnerability_details=None, code_details=json.dumps(details)))
    )
    assert (cells["File Path"], cells["Detector Name"], cells["Reference Urls"]) == (
        "app/main.py",
        "Hardcoded secret",
        "https://x",
    )


def test_an_image_and_a_function_have_columns_of_their_own(row: Rows) -> None:
    image = [
        {
            "id": "i",
            "details": {
                "awsEcrContainerImage": {"imageTags": ["1.2", "latest"], "platform": "DEBIAN_12"}
            },
        }
    ]
    function = {
        "runtime": "PYTHON_3_13",
        "layers": ["arn:a", "arn:b"],
        "packageType": "ZIP",
        "lastModifiedAt": 1771418435.83,
    }
    functions = [
        {"id": "other"},
        {
            "id": "f",
            "details": {"awsLambdaFunction": {**function, "vpcConfig": {"vpcId": "vpc-9"}}},
        },
    ]
    first, second = read(
        export(
            row(resources=json.dumps(image)), row(resources=json.dumps(functions), resource_id="f")
        )
    )
    assert (first["Container Image Tags"], first["Platform"], first["Resource Tags"]) == (
        "1.2, latest",
        "DEBIAN_12",
        "",
    )
    assert (second["Platform"], second["Lambda Layers"], second["Resource Vpc"]) == (
        "PYTHON_3_13",
        "arn:a, arn:b",
        "vpc-9",
    )
    assert (second["Lambda Package Type"], second["Lambda Last Updated At"]) == (
        "ZIP",
        "2026-02-18T12:40:35.830Z",
    )


def test_full_columns_come_after_inspectors_own(row: Rows) -> None:
    text = export(row(), columns="full")
    (cells,) = read(text)
    assert text.startswith(
        HEADER + ",Instance Name,Owner,Runtime Reachability,Runtime Reachability Reason"
        ",CISA KEV,CISA KEV Due,Due,Days Overdue\r\n"
    )
    assert (cells["Instance Name"], cells["Owner"]) == ("prod-web-36", "payments")
    assert [cells[name] for name in ("CISA KEV", "CISA KEV Due", "Due", "Days Overdue")] == [
        "YES",
        "2026-11-12",
        "2026-11-12",
        "10",
    ]


def test_unknown_columns_are_rejected_before_writing() -> None:
    with pytest.raises(KeyError):
        next(csv_export.chunks([], AS_OF, columns="mine"))


def test_formulas_are_escaped_unless_raw(row: Rows) -> None:
    hostile = row(
        title="=cmd|' /C calc'!A0", resources=json.dumps([{"id": "i", "tags": {"=1": "+2"}}])
    )
    (safe,), (raw,) = read(export(hostile)), read(export(hostile, raw=True))
    assert (safe["Title"], safe["Resource Tags"]) == ("'=cmd|' /C calc'!A0", "'=1:+2")
    assert (raw["Title"], raw["Resource Tags"]) == ("=cmd|' /C calc'!A0", "=1:+2")


def test_excel_gets_a_byte_order_mark_once(row: Rows) -> None:
    text = "".join(csv_export.chunks([[row()], [row()]], AS_OF, excel=True))
    assert text.startswith("\ufeffAWS Account Id,")
    assert text.count("\ufeff") == 1


def test_an_age_is_never_negative_and_empty_if_unknown(row: Rows) -> None:
    later = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
    first, second = read(export(row(first_observed_at=later), row(first_observed_at=None)))
    assert (first["Age (Days)"], second["Age (Days)"], second["First Seen"]) == ("0", "", "")


def test_batches_are_read_only_when_needed(row: Rows) -> None:
    asked: list[int] = []

    def batches() -> Iterator[list[dict[str, Any]]]:
        for number in range(3):
            asked.append(number)
            yield [row()]

    chunks = csv_export.chunks(batches(), AS_OF)
    next(chunks)
    assert asked == []
    next(chunks)
    assert asked == [0]


def test_repeated_values_are_parsed_once(row: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str | None] = []
    packages = nested_fields.packages

    def counting(text: str | None) -> tuple[Cell, ...]:
        parsed.append(text)
        return packages(text)

    monkeypatch.setattr(nested_fields, "packages", counting)
    export(row(), row(title="another finding of the same packages"))
    assert parsed == [row()["packages"]]


def test_pandas_keeps_account_ids_as_the_guide_shows(row: Rows) -> None:
    text = export(row(account_id="000000000012"))
    frame = pd.read_csv(io.StringIO(text), dtype={"AWS Account Id": "string"})
    assert [*frame["AWS Account Id"]] == ["000000000012"]
