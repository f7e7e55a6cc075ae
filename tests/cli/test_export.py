"""``sre-cli export``: the same findings in every format, and refused requests."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from sre_findings.model.findings.finding_key import finding_key
from sre_reports.formats.registry import FORMS

Cli = Callable[..., Any]


def counted(path: Path) -> int:
    """The number of findings in an exported file."""
    if path.name.endswith(".csv"):
        return len(list(csv.DictReader(io.StringIO(path.read_text(), newline=""))))
    if path.name.endswith(".xlsx"):
        sheet = openpyxl.load_workbook(path)["Summary"]
        assert isinstance(sheet, Worksheet)
        return int(
            str(
                next(line[1] for line in sheet.iter_rows(values_only=True) if line[0] == "Findings")
            )
        )
    if path.name.endswith("ndjson"):
        return len(path.read_text().splitlines())
    body = json.loads(path.read_text())
    return (
        len(body["runs"][0]["results"]) if "runs" in body else int(body["properties"][0]["value"])
    )


@pytest.mark.parametrize("form", ["csv", "xlsx", "ndjson", "sarif", "ocsf", "cyclonedx"])
def test_every_format_has_the_number_of_findings_of_the_answer(
    cli: Cli, demo: Path, tmp_path: Path, form: str
) -> None:
    total = cli("summary", "--output", "json").json["counts"]["total"]
    path = tmp_path / f"findings{FORMS[form].suffix}"
    run = cli("export", "-f", str(path))
    assert run.code == 0
    assert f"{total:,} findings of snapshot" in run.err
    assert counted(path) == total


def test_the_finding_key_is_that_of_the_history(cli: Cli, demo: Path) -> None:
    events = {
        one["finding_arn"]: one["finding_key"]
        for one in cli("changes", "--output", "json").json["events"]
        if one["finding_arn"]
    }
    rows = [
        json.loads(line)
        for line in cli(
            "export", "--format", "ocsf", "--status", "active", "--status", "suppressed"
        ).out.splitlines()
    ]
    keys = {one["finding_info"]["uid"]: one["finding_info"]["uid_alt"] for one in rows}
    both = events.keys() & keys.keys()
    assert both
    assert {arn: keys[arn] for arn in both} == {arn: events[arn] for arn in both}


def test_a_finding_key_without_an_arn_uses_the_aws_partition() -> None:
    none = {
        "account_id": None,
        "resource_type": None,
        "resource_id": None,
        "subject": None,
        "title": None,
    }
    named = {
        one: finding_key({"finding_arn": one, "region": "r", **none})
        for one in ("x", "y", "", None)
    }
    assert named["x"] != named["y"]
    assert named[None] == named[""]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("-f", "findings.json"), "could be"),
        (("-f", "findings.txt"), "is unclear"),
        (("-f", "x.sarif", "--excel"), "--excel does not apply to sarif: it is for csv"),
        (
            ("-f", "x.ndjson", "--columns", "full"),
            "--columns does not apply to ndjson: it is for csv, xlsx",
        ),
        (("-f", "x.openvex.json"), "SRE_SUPPRESSIONS"),
    ],
)
def test_ambiguous_formats_and_ignored_options_are_refused(
    cli: Cli,
    demo: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    run = cli("export", *arguments)
    assert (run.code, why in run.err) == (2, True), run.err
    assert not [*tmp_path.iterdir()]


def test_binary_formats_are_refused_on_a_terminal_but_not_in_a_pipe(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("export", "--format", "sarif", "-s", "critical").code == 0
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run = cli("export", "--format", "xlsx")
    assert run.code == 2
    assert "-f findings.xlsx" in run.err


def test_openvex_has_the_statements_of_the_suppressions_file(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(
        "suppressions:\n- vulnerability: CVE-*\n  scope:\n    accounts: ['111122223333']\n"
        "  reason: r\n  owner: o\n  expires: 2999-01-01\n"
    )
    monkeypatch.setenv("SRE_SUPPRESSIONS", str(tmp_path / "rules.yaml"))
    run = cli("export", "-f", str(tmp_path / "x.openvex.json"), "--author", "security@example.com")
    assert run.code == 0, run.err
    body = json.loads((tmp_path / "x.openvex.json").read_text())
    assert body["author"] == "security@example.com"
    assert "have no statement" in run.err


def test_a_partial_snapshot_exits_3_in_every_new_format(
    cli: Cli, demo: Path, tmp_path: Path
) -> None:
    for form in ("xlsx", "sarif", "ocsf", "cyclonedx"):
        assert (
            cli(
                "export",
                "--format",
                form,
                "-s",
                "informational",
                "--max-age",
                "1s",
                "-f",
                str(tmp_path / form),
            ).code
            == 3
        )
