"""``sre-cli sql`` reads every table of the snapshot, nothing else, and within its limits."""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.sources import folder_sources

from sre_cli.process_limits import limits
from sre_findings.model.errors import UsageError
from sre_findings.queries.user_sql import Sql, sql
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.snapshots.writer import SnapshotWriter

Cli = Callable[..., Any]
HOSTILE = """select '=1+1' as "=head", chr(7) || chr(8238) as escape,
                    'a' || chr(10) || 'b' as lines, true as yes, null as nothing, 1 as "\a\u202ebell" """


def test_the_numbers_are_those_of_the_summary_in_every_format(cli: Cli, demo: Path) -> None:
    text = (
        "select lower(severity) as severity, count(*) as n from findings where status = 'ACTIVE'"
        " group by all order by n desc"
    )
    counts = cli("summary", "--output", "json").json["counts"]
    answer = cli("sql", text, "--output", "json")
    assert answer.code == 0
    assert {row["severity"]: row["n"] for row in answer.json["rows"]} == {
        k: n for k, n in counts.items() if n and k != "total"
    }
    assert answer.json["columns"] == ["severity", "n"]
    assert (answer.json["cut"], answer.json["certificate"]["state"]) == (False, "complete")
    assert [
        json.loads(line) for line in cli("sql", text, "--output", "ndjson").out.splitlines()
    ] == answer.json["rows"]
    rows = list(csv.DictReader(io.StringIO(cli("sql", text, "--output", "csv").out)))
    assert [{**row, "n": int(row["n"])} for row in rows] == answer.json["rows"]
    table = cli("sql", text)
    assert [line.split() for line in table.out.splitlines()] == [
        ["severity", "n"],
        *([r["severity"], str(r["n"])] for r in answer.json["rows"]),
    ]
    assert f"{len(rows)} rows of snapshot {answer.json['snapshot_id']} (complete)" in table.err


def test_rows_are_limited_and_the_output_says_so(cli: Cli, demo: Path) -> None:
    asked = ("sql", "select finding_arn from findings")
    cut, whole = cli(*asked, "-n", "3"), cli(*asked, "-n", "0")
    assert (
        len(cut.out.splitlines()),
        "3 rows" in cut.err,
        "there are more, -n 0 lists all" in cut.err,
    ) == (4, True, True)
    assert "there are more" not in whole.err
    assert len(cli(*asked).out.splitlines()) == 1001
    assert len(whole.out.splitlines()) > 1001
    assert "1 row of" in cli("sql", "select 1").err


def test_an_older_snapshot_can_be_queried(cli: Cli, demo: Path) -> None:
    first, second = SnapshotWriter(FolderBlobs(demo)).commits()
    text = "select distinct snapshot_id from coverage"
    assert cli("sql", text, "--output", "json").json["rows"] == [
        {"snapshot_id": second.snapshot_id}
    ]
    assert cli("sql", text, "--as-of", first.snapshot_id, "--output", "json").json["rows"] == [
        {"snapshot_id": first.snapshot_id}
    ]


def test_every_type_of_value_is_printed_in_every_format(cli: Cli, demo: Path) -> None:
    text = """select 1::hugeint as big, 1.50 as decimal, 'nan'::double as nan,
                     timestamptz '2026-11-22 01:00:00+00' as moment, date '2026-11-22' as day,
                     [1, 2] as list, {'a': 1} as struct, 'ab'::blob as bytes, 1 as x, 2 as x,
                     interval 1 day as span"""
    (row,) = cli("sql", text, "--output", "json").json["rows"]
    assert row == {
        "big": 1,
        "decimal": 1.5,
        "nan": "nan",
        "moment": "2026-11-22 01:00:00+00",
        "day": "2026-11-22",
        "list": "[1,2]",
        "struct": '{"a":1}',
        "bytes": "ab",
        "x": 1,
        "x_1": 2,
        "span": "1 day",
    }
    assert cli("sql", text).code == cli("sql", text, "--output", "csv").code == 0


def test_values_are_harmless_in_terminals_and_spreadsheets(cli: Cli, demo: Path) -> None:
    table = cli("sql", HOSTILE).out
    assert (set(table) & set("\a\u202e"), len(table.splitlines())) == (set(), 2)
    header, row = csv.reader(io.StringIO(cli("sql", HOSTILE, "--output", "csv").out, newline=""))
    assert (header[0], row[0], row[3], row[4]) == ("'=head", "'=1+1", "true", "")
    assert cli("sql", HOSTILE, "--output", "json").out.isascii()


def test_rows_keep_the_order_of_the_query(cli: Cli, demo: Path) -> None:
    text = "select i from range(5000) as r(i) order by hash(i)"
    rows = cli("sql", text, "-n", "0", "--output", "json").json["rows"]
    again = cli(
        "sql",
        "select i from range(5000) as r(i) order by hash(i) limit 5000",
        "-n",
        "0",
        "--output",
        "json",
    ).json["rows"]
    assert rows == again
    assert [row["i"] for row in rows] != sorted(row["i"] for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "show tables",
        "describe findings",
        "with a as (select 1 as x) select * from a;",
        "from coverage",
    ],
)
def test_reading_statements_are_answered(cli: Cli, demo: Path, text: str) -> None:
    assert cli("sql", text, "-n", "1").code == 0


def test_a_query_can_come_from_stdin(cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("select 42 as answer -- the end"))
    assert cli("sql", "-", "--output", "json").json["rows"] == [{"answer": 42}]


@pytest.mark.parametrize(
    "text",
    [
        "create table t (a int)",
        "insert into findings select * from findings",
        "delete from findings",
        "drop view findings",
        "with a as (select 1) insert into t select * from a",
        "update findings set title = ''",
        "select 1; select 2",
        "",
        ";",
        "attach '/tmp/x.db'",
        "copy findings to '{folder}/x.csv'",
        "copy (from t) to '{folder}/x'",
        "export database '{folder}'",
        "install httpfs",
        "load httpfs",
        "pragma version",
        "pragma memory_limit='9GB'",
        "set memory_limit = '9GB'",
        "use memory",
        "call pragma_version()",
        "checkpoint",
        "vacuum",
        "explain analyze select 1",
        "prepare q as select 1",
        "begin",
        "select 1) as answer; select (2",
        "select 1 /*",
        "no sql",
    ],
)
def test_other_statements_are_refused(cli: Cli, demo: Path, tmp_path: Path, text: str) -> None:
    run = cli("sql", text.replace("{folder}", str(tmp_path)))
    assert (run.code, run.out) == (2, "")
    assert re.match(
        "sre-cli: (only a single read-only statement is allowed|the SQL is not valid): ",
        run.err,
    )
    assert len(run.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('{store}/table.db')",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "select * from read_blob('/proc/self/environ')",
        "select * from read_parquet('{other}')",
        "select * from parquet_metadata('{other}')",
        "select * from read_json('https://127.0.0.1:9/x')",
        "select * from query('copy (select 1) to ''/tmp/x''')",
        "select getenv('HOME')",
        "select * from no_such_table",
        "select nothing from findings",
        "select 1 / 'x'",
    ],
)
def test_reading_other_files_is_a_usage_error(cli: Cli, demo: Path, text: str) -> None:
    older = SnapshotWriter(FolderBlobs(demo)).commits()[0].snapshot_id
    other = next(demo.glob(f"tables/coverage/snapshot_id={older}/*.parquet"))
    run = cli("sql", text.replace("{store}", str(demo)).replace("{other}", str(other)))
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("sre-cli: the query failed: ")


def test_a_query_is_stopped_at_its_time_limit(cli: Cli, demo: Path) -> None:
    run = cli(
        "sql",
        "select count(*) from findings a, findings b, findings c where a.title || b.title ||"
        " c.title = ''",
        "--timeout",
        "1s",
    )
    assert (run.code, run.err) == (
        2,
        "sre-cli: the query took longer than 1 s. Narrow the query, or allow more time with --timeout.\n",
    )


@pytest.mark.parametrize(
    "text",
    ["select * from range(300000000) r(i) order by hash(i)", "select repeat('x', 4000000000)"],
)
def test_a_query_that_needs_too_much_memory_is_an_error(cli: Cli, demo: Path, text: str) -> None:
    run = cli("sql", text, "--memory", "100MB")
    assert run.code == 2
    assert "the query exceeds its memory limit" in run.err


def test_the_engine_keeps_to_its_memory_limit(demo: Path, tmp_path: Path) -> None:
    sources = folder_sources(demo, tmp_path)
    with pytest.raises(UsageError, match="exceeds its memory limit"):
        sql(
            Sql("select * from range(30000000) as r(i) order by hash(i)", memory=50_000_000),
            sources,
        )


def test_the_limits_end_a_hanging_process_and_are_lifted_after_the_block() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with limits(60, 1 << 40):
        assert 1 << 40 < resource.getrlimit(resource.RLIMIT_AS)[0] < 1 << 41
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    code = (
        "import time; from sre_cli.process_limits import limits\n"
        "with limits(0.1, 1 << 40): time.sleep(30)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (
        2,
        "sre-cli: the query did not stop at its time limit; process ended.\n",
    )


def test_sql_without_a_snapshot_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    run = cli("sql", "select 1", "--store", str(tmp_path))
    assert (run.code, run.err) == (
        2,
        f"sre-cli: there is no snapshot yet in {tmp_path}. Run: sre-cli scan (or sre-cli demo).\n",
    )
