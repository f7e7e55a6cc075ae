"""``sre-cli report``: publishing, replacing, and links."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
import pyarrow.parquet as pq
import pytest

from sre_reports.html_report import html as page

Cli = Callable[..., Any]
FILES = {"index.html", "summary.json", "findings.csv", "findings.parquet"}


def stub(material: Any, generated_at: Any) -> str:
    """A minimal report with its view, for tests of where reports are written."""
    rows = sum(1 for _ in material.findings)
    return (
        f"<p>{material.proof.snapshot_id} {material.owner or ''}{material.account or ''} {rows}"
        f" {generated_at:%Y}"
    )


@pytest.fixture
def store(demo_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo store without published reports."""
    home = tmp_path / "store"
    shutil.copytree(demo_store, home)
    shutil.rmtree(home / "reports")
    monkeypatch.setenv("SRE_STORE", str(home))
    monkeypatch.setattr(page, "render", stub)
    return home


def nights(cli: Cli) -> list[str]:
    """The ids of the snapshots, newest first."""
    return [one["snapshot_id"] for one in cli("snapshots", "list", "--output", "json").json]


def day(snapshot_id: str) -> str:
    return f"{snapshot_id[:4]}-{snapshot_id[4:6]}-{snapshot_id[6:8]}"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_a_report_is_published_with_its_files_and_listed(cli: Cli, store: Path) -> None:
    newest, before = nights(cli)
    run = cli("report")
    assert run.code == 0
    folder = store / "reports" / day(newest)
    assert run.out == f"{folder / 'index.html'}\n"
    assert f"list of all reports: {store / 'reports' / 'index.html'}" in run.err
    assert names(folder) == FILES
    assert (folder / "index.html").read_text().startswith(f"<p>{newest} ")
    cli("report", "--as-of", before)
    listed = (store / "reports" / "index.html").read_text()
    assert re.findall(r'href="([^"#]+)"', listed) == [
        f"{day(newest)}/index.html",
        f"{day(before)}/index.html",
    ]


def test_the_summary_agrees_with_the_command_and_the_files(cli: Cli, store: Path) -> None:
    cli("report")
    folder = store / "reports" / day(nights(cli)[0])
    told = json.loads((folder / "summary.json").read_text())
    asked = cli("summary", "--output", "json").json
    assert {name: told[name] for name in asked if name != "age_seconds"} == {
        n: v for n, v in asked.items() if n != "age_seconds"
    }
    changed = cli("changes", "--output", "json").json
    assert told["changes"]["counts"] == changed["counts"]
    assert told["late"]["late"] == cli("sla", "--output", "json").json["late"]
    assert (told["night"], told["owner"], told["account"]) == (folder.name, None, None)
    with (folder / "findings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(folder / "findings.parquet")
    assert (
        len(rows)
        == table.num_rows
        == told["counts"]["total"]
        == told["files"]["findings.csv"]["findings"]
    )
    assert set(table["status"].to_pylist()) == {"ACTIVE"}
    for name, known in told["files"].items():
        body = (folder / name).read_bytes()
        assert (known["bytes"], known["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_a_published_report_is_replaced_only_on_request(
    cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("report")
    before = {path: path.read_bytes() for path in (store / "reports").rglob("*") if path.is_file()}
    monkeypatch.setattr(page, "render", lambda *_: "another")
    again = cli("report")
    assert (again.code, again.out) == (2, "")
    assert f"already published for {day(nights(cli)[0])}. Replace it with --again." in again.err
    assert {
        path: path.read_bytes() for path in (store / "reports").rglob("*") if path.is_file()
    } == before
    assert cli("report", "--again").code == 0
    assert (store / "reports" / day(nights(cli)[0]) / "index.html").read_text() == "another"


def test_a_second_snapshot_of_a_day_belongs_to_the_same_report(
    cli: Cli, store: Path, inspector: Any
) -> None:
    cli("report")
    first = nights(cli)[0]
    with inspector():
        cli("scan", "--region", "us-east-1", "--region", "eu-west-1", "--rate", "1000")
    second = nights(cli)[0]
    assert first != second
    # the demo's newest snapshot is a minute old, so the date may have changed since
    if day(first) != day(second):
        pytest.skip("midnight came between")
    assert cli("report").code == 2
    assert cli("report", "--views").code == 2
    assert cli("report", "--again").code == 0
    folder = store / "reports" / day(first)
    assert (folder / "index.html").read_text().startswith(f"<p>{second} ")
    assert json.loads((folder / "summary.json").read_text())["snapshot_id"] == second


def test_a_view_has_only_the_numbers_of_its_owner_or_account(cli: Cli, store: Path) -> None:
    groups = {
        one["value"]: one["counts"]["total"]
        for one in cli("summary", "--by", "owner", "--output", "json").json["groups"]
    }
    run = cli("report", "--owner", "payments")
    folder = Path(run.out.strip()).parent
    assert folder == store / "reports" / day(nights(cli)[0]) / "owner" / "payments"
    assert names(folder) == FILES
    told = json.loads((folder / "summary.json").read_text())
    assert (told["counts"]["total"], told["owner"]) == (groups["payments"], "payments")
    assert set(pq.read_table(folder / "findings.parquet")["owner"].to_pylist()) == {"payments"}
    assert not (folder.parents[1] / "index.html").exists(), "the full report is separate"
    account = cli("report", "--account", "111122223333", "-f", str(store.parent / "out"))
    assert account.out.strip() == str(store.parent / "out" / "index.html")
    assert set(
        pq.read_table(store.parent / "out" / "findings.parquet")["account_id"].to_pylist()
    ) == {"111122223333"}


def test_all_views_are_published_and_an_interrupted_run_is_completed(cli: Cli, store: Path) -> None:
    run = cli("report", "--views")
    assert run.code == 0
    pages = [Path(line) for line in run.out.splitlines()]
    owners = [
        one["value"]
        for one in cli("summary", "--by", "owner", "--output", "json").json["groups"]
        if one["value"]
    ]
    accounts = [
        one["value"] for one in cli("summary", "--by", "account", "--output", "json").json["groups"]
    ]
    folder = pages[0].parent
    wanted = (
        {folder / "owner" / one for one in owners}
        | {folder / "account" / one for one in accounts}
        | {folder}
    )
    assert wanted <= {one.parent for one in pages}
    assert all(names(one.parent) == FILES for one in pages)
    pages[3].unlink()
    rest = cli("report", "--views")
    assert (rest.code, rest.out) == (0, f"{pages[3]}\n")
    assert cli("report", "--views").code == 2


def test_a_report_in_a_folder_is_replaced(cli: Cli, store: Path, tmp_path: Path) -> None:
    for _ in range(2):
        run = cli("report", "-f", str(tmp_path / "out"))
        assert (run.code, run.out) == (0, f"{tmp_path / 'out' / 'index.html'}\n")
    assert names(tmp_path / "out") == FILES
    assert not (store / "reports").exists()
    run = cli("report", "--views", "-f", str(tmp_path / "all"))
    assert (tmp_path / "all" / "owner" / "payments" / "index.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--owner", "paymnets"), "there is no owner paymnets"),
        (("--owner", "*"), "is not an owner"),
        (("--owner", ""), "is not an owner"),
        (("--account", "*"), "is not an account"),
        (("--account", "999900001111"), "is not in the snapshot"),
        (("--owner", "payments", "--account", "111122223333"), "Use only one of them"),
        (("--owner", "payments", "--views"), "Use only one of them"),
        (("--link", "--again"), "Publish it first"),
        (("-f", "x", "--again"), "--again is for the store"),
        (("--link",), "needs a bucket"),
        (("--link", "43201"), "43200"),
        (("--link", "0"), "43200"),
        (("--as-of", "2001-01-01"), "there is no snapshot from 2001-01-01"),
    ],
)
def test_a_usage_error_publishes_nothing(
    cli: Cli,
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if arguments == ("--link",):
        cli("report")
    run = cli("report", *arguments)
    assert (run.code, run.out) == (2, "")
    assert words in run.err
    assert not (tmp_path / "x").exists()
    assert (store / "reports").exists() == (arguments == ("--link",))


def test_a_full_disk_keeps_the_old_report_and_exits_4(
    cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("report")
    before = {path: path.read_bytes() for path in (store / "reports").rglob("*") if path.is_file()}

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sre_findings.files.os.fsync", full)
    run = cli("report", "--again")
    assert (run.code, run.out) == (4, "")
    assert "the disk is full. Free some space" in run.err
    assert {
        path: path.read_bytes() for path in (store / "reports").rglob("*") if path.is_file()
    } == before


def test_the_report_of_a_pruned_snapshot_stays_listed_and_linked(cli: Cli, store: Path) -> None:
    newest, before = nights(cli)
    cli("report", "--as-of", before)
    for commit in (store / "commits").iterdir():
        if before in commit.read_text():
            commit.unlink()
    cli("report")
    listed = (store / "reports" / "index.html").read_text()
    assert [night in listed for night in (day(newest), day(before), before)] == [True, True, True]


def test_a_link_to_a_bucket_is_printed_only_on_demand(
    cli: Cli, store: Path, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("s3").create_bucket(
        Bucket="estate", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    for path in store.rglob("*"):
        if path.is_file() and path.suffix != ".db":
            boto3.client("s3").upload_file(str(path), "estate", f"nights/{path.relative_to(store)}")
    monkeypatch.setenv("SRE_STORE", "s3://estate/nights")
    monkeypatch.setenv("SRE_TABLE", f"sqlite:///{store}/table.db")
    newest = nights(cli)[0]
    missing = cli("report", "--link")
    assert (missing.code, missing.out) == (2, "")
    assert (
        f"no report for all resources is published for {day(newest)}. Run: sre-cli report."
        in missing.err
    )
    published = cli("report")
    assert published.out == f"s3://estate/nights/reports/{day(newest)}/index.html\n"
    assert "X-Amz" not in published.out + published.err
    assert not any(b"X-Amz-" in body for body in bodies("estate"))
    link = cli("report", "--link")
    assert link.code == 0
    assert "Do not share it in chat" in link.err
    assert link.out.strip() not in link.err
    assert "X-Amz-Expires=900" in urlsplit(link.out.strip()).query
    with urlopen(link.out.strip()) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.read().decode().startswith(f"<p>{newest} ")
    assert "X-Amz-Expires=60&" in cli("report", "--link", "60", "--as-of", day(newest)).out
    assert cli("report").code == 2


def bodies(name: str) -> list[bytes]:
    """The objects under reports/ in a bucket."""
    s3 = boto3.client("s3")
    listed = s3.list_objects_v2(Bucket=name, Prefix="nights/reports/")
    return [
        s3.get_object(Bucket=name, Key=str(one.get("Key")))["Body"].read()
        for one in listed.get("Contents", [])
    ]
