"""Every engine returns the same rows: DuckDB, a Spark cluster, and the SQL for Athena.

The Spark cluster has three processes. A new file of the catalogue is tested once PARAMETERS has a
line for it, and the tests fail until then.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from sre_findings.engine import dialect
from sre_findings.engine.athena import Athena, Place
from sre_findings.engine.catalogue import PARAMETER, Engine, catalogued
from sre_findings.engine.duckdb import DuckDB
from sre_findings.engine.tables import HISTORY
from sre_findings.model.access import Access
from sre_findings.model.findings.ranking import risk_parameters
from sre_findings.model.sla.policy import DEFAULT
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE

CATALOGUE = Path(dialect.__file__).parents[1] / "queries" / "sql"
QUERIES = sorted(path.stem for path in CATALOGUE.glob("*.sql"))

PLACE = {
    "resource_id": BUSY_INSTANCE,
    "account_id": "111122223333",
    "region": "eu-west-1",
    "resource_type": "AWS_EC2_INSTANCE",
}
ANY: dict[str, Any] = dict.fromkeys(
    ("resource_id", "statuses", "severities", "types", "accounts", "regions", "owners")
) | {"reachable": False}
IMAGE = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/one/sha256:" + "ab" * 32
EACH: dict[str, Any] = dict.fromkeys(("owners", "count", *PLACE))
WHERE: dict[str, Any] = dict.fromkeys(("owners", "accounts", "regions"))
OF: dict[str, Any] = WHERE | dict.fromkeys(("types", "resource_id"))
RISK = risk_parameters(DEFAULT)
EXPORTS = [
    ANY,
    ANY
    | {
        "statuses": ["ACTIVE"],
        "severities": ["CRITICAL", "HIGH"],
        "regions": ["us-east-1"],
        "owners": ["payments"],
    },
    ANY | {"reachable": True},
    ANY | {"resource_id": BUSY_INSTANCE, "types": ["AWS_EC2_INSTANCE", "it's"], "accounts": []},
]
EVERY = {"fixable": False, "exploitable": False}
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # as for the daemons in conftest.py
HOSTILE = [
    "x' or '1'='1",
    "\\' or 1=1 --",
    '"; drop table findings; --',
    "ä\\u0027\n\t😀 ${x} :text $1",
    "a\\",
    "''",
    "%_",
]

DISABLED = ["111122223333|eu-west-1", "it's|%_"]
GAPS: dict[str, Any] = {
    "judged": ["AWS_EC2_INSTANCE", "AWS_LAMBDA_FUNCTION"],
    "proofs": ["AWS_EC2_INSTANCE|PACKAGE"],
    "scans": ["AWS_EC2_INSTANCE|PACKAGE", "AWS_EC2_INSTANCE|NETWORK"],
    "unlimited": ["AWS_LAMBDA_FUNCTION|PACKAGE"],
    "earliest_us": 1_700_000_000_000_000,
    "latest_us": 1_900_000_000_000_000,
}
EXPOSED = [
    WHERE | {"text": "openssl", "names": ["openssl", "openssl-libs", HOSTILE[0]]},
    *(WHERE | {"text": text, "names": []} for text in ("cve-2024-3094", *HOSTILE[:2])),
]
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "ages": [{"owners": None}, {"owners": ["payments"]}],
    "by_package": [{"count": None, "owners": None}, {"count": 7, "owners": ["payments"]}],
    "by_resource": [EACH, EACH | {"count": 3, "owners": ["payments"]}, EACH | PLACE],
    "by_vulnerability": [{"count": None, "owners": None}, {"count": 7, "owners": ["payments"]}],
    "changes": [
        WHERE | {"kinds": None, "count": None},
        WHERE | {"kinds": ["opened", "resolved"], "count": 20, "owners": ["payments"]},
    ],
    "changes_counts": [WHERE, WHERE | {"regions": ["us-east-1"]}],
    "completion_words": [{}],
    "coverage_gaps": [
        GAPS | {"owners": None, "disabled": None},
        GAPS | {"owners": ["payments"], "disabled": DISABLED},
    ],
    "coverage_of_owners": [
        {"owners": None, "disabled": None},
        {"owners": ["payments", "it's"], "disabled": DISABLED},
    ],
    "coverage_unlisted": [{"owners": None}, {"owners": ["payments"]}],
    "coverage_scanned": [{"owners": None}, {"owners": ["payments"]}],
    "descriptions": [{}],
    "exposure": [one | {"reachable": False, "count": None} for one in EXPOSED]
    + [EXPOSED[0] | {"reachable": True, "count": 7}],
    "exposure_total": [
        one | {"reachable": reachable} for one in EXPOSED for reachable in (False, True)
    ],
    "finding_arns": [PLACE | {"vulnerability": text} for text in ("CVE-2024-3094", HOSTILE[0])],
    "findings": EXPORTS,
    "findings_details": EXPORTS,
    "findings_packages": EXPORTS,
    "findings_reachability": [
        ANY | EVERY,
        EXPORTS[1] | EVERY,
        ANY | EVERY | {"fixable": True, "exploitable": True},
    ],
    "findings_total": [ANY | EVERY, EXPORTS[1] | {"fixable": True, "exploitable": True}],
    "fix_resources": [
        OF | {"lists": [1, 2, 3, 40]},
        OF | {"resource_id": BUSY_INSTANCE, "lists": [1, 2, 3, 40]},
    ],
    "fix_findings": [
        RISK | OF,
        RISK | OF | {"types": ["AWS_EC2_INSTANCE"], "owners": ["payments"]},
        RISK | OF | {"resource_id": BUSY_INSTANCE},
    ],
    "fix_effects": [OF, OF | {"types": ["AWS_EC2_INSTANCE"], "owners": ["payments"]}],
    "claimed_findings": [
        {"vulnerabilities": ["cve-2024-3094", HOSTILE[0]], "resources": [BUSY_INSTANCE, "it's"]}
    ],
    "fix_packages": [{"lists": None}, {"lists": [1, 2, 3, 40]}],
    "known_exploits": [
        {"vulnerabilities": None},
        {"vulnerabilities": ["CVE-2021-44228", "CVE-2024-3094", "none"]},
    ],
    "resource_deadlines": [PLACE],
    "moved_deadlines": [{"findings": None}, {"findings": ["arn:none", *HOSTILE[:2]]}],
    "opened_and_resolved": [{"owners": None}, {"owners": ["payments"]}],
    "digest_events": [
        {"kinds": ["opened", "reopened", "resolved"], "count": None},
        {"kinds": ["kev_appeared", "it's"], "count": 5},
    ],
    "digest_event_counts": [{}],
    "resources_of_events": [{"name": text} for text in (BUSY_INSTANCE, *HOSTILE[:2])],
    "resources_by_name": [{"name": text} for text in (BUSY_INSTANCE, "prod-api-07", *HOSTILE[:2])],
    "fix_images": [
        WHERE | {"count": None, "types": None},
        WHERE | {"count": 2, "accounts": ["111122223333"], "types": ["AWS_EC2_INSTANCE"]},
    ],
    "list_findings": [
        ANY | EVERY | {"count": 20, "skip": 0},
        EXPORTS[1] | {"fixable": True, "exploitable": False, "count": 500, "skip": 3},
    ],
    "shared_arns": [{}],
    "shared_findings": [{}],
    "shared_names": [{"names": ["prod-api-07", "prod-web-36", "", *HOSTILE]}, {"names": []}],
    "similar_names": [{"text": text} for text in ("PROD-web-3", "päyments/checkout")],
    "onboarded_resources": [{}],
    "open_findings": [{}],
    "new_risks": [{}],
    "opened_arns": [{}],
    "owners": [{}],
    "package_names": [{}],
    "report_findings": [{"count": None}, {"count": 7}],
    "places": [{}],
    "priorities": [
        WHERE | {"types": None, "resource_id": None},
        WHERE | {"types": ["AWS_EC2_INSTANCE"], "owners": ["payments"], "resource_id": None},
    ],
    "risk_owners": [
        {"vulnerabilities": ["CVE-2021-44228", "CVE-2024-3094"]},
        {"vulnerabilities": [*HOSTILE]},
    ],
    "resource_ages": [
        {"resources": [BUSY_INSTANCE, CLEAN_INSTANCE]},
        {"resources": [BUSY_INSTANCE, *HOSTILE]},
    ],
    "resource_coverage": [
        PLACE | {"disabled": None},
        PLACE | {"resource_id": CLEAN_INSTANCE, "disabled": DISABLED},
    ],
    "resource_findings": [
        PLACE
        | {
            "count": 10,
            "skip": 3,
            "suppressed": False,
            "severities": None,
            "reachable": False,
        },
        PLACE
        | {
            "count": 2000,
            "skip": 0,
            "suppressed": True,
            "severities": ["HIGH", "LOW"],
            "reachable": True,
        },
    ],
    "resource_reachability": [
        PLACE | {"suppressed": False, "severities": None},
        PLACE | {"suppressed": True, "severities": ["HIGH"]},
    ],
    "resource_total": [
        PLACE | {"suppressed": flag, "severities": some, "reachable": flag}
        for flag in (True, False)
        for some in (None, ["HIGH"])
    ],
    "resource_use": [
        PLACE,
        PLACE | {"resource_id": IMAGE, "resource_type": "AWS_ECR_CONTAINER_IMAGE"},
    ],
    "rollups": [{"owners": None}, {"owners": ["payments"]}, {"owners": ["nobody"]}],
    "ambiguous_ids": [{"ids": [BUSY_INSTANCE, *HOSTILE]}],
    "disabled_scans": [
        {"types": None, "accounts": None, "regions": None},
        {
            "types": ["AWS_LAMBDA_FUNCTION", HOSTILE[0]],
            "accounts": ["777788889999"],
            "regions": ["eu-west-1"],
        },
    ],
    "time_to_fix": [
        *(WHERE | {"by": by, "today": "2026-11-23"} for by in ("severity", "owner", "account")),
        WHERE | {"by": "severity", "today": "2026-11-23", "regions": ["us-east-1"]},
    ],
    "full_findings": [
        ANY | {"finding_arn": None, "count": 5, "skip": 2},
        EXPORTS[3] | {"finding_arn": None, "count": None, "skip": 0},
        ANY | {"finding_arn": HOSTILE[1], "count": None, "skip": 0},
    ],
    "finding_life": [
        PLACE | {"text": "CVE-2024-3094"},
        PLACE | {"text": HOSTILE[0], "resource_id": HOSTILE[1]},
    ],
    "vulnerability": [{"vulnerability_id": text} for text in ("CVE-2024-3094", HOSTILE[0])],
}
# Athena's functions in use, and the keywords that can precede a parenthesis.
TRINO = {
    *(
        "BOOL_AND",
        "BOOL_OR",
        "CAST",
        "COALESCE",
        "CONCAT",
        "COUNT",
        "GREATEST",
        "LEAST",
        "LENGTH",
        "LEVENSHTEIN_DISTANCE",
        "LOWER",
        "STARTS_WITH",
    ),
    *(
        "DATE_DIFF",
        "DATE_TRUNC",
        "GROUPING",
        "MAX",
        "MIN",
        "REGEXP_REPLACE",
        "ROUND",
        "ROW_NUMBER",
        "SUM",
        "TO_UNIXTIME",
    ),
    *("AND", "AS", "BY", "DISTINCT", "FILTER", "FROM", "IN", "OR", "OVER", "SETS", "WHEN", "WHERE"),
}
_CALLED, _TEXT = re.compile(r"([A-Z_]+) ?\("), re.compile("'(?:[^']|'')*'")
CASES = [(query, parameters) for query in QUERIES for parameters in PARAMETERS.get(query, [])]
SEEN = Access(frozenset({"111122223333", "777788889999"}), frozenset({"payments", *HOSTILE}))
SEEN_CASES = [(query, parameters[0]) for query, parameters in PARAMETERS.items()]


def test_every_query_has_parameters_here() -> None:
    assert set(PARAMETERS) == set(QUERIES)
    for query, cases in PARAMETERS.items():
        named = {*PARAMETER.findall(catalogued(query))}
        assert all(named <= set(case) for case in cases), query


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_has_an_order_that_leaves_nothing_open_and_no_moment_in_its_rows(
    query: str, reference: Engine
) -> None:
    for parameters in PARAMETERS[query]:
        tree = sqlglot.parse_one(dialect.render(query, dialect.SPARK, parameters), read="spark")
        rows = reference.rows(query, **parameters)
        assert tree.args.get("order") or len(rows) <= 1
        assert not [
            value for row in rows for value in row.values() if isinstance(value, datetime | date)
        ]


@pytest.fixture(scope="module")
def reference(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return DuckDB(nights, nights.commits(), Copies(tmp_path_factory.mktemp("copies")))


_DRIVER = """
import json, os, pickle, sys, threading
from pathlib import Path
from sre_findings.engine import dialect
from sre_findings.engine.athena import Athena, Place
from sre_findings.engine.factory import open_engine
from sre_findings.model.access import Access
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.urls import open_blobs
from sre_findings.store.snapshots.writer import SnapshotWriter

asked = json.loads(sys.stdin.readline())
threading.Thread(target=lambda: sys.stdin.read() or os._exit(1), daemon=True).start()  # the test is gone: go too
snapshots = SnapshotWriter(open_blobs(asked["store"]))
engine = open_engine(asked["engine"], snapshots, snapshots.commits(), Copies(Path("unused")))

def rows(query, parameters, engine=engine):
    try:
        return engine.rows(query, **parameters)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

found = [rows(*case) for case in asked["cases"]]
access = Access(**{name: frozenset(some) for name, some in asked["access"].items()})
restricted = open_engine(asked["engine"], snapshots, snapshots.commits(), Copies(Path("unused")), access)
found += [rows(*case, restricted) for case in asked["seen_cases"]]
dialect.catalogued = {"echo": "select coalesce(:text, '') as text"}.__getitem__
echoed = [rows("echo", {"text": text}) for text in asked["texts"]]
executors = engine._session.sparkContext._jsc.sc().statusTracker().getExecutorInfos()
Path(asked["answer"]).write_bytes(pickle.dumps((found, echoed, len(executors) - 1)))
"""


def _on_spark(
    master: str, nights: SnapshotWriter, folder: Path
) -> tuple[list[Any], list[Any], int]:
    """Runs all cases on Spark in a driver process.

    Returns the rows of every case, every hostile text as it is read back, and the number of
    executors that worked.
    """
    asked = {
        "engine": master,
        "store": nights.blobs.url,
        "cases": CASES,
        "texts": HOSTILE,
        "answer": str(folder / "rows"),
        "access": SEEN.to_json(),
        "seen_cases": SEEN_CASES,
    }
    conf = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "600m",
        "spark.driver.extraJavaOptions": QUICK,
        "spark.executor.extraJavaOptions": QUICK,
        "spark.executor.memory": "500m",
        "spark.executor.cores": "1",
        "spark.sql.shuffle.partitions": "2",
    }
    options = " ".join(f'--conf "{name}={value}"' for name, value in conf.items())
    environ = os.environ | {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": f"{options} pyspark-shell",
    }
    with (folder / "log").open("w") as log:
        driver = subprocess.Popen(
            [sys.executable, "-c", _DRIVER],
            stdin=subprocess.PIPE,
            stderr=log,
            env=environ,
            text=True,
        )
        with driver:
            assert driver.stdin
            driver.stdin.write(json.dumps(asked) + "\n")
            driver.stdin.flush()
            code = driver.wait(timeout=600)
    assert code == 0, (folder / "log").read_text()[-3000:]
    answer: tuple[list[Any], list[Any], int] = pickle.loads((folder / "rows").read_bytes())
    return answer


@pytest.mark.slow
def test_every_query_gives_the_same_rows_on_a_spark_cluster(
    cluster: str,
    nights: SnapshotWriter,
    reference: Engine,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    found, echoed, workers = _on_spark(cluster, nights, tmp_path)
    assert workers == 2
    assert echoed == [[{"text": text}] for text in HOSTILE]
    seen = DuckDB(nights, nights.commits(), Copies(tmp_path), SEEN)
    asked = [*((*case, reference) for case in CASES), *((*case, seen) for case in SEEN_CASES)]
    for (query, parameters, engine), rows in zip(asked, found, strict=True):
        with subtests.test(query, seen=engine is seen, **parameters):
            assert rows == engine.rows(query, **parameters)


@pytest.mark.parametrize(
    ("query", "parameters"), CASES, ids=lambda one: one if isinstance(one, str) else None
)
def test_the_text_for_athena_is_athenas_and_means_the_same_when_it_is_read_back(
    query: str, parameters: dict[str, Any], reference: DuckDB
) -> None:
    tables = reference.tables
    nights = {
        table: tables.commits if table in HISTORY else [tables.newest]
        for table in dialect.tables_of(query)
    }
    pinned = {
        table: dialect.of_snapshots("glue", table, [one.snapshot_id for one in some])
        for table, some in nights.items()
    }
    text = dialect.render(query, dialect.ATHENA, parameters, pinned)
    assert {*_CALLED.findall(_TEXT.sub("", text))} <= TRINO, (
        "look it up in Trino's documentation, then add it"
    )
    assert _by_duckdb(text, set(pinned), reference) == reference.rows(query, **parameters)


def _by_duckdb(text: str, tables: set[str], reference: DuckDB) -> list[dict[str, Any]]:
    """The rows that DuckDB returns for a query written for Athena."""
    again = sqlglot.transpile(text.replace("TO_UNIXTIME", "EPOCH"), read="athena", write="duckdb")[
        0
    ]
    with duckdb.connect() as connection:
        connection.execute("create schema glue; set TimeZone = 'UTC'")
        for table in tables:
            connection.execute(f"create view glue.{table} as {reference._source(table)}")
        cursor = connection.execute(again)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize(
    ("query", "parameters"), SEEN_CASES, ids=lambda one: one if isinstance(one, str) else None
)
def test_athena_is_asked_for_what_a_caller_sees_and_no_more(
    query: str,
    parameters: dict[str, Any],
    reference: DuckDB,
    nights: SnapshotWriter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(nights.blobs), "url", "s3://bucket")
    athena = Athena(nights, nights.commits(), Place("glue", "workgroup"), SEEN)
    monkeypatch.setattr(athena, "_check", lambda *_: None)
    pinned: dict[str, str] = {}
    for table in sorted(dialect.tables_of(query)):
        athena._pin(table, pinned)
    text = dialect.render(query, dialect.ATHENA, parameters, pinned)
    assert {*_CALLED.findall(_TEXT.sub("", text))} <= TRINO | {
        "ARRAY_AGG",
        "CONTAINS",
        "EXISTS",
        "NOT",
        "HAVING",
        "ON",
    }
    seen = DuckDB(nights, nights.commits(), Copies(tmp_path), SEEN)
    tables = {one for one in reference.tables.names if f'"{one}"' in text}
    assert _by_duckdb(text, tables, reference) == seen.rows(query, **parameters)


@pytest.mark.parametrize("engine", [dialect.SPARK, dialect.ATHENA])
@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    some=st.lists(st.text(max_size=5), min_size=1, max_size=3),
)
def test_no_value_ends_its_literal(engine: str, text: str, some: list[str]) -> None:
    def read_back(text: str, some: list[str]) -> tuple[list[str], list[type]]:
        parameters = PLACE | {
            "suppressed": True,
            "region": text,
            "severities": some,
            "reachable": False,
        }
        tree = sqlglot.parse_one(dialect.render("resource_total", engine, parameters), read=engine)
        texts = [one.this for one in tree.find_all(exp.Literal) if one.is_string]
        return sorted(texts), [type(node) for node in tree.walk()]

    (harmless, shape), (texts, same_shape) = (
        read_back("r", ["o"] * len(some)),
        read_back(text, some),
    )
    assert same_shape == shape
    assert texts == sorted([one for one in harmless if one not in ("r", "o")] + [text, *some])


@pytest.mark.parametrize("engine", [dialect.SPARK, dialect.ATHENA])
@pytest.mark.parametrize(
    ("query", "rendered"),
    [
        ("select :a as x, (:b) as y", "SELECT 'it''s' AS x, (2) AS y"),
        (
            "select coalesce(:a,:b) union all select 1 limit :n",
            "SELECT COALESCE('it''s', 2) UNION ALL SELECT 1",
        ),
        (
            "with a as (select 1 as b) select b from a where b=:b offset :b",
            "WITH a AS (SELECT 1 AS b) SELECT b FROM a WHERE b = 2 OFFSET 2",
        ),
    ],
)
def test_a_parameter_may_stand_wherever_a_value_may(
    engine: str, query: str, rendered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "catalogued", str)
    text = dialect.render(query, engine, {"a": "it's", "b": 2, "n": None})
    assert text == (rendered.replace("''", "\\'") if engine == dialect.SPARK else rendered)


def test_athena_replaces_all_matches_without_being_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "catalogued", str)
    text = dialect.render(
        "select regexp_replace(lower(:a), 'x', 'y', 'g') as z", dialect.ATHENA, {"a": "X"}
    )
    assert text == "SELECT REGEXP_REPLACE(LOWER('X'), 'x', 'y') AS z"


def test_what_stands_for_a_table_comes_before_what_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dialect, "catalogued", str)
    query = (
        "with ids as (select resource_id from findings) select * from ids join coverage using"
        " (resource_id)"
    )
    assert dialect.tables_of(query) == {"findings", "coverage"}
    pinned = {
        table: dialect.of_snapshots("glue", table, ["1"]) for table in ("findings", "coverage")
    }
    names = re.findall(r"(\w+) AS \(", dialect.render(query, dialect.ATHENA, {}, pinned))
    assert names == ["findings", "coverage", "ids"]


def test_a_value_that_engines_write_differently_is_refused() -> None:
    with pytest.raises(TypeError, match="datetime"):
        dialect.render("resources_by_name", dialect.SPARK, {"name": datetime(2026, 1, 1)})  # noqa: DTZ001
    with pytest.raises(KeyError):
        dialect.render("resources_by_name", dialect.SPARK, {})
