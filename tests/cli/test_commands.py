"""Commands that write, and errors: one line, the right exit code, no traceback."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from tests.support.clock import session_hour
from tests.support.inspector_findings import INSTANCE, inspector_finding

from sre_cli import main as module
from sre_findings.inspector import regions
from sre_findings.store.schema.original_finding import finding as rebuild
from sre_simulator.fleet import BUSY_INSTANCE, default_fleet, replay_fleet
from sre_simulator.inspector.server import Fault, Simulator

Cli = Callable[..., Any]
HOSTILE = "=HYPERLINK(1)\x1b[31m\u202eevil</script><b>"


def assert_one_line(run: Any, code: int, *words: str) -> None:
    assert run.code == code, run.err
    assert run.out == ""
    assert "Traceback" not in run.err
    last = run.err.strip().splitlines()[-1]
    for word in words:
        assert word in last, run.err


def test_the_demo_shows_the_verdict_and_the_paths_of_its_files(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))
    run = cli("demo", "--nights", "1")
    assert run.code == 0
    assert "1,011 open findings: 24 critical, 466 high, 437 medium, 84 low" in run.out
    assert (
        "Verdict: vulnerable  (critical 24  high 466  medium 437  low 84  informational 0 "
        " untriaged 0  total 1,011)" in run.out
    )
    assert f"export SRE_STORE={tmp_path / 'store'}" in run.out
    assert (tmp_path / "store" / "exports" / "prod-web-36.csv").exists()
    (page,) = (tmp_path / "store" / "reports").glob("*/index.html")
    assert f"Report:      {page}\n" in run.out
    assert (
        f'href="{page.parent.name}/index.html"'
        in (tmp_path / "store" / "reports" / "index.html").read_text()
    )
    again = cli("demo", "--nights", "2")
    assert again.code == 0
    assert again.err.count("sre-cli: report of all resources") == 1  # for the newest day only
    days = {page.parent.name for page in (tmp_path / "store" / "reports").glob("*/index.html")}
    assert len(days) == len(cli("snapshots", "list", "--output", "json").json) == 2
    listed = (tmp_path / "store" / "reports" / "index.html").read_text()
    assert all(f'href="{day}/index.html"' in listed for day in days)


def test_the_demo_does_not_touch_another_store(
    cli: Cli, inspector: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))
    with inspector():
        assert cli("scan", "--region", "us-east-1", "--rate", "1000").code == 0
    assert_one_line(cli("demo"), 2, "already has snapshots", "empty folder")
    assert len(cli("snapshots", "list", "--output", "json").json) == 1


def test_a_scan_prints_its_id_and_result(cli: Cli, inspector: Any, tmp_path: Path) -> None:
    with inspector():
        run = cli("scan", "--region", "us-east-1", "--rate", "1000", "--store", str(tmp_path))
    assert run.code == 0
    assert (
        run.out.strip()
        == cli("snapshots", "list", "--output", "json", "--store", str(tmp_path)).json[0][
            "snapshot_id"
        ]
    )
    assert "complete for all visible accounts" in run.err


def test_a_partial_scan_exits_3_with_the_reason(cli: Cli, inspector: Any, tmp_path: Path) -> None:
    with inspector(faults=[Fault("denied", "ListCoverage", times=9)]):
        run = cli("scan", "--region", "us-east-1", "--rate", "1000", "--store", str(tmp_path))
    assert run.code == 3
    assert "us-east-1: coverage denied" in run.err
    asked = cli("summary", "--store", str(tmp_path), "--output", "json")
    assert (asked.code, asked.json["certificate"]["state"]) == (3, "partial")
    unknown = cli(
        "vulnerabilities",
        "-i",
        "i-0123456789abcdef0",
        "--cached",
        "--store",
        str(tmp_path),
        "--output",
        "json",
    )
    assert (unknown.code, unknown.json["verdict"]) == (3, "unknown")


def test_without_regions_the_configured_one_is_scanned_with_a_warning(
    cli: Cli, inspector: Any, tmp_path: Path
) -> None:
    with inspector():
        run = cli("scan", "--rate", "1000", "--store", str(tmp_path))
    assert run.code == 0
    warnings = cli("snapshots", "show", "--store", str(tmp_path)).json["certificate"]["warnings"]
    assert any("only eu-west-1 was scanned" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("denied", "AmazonInspector2ReadOnlyAccess"),
        ("expired", "Renew them"),
        ("unrecognized", "Renew them"),
    ],
)
def test_a_denied_scan_exits_4_with_a_remedy(
    cli: Cli, inspector: Any, tmp_path: Path, fault: str, words: str
) -> None:
    faults = [
        Fault(fault, name, times=99)
        for name in ("ListFindings", "ListCoverage", "BatchGetAccountStatus")
    ]
    with inspector(faults=faults):
        run = cli("scan", "--region", "us-east-1", "--store", str(tmp_path))
    assert_one_line(run, 4, words)
    assert not (tmp_path / "commits").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("scan", "--region", "eu-wset-1"), 2, ("not an AWS region", "eu-west-1")),
        (("scan", "--status", "sleeping"), 2, ("sleeping", "ACTIVE")),
        (("vulnerabilities", "-i", "i-12345"), 2, ("not an EC2 instance id", "Example")),
        (
            ("vulnerabilities", "-i", "x", "-s", "severe"),
            2,
            ("'severe' is not a severity", "critical"),
        ),
        (("export", "--type", "toaster"), 2, ("'toaster' is not a resource type", "ec2")),
        (("export", "-f", "x.csv"), 2, ("no snapshot yet", "sre-cli scan")),
        (("report", "-f", "x"), 2, ("no snapshot yet",)),
        (("report",), 2, ("no snapshot yet",)),
        (("snapshots", "show"), 2, ("no snapshot yet",)),
        (("summary", "--max-age", "soon"), 2, ("not a duration",)),
        (("summary", "--store", "gopher://x"), 2, ("not a store",)),
        (("summary", "--table", "mysql://x"), 2, ("not a table",)),
        (("summary", "--store", "s3://bucket/x"), 2, ("SRE_TABLE is not set",)),
        (("vulnerabilites", "-i", "x"), 2, ("Did you mean vulnerabilities",)),
    ],
)
def test_a_usage_error_is_one_helpful_line(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_line(cli(*arguments), code, *words)


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan",),
        ("scan", "--region", "eu-west-1"),
        ("vulnerabilities", "i-0123456789abcdef0", "--live"),
        ("vulnerabilities", "i-0123456789abcdef0", "--live", "--region", "eu-west-1"),
    ],
)
@pytest.mark.parametrize("by", ["environment", "option"])
def test_a_profile_that_does_not_exist_is_one_line(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], by: str
) -> None:
    monkeypatch.chdir(tmp_path)
    regions._plain_session.cache_clear()
    if by == "environment":
        monkeypatch.setenv("AWS_PROFILE", "nope")
    run = cli(*arguments, *(("--profile", "nope") if by == "option" else ()))
    assert_one_line(run, 2, "profile (nope) could not be found", "Check --profile")


@pytest.mark.parametrize(
    ("place", "unwritten"),
    [
        ("sre_findings.files.os.fsync", "the file was not written"),
        ("sre_scanner.spool.spool.Spool._flush", "nothing was committed"),
    ],
)
def test_a_full_disk_is_reported_and_leaves_no_snapshot(
    cli: Cli,
    inspector: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    unwritten: str,
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with inspector():
        monkeypatch.setattr(place, full)
        run = cli("scan", "--region", "us-east-1", "--rate", "1000", "--store", str(tmp_path))
    assert_one_line(run, 4, "the disk is full", unwritten)
    assert not list(tmp_path.rglob("commits/*.json"))


def test_without_a_snapshot_the_answer_is_unknown_and_exits_3(cli: Cli, tmp_path: Path) -> None:
    run = cli(
        "vulnerabilities",
        "-i",
        "prod-web-36",
        "--cached",
        "--store",
        str(tmp_path),
        "--output",
        "json",
    )
    assert (run.code, run.json["verdict"], run.json["reason"]) == (3, "unknown", "no_snapshot")
    assert cli("summary", "--store", str(tmp_path), "--output", "json").json["verdict"] == "unknown"
    assert cli("coverage", "--store", str(tmp_path)).code == 3


def test_an_unreadable_store_exits_4_with_its_path(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "commits").write_text("not a folder")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "commits").mkdir()
    (tmp_path / "store" / "commits" / "000000000001.json").write_text("{")
    assert_one_line(cli("summary", "--store", str(tmp_path / "store")), 4, "is not a commit")


def test_verify_finds_a_changed_file_and_exits_4(cli: Cli, inspector: Any, tmp_path: Path) -> None:
    with inspector():
        cli("scan", "--region", "us-east-1", "--rate", "1000", "--store", str(tmp_path))
    assert cli("snapshots", "verify", "--all", "--store", str(tmp_path)).code == 0
    part = next(tmp_path.glob("tables/findings/*/*.parquet"))
    part.write_bytes(part.read_bytes()[:-20] + bytes(20))
    run = cli("snapshots", "verify", "--store", str(tmp_path))
    assert run.code == 4
    assert "SHA-256" in run.err
    assert_one_line(
        cli("export", "-f", str(tmp_path / "x.csv"), "--store", str(tmp_path)),
        4,
        "is damaged: the SHA-256 of findings/part",
        "snapshots verify",
    )
    assert not (tmp_path / "x.csv").exists()


def test_rows_removed_from_a_store_are_an_error_and_not_a_clean_verdict(
    cli: Cli, demo_store: Path, tmp_path: Path
) -> None:
    store = shutil.copytree(demo_store, tmp_path / "store")
    question = ("vulnerabilities", "-i", BUSY_INSTANCE, "--cached", "--store", str(store))
    assert cli(*question).code == 0
    for table in ("findings", "resources"):
        for path in store.glob(f"tables/{table}/*/*.parquet"):
            others = pq.read_table(path, filters=[("resource_id", "!=", BUSY_INSTANCE)])
            pq.write_table(others, path)
    assert_one_line(cli(*question), 4, "is damaged: findings/part", "snapshots verify")


def test_verify_all_finds_a_snapshot_that_was_removed_and_exits_4(
    cli: Cli, demo_store: Path, tmp_path: Path
) -> None:
    store = shutil.copytree(demo_store, tmp_path / "store")
    whole = cli("snapshots", "verify", "--all", "--store", str(store))
    assert (whole.code, whole.out.splitlines()[-1]) == (0, "chain of snapshots: whole")
    (store / "commits" / "000000000001.json").unlink()
    run = cli("snapshots", "verify", "--all", "--store", str(store))
    assert (run.code, run.out.splitlines()[-1]) == (4, "chain of snapshots: 1 break")
    assert "commits/000000000002.json: number 1 is missing, and no record says" in run.err


def test_with_a_signing_key_snapshots_are_read_after_they_were_signed(
    cli: Cli, demo_store: Path, tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", aws)
    kms = boto3.client("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    store = ("--store", str(shutil.copytree(demo_store, tmp_path / "store")))
    assert_one_line(cli("snapshots", "sign", *store), 2, "SRE_SIGNING_KEY is not set")
    monkeypatch.setenv("SRE_SIGNING_KEY", made)
    assert_one_line(cli("summary", *store), 4, "is not trusted: it is not signed", "snapshots sign")
    run = cli("snapshots", "verify", "--all", *store)
    assert (run.code, "signatures: 2 missing or wrong" in run.out) == (4, True)
    assert "2 files would be signed; use --yes" in cli("snapshots", "sign", *store).err
    assert cli("summary", *store).code == 4
    assert "2 files signed." in cli("snapshots", "sign", "--yes", *store).err
    assert cli("summary", *store).code == 0
    run = cli("snapshots", "verify", "--all", *store)
    assert (run.code, "signatures: none missing or wrong" in run.out) == (0, True)


def test_every_recorded_finding_is_exported_in_each_format(
    cli: Cli, inspector: Any, tmp_path: Path, real_findings: list[Path]
) -> None:
    recorded = {
        f["findingArn"]: f
        for path in real_findings
        for f in map(json.loads, path.read_text().splitlines())
    }
    every = ("--status", "active", "--status", "suppressed", "--status", "closed")
    fleet = replay_fleet(*real_findings, now=session_hour())
    with inspector(fleet):
        regions = [word for region in fleet.regions for word in ("--region", region)]
        assert cli("scan", *regions, *every, "--rate", "1000", "--store", str(tmp_path)).code == 0
    for form in ("csv", "ndjson", "parquet", "sarif", "ocsf"):
        assert (
            cli(
                "export",
                "--format",
                form,
                *every,
                "-f",
                str(tmp_path / form),
                "--store",
                str(tmp_path),
            ).code
            == 0
        )
    lines = [json.loads(line) for line in (tmp_path / "ndjson").read_text().splitlines()]
    assert {
        line["findingArn"]: {k: v for k, v in line.items() if k != "_sre"} for line in lines
    } == recorded
    assert {
        row["finding_arn"]: rebuild(row) for row in pq.read_table(tmp_path / "parquet").to_pylist()
    } == recorded
    with (tmp_path / "csv").open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames is not None
    assert len(reader.fieldnames) == 55
    severities = {arn: f["severity"] for arn, f in recorded.items()}
    assert {row["Finding ARN"]: row["Severity"] for row in rows} == severities
    results = [
        one["properties"]
        for one in json.loads((tmp_path / "sarif").read_text())["runs"][0]["results"]
    ]
    assert {one["findingArn"]: one["severity"] for one in results} == severities
    events = [json.loads(line) for line in (tmp_path / "ocsf").read_text().splitlines()]
    assert {
        one["finding_info"]["uid"]: one["unmapped"]["inspector"]["severity"] for one in events
    } == severities


def test_hostile_names_are_harmless_in_terminals_and_spreadsheets(
    cli: Cli, inspector: Any, tmp_path: Path
) -> None:
    finding = inspector_finding(
        title=HOSTILE,
        description=HOSTILE,
        resources=[INSTANCE | {"tags": {"Name": HOSTILE}}],
        remediation={"recommendation": {"text": HOSTILE}},
    )
    (tmp_path / "one.jsonl").write_text(json.dumps(finding) + "\n")
    with inspector(replay_fleet(tmp_path / "one.jsonl", now=session_hour())):
        cli("scan", "--region", "eu-west-1", "--store", str(tmp_path / "store"))
    for command in (
        ("vulnerabilities", "-i", INSTANCE["id"], "--cached"),
        ("summary", "--by", "resource"),
    ):
        shown = cli(*command, "--store", str(tmp_path / "store")).out
        assert "evil" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert (
        cli("export", "-f", str(tmp_path / "x.csv"), "--store", str(tmp_path / "store")).code == 0
    )
    row = next(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text(), newline="")))
    assert row["Title"].startswith("'=HYPERLINK")
    raw = cli("export", "--raw", "--store", str(tmp_path / "store"))
    assert "do not open this file in a spreadsheet" in raw.err


def test_an_internal_error_exits_70_with_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(module.cli, "main", broken)
    assert_one_line(cli("summary"), 70, "internal error", "ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        module.main(["--debug", "summary"])


def test_ctrl_c_ends_a_scan_with_130_and_no_snapshot(tmp_path: Path) -> None:
    with Simulator(default_fleet(nights=1, now=session_hour()), latency=0.2) as simulator:
        environ = dict(os.environ) | {
            "AWS_ENDPOINT_URL_INSPECTOR2": simulator.url,
            "SRE_STORE": str(tmp_path),
        }
        # a background job of a shell ignores Ctrl-C, and so do its children, such as this process
        program = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from"
            " sre_cli.main import main; main()"
        )
        command = [sys.executable, "-c", program, "scan", "--region", "eu-west-1"]
        process = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while not any(r.operation == "ListFindings" for r in list(simulator.requests)):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted; no snapshot was committed" in err
    assert "Traceback" not in err
    assert not list(tmp_path.rglob("*.parquet"))
    assert out == ""


def test_the_scan_task_logs_json_lines_and_has_the_same_exit_codes(
    inspector: Any, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    from sre_scanner.__main__ import main as task

    monkeypatch.setenv("SRE_STORE", str(tmp_path))
    with inspector(faults=[Fault("denied", "ListCoverage", call=2, times=9)]):
        assert task(["--region", "us-east-1", "--rate", "1000"]) == 0
        assert task(["--region", "us-east-1", "--rate", "1000"]) == 3
        assert task(["--region", "nowhere"]) == 4
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events.count("committed") == 2
    assert events[-1] == "failed"
    assert "trouble" in events


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(cli: Cli, shell: str) -> None:
    run = cli("completion", shell)
    assert run.code == 0
    assert "_SRE_CLI_COMPLETE" in run.out


def test_every_command_has_a_help_text(cli: Cli) -> None:
    for command in module.COMMANDS:
        run = cli(command, "--help")
        assert run.code == 0
        assert len(run.out.splitlines()) > 4
