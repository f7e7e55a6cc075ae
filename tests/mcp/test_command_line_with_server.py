"""With SRE_SERVER, commands have the same output and exit codes as with the store."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sre_cli.main import main
from sre_findings.queries import QUERIES
from sre_reports.formats import registry
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, UNMANAGED_INSTANCE

QUESTIONS = [
    ("vulnerabilities", "-i", BUSY_INSTANCE),
    ("vulnerabilities", "-i", BUSY_INSTANCE, "-n", "0", "--fail-on", "critical"),
    ("vulnerabilities", "-i", CLEAN_INSTANCE, "--cached"),
    ("vulnerabilities", "-i", UNMANAGED_INSTANCE, "--cached"),
    ("vulnerabilities", "-i", "nobody", "--cached"),
    (
        "vulnerabilities",
        "-i",
        "prod-web-36",
        "--cached",
        "-s",
        "critical",
        "--suppressed",
        "--fail-on",
        "low",
    ),
    ("summary",),
    ("summary", "--by", "resource", "-n", "0"),
    ("summary", "--by", "package", "-n", "7", "--owner", "payments"),
    ("coverage",),
    ("changes", "-n", "0"),
    ("changes", "--kind", "resolved", "--owner", "payments", "-n", "3"),
    ("trend", "--of", "owner=payments", "--days", "9"),
    ("sla", "--by", "account"),
    ("time-to-fix", "--by", "owner"),
    ("priorities", "--type", "ec2", "-n", "30"),
    ("fixes", "-n", "40"),
    ("fixes", "--images"),
    ("fixes", "--what-if", "3"),
    ("show", "log4shell"),
    ("show", "CVE-1999-0001", "--owner", "payments"),
    ("where", "openssl", "-n", "0"),
    ("where", "cve-2024-3094", "--as-of", "yesterday"),
]
WRONG = [
    ("vulnerabilities", "-i", "i-0123456789abcdeg0", "--cached"),
    ("vulnerabilities", "-i", "prod-api-07", "--cached"),
    ("summary", "--owner", "nobody"),
    ("changes", "--as-of", "1999-01-01"),
    ("trend", "--of", "moon=full"),
    ("suppressions",),
    ("take", "CVE-1", "prod-web-36", "--until", "7d"),
    ("take", "CVE-2024-3094", "prod-web-36", "--until", "99d"),
]
FORMS = ("table", "json", "csv", "ndjson")


class Said(NamedTuple):
    """The output of a command, and its exit code."""

    code: Any
    out: str
    err: str


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], http: Any, demo_store: Path
) -> Callable[..., Said]:
    """Runs a command with the store (``here``) or with only the server.

    ``cli(here, "summary")``
    """

    def run(here: bool, *arguments: str) -> Said:
        with monkeypatch.context() as patch:
            patch.setenv("SRE_STORE", str(demo_store if here else demo_store / "nothing"))
            patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
            if not here:
                patch.setenv("SRE_SERVER", http.url)
            capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        printed = capfd.readouterr()
        return Said(ended.value.code, printed.out, printed.err)

    return run


def timeless(said: Said) -> Said:
    """The output without values that depend on the time."""
    out = re.sub(r'"age_seconds": \d+', '"age_seconds": 0', said.out)
    return Said(said.code, re.sub(r"\d+ (seconds?|minutes?) (ago|old)", "now", out), said.err)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_every_query_has_the_same_answer(cli: Any, question: tuple[str, ...], form: str) -> None:
    here = timeless(cli(True, *question, "--output", form))
    assert timeless(cli(False, *question, "--output", form)) == here
    assert here.out


@pytest.mark.parametrize("question", WRONG, ids=" ".join)
def test_a_failing_query_has_the_same_error(cli: Any, question: tuple[str, ...]) -> None:
    here = cli(True, *question)
    assert cli(False, *question) == here
    wrong = 7 if "prod-api-07" in question else 2  # two resources have that name
    assert (here.code, here.err.count("\n")) == (wrong, 1)


def test_every_query_is_covered_by_these_tests() -> None:
    # only used by tools, or tested elsewhere: images and fix-effects are options of fixes, and
    # why and diff need a store
    known = {"findings", "export", "file", "snapshots", "operations", "images"} | {
        "finding",
        "due-dates",
        "survival",
        "fix-effects",
        "claims",  # in test_claims.py: without claims, the answer has the time
        "why",
        "diff",
    }
    asked = {command for command, *_ in (*QUESTIONS, *WRONG)}
    assert set(QUERIES) - {"vulnerabilities", "summary", "coverage"} - known <= asked
    assert {"vulnerabilities", "summary", "coverage"} <= asked


def test_a_cursor_continues_from_the_previous_page(cli: Any) -> None:
    for here in (True, False):
        first = cli(here, "vulnerabilities", "-i", BUSY_INSTANCE, "-n", "3", "--output", "json")
        cursor = re.search(r'"next_cursor": "([^"]+)"', first.out)
        assert cursor
        more = (
            "vulnerabilities",
            "-i",
            BUSY_INSTANCE,
            "-n",
            "3",
            "--output",
            "json",
            "--cursor",
            cursor[1],
        )
        assert timeless(cli(here, *more)) == timeless(cli(not here, *more)), (
            "a cursor works wherever it comes from"
        )


def test_the_store_option_takes_precedence_over_the_server(
    cli: Any, demo_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_SERVER", "http://127.0.0.1:9")
    assert cli(True, "summary", "--store", str(demo_store)).code == 0


EXPORTS = [
    # openvex contains the time of the export
    *(("--format", form) for form in registry.FORMS if form != "openvex"),
    ("--columns", "full", "--excel", "--raw"),
    ("--format", "ndjson", "-i", "prod-web-36", "-s", "critical", "-s", "high"),
    (
        "--format",
        "parquet",
        "--status",
        "active",
        "--status",
        "suppressed",
        "--type",
        "ecr",
        "--type",
        "lambda",
    ),
    ("--owner", "payments", "--region", "eu-west-1", "--as-of", "yesterday"),
    ("-s", "informational"),
]
_OWN_NUMBER = re.compile(rb"urn:uuid:[0-9a-f-]{36}")  # new in each CycloneDX document


@pytest.mark.parametrize("wanted", EXPORTS, ids=" ".join)
def test_an_export_has_the_same_bytes(cli: Any, wanted: tuple[str, ...], tmp_path: Path) -> None:
    files = []
    for here in (True, False):
        path = tmp_path / "file"
        said = cli(
            here,
            "export",
            *(wanted if "--format" in wanted else ("--format", "csv", *wanted)),
            "-f",
            str(path),
        )
        files.append((said, _OWN_NUMBER.sub(b"", path.read_bytes())))
    assert files[0][0] == files[1][0]
    assert files[0][1] == files[1][1]
    assert (files[0][0].code, files[0][0].err.count("findings of snapshot")) == (0, 1)


def test_an_export_can_be_written_to_stdout(cli: Any) -> None:
    here, there = (
        cli(one, "export", "-s", "critical", "--format", "ndjson") for one in (True, False)
    )
    assert here == there
    assert here.out.startswith('{"')


@pytest.mark.parametrize(
    "wrong",
    [("--as-of", "1999-01-01"), ("-i", "prod-api-07"), ("--format", "openvex")],
    ids=" ".join,
)
def test_a_failing_export_has_the_same_error_and_keeps_the_file(
    cli: Any, wrong: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "old.csv").write_text("old")
    here, there = (
        cli(one, "export", *wrong, "-f", str(tmp_path / "old.csv")) for one in (True, False)
    )
    assert here == there
    code = 7 if "prod-api-07" in wrong else 2  # two resources have that name
    assert (here.code, [one.read_text() for one in tmp_path.iterdir()]) == (code, ["old"])


OWN = {
    ("report", "-f", "somewhere"): "Published reports are at http://127.0.0.1:PORT/reports/. ",
    ("sql", "select 1"): "Run SQL where the store is. ",
    ("suppressions", "--openvex", "-"): "With a server, use sre-cli export --format openvex. ",
}


@pytest.mark.parametrize("command", OWN, ids=" ".join)
def test_commands_that_need_the_store_say_so(cli: Any, http: Any, command: tuple[str, ...]) -> None:
    said = cli(False, *command)
    do = OWN[command].replace("PORT", str(http.port)) + "Unset it, or use --store."
    assert (said.code, said.err.strip()) == (
        2,
        f"sre-cli: SRE_SERVER is set: this command reads the store directly. {do}",
    )


_ASK = """
import sys
from sre_cli.main import main
try:
    main(["summary"])
finally:
    print({"duckdb", "_duckdb", "pyarrow", "boto3", "botocore", "mcp", "sqlglot", "pydantic"} & set(sys.modules))
"""


def test_a_query_to_a_server_imports_no_code_that_reads_a_store(http: Any) -> None:
    environ = os.environ | {"SRE_SERVER": http.url}
    said = subprocess.run(
        [sys.executable, "-c", _ASK], env=environ, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines()[-1] == "set()"
