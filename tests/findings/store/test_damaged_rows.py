"""A damaged row of the table is an error that says what to do, never a missing row or a crash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.shared_stores import copied_demo
from tests.support.sources import folder_sources, with_table

from sre_cli.main import main
from sre_findings.model.answers.verdict import VULNERABLE
from sre_findings.model.errors import StoreUnreadable
from sre_findings.queries import ask
from sre_findings.queries.claims.audit import audited
from sre_findings.questions.catalogue import (
    Claims,
    DueDates,
    Operations,
    Sla,
    Summary,
    Take,
    Trend,
    Vulnerabilities,
)
from sre_findings.sources.sources import Sources
from sre_findings.store.records.table import SqliteTable

HOST, CVE = "data-export", "CVE-2021-44228"
READERS = {
    "rollup": (Summary(), Vulnerabilities(HOST), Trend()),
    "ages": (Sla(), DueDates()),
    "snapshot": (Summary(), Vulnerabilities(HOST), Trend(), Sla(), DueDates()),
    "operation": (Operations(),),
    "claim": (Claims(),),
}
BODIES = ['{"x": 1}', "[]", "null", '"a"', "{", "7"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = copied_demo(tmp_path_factory)
    audited(Take(HOST, CVE, "7d"), folder_sources(store, at=datetime.now(UTC)))
    return store


def damaged(store: Path, folder: Path, change: Callable[[str, str], str]) -> Sources:
    """The sources of the store with a changed copy of its table."""
    path = folder / "damaged.db"
    with sqlite3.connect(store / "table.db") as before, sqlite3.connect(path) as after:
        before.backup(after)
        rows = after.execute("select partition, sort, body from rows").fetchall()
        changed = [(change(row[0], row[2]), *row[:2]) for row in rows]
        after.executemany("update rows set body = ? where partition = ? and sort = ?", changed)
    return with_table(folder_sources(store, at=datetime.now(UTC)), SqliteTable(path))


def kind_of(partition: str) -> str:
    return partition.partition("#")[0]


def test_every_kind_of_row_is_tested(store: Path, tmp_path: Path) -> None:
    met: set[str] = set()

    def seen(partition: str, body: str) -> str:
        met.add(kind_of(partition))
        return body

    damaged(store, tmp_path, seen)
    assert met == {*READERS}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", READERS)
def test_a_question_that_reads_a_damaged_row_says_what_to_do(
    store: Path, tmp_path: Path, kind: str, body: str
) -> None:
    sources = damaged(store, tmp_path, lambda part, own: body if kind_of(part) == kind else own)
    for question in READERS[kind]:
        with pytest.raises(StoreUnreadable, match="row of the table is damaged") as caught:
            ask(question, sources)
        assert caught.value.do


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind != "snapshot"])
def test_values_of_another_type_are_an_error(store: Path, tmp_path: Path, kind: str) -> None:
    def changed(partition: str, body: str) -> str:
        values: Any = json.loads(body)
        odd: dict[str, Any] = {
            name: [] if isinstance(one, int | str) else 7 for name, one in values.items()
        }
        return json.dumps(odd if kind_of(partition) == kind else values)

    sources = damaged(store, tmp_path, changed)
    for question in READERS[kind]:
        with pytest.raises(StoreUnreadable):
            ask(question, sources)


def test_a_damaged_claim_leaves_findings_readable(store: Path, tmp_path: Path) -> None:
    sources = damaged(store, tmp_path, lambda part, own: "{}" if kind_of(part) == "claim" else own)
    answer = ask(Vulnerabilities(HOST), sources)
    assert (answer.verdict.verdict, answer.claims_known) == (VULNERABLE, False)


def test_the_advice_repairs_damaged_rollups(store: Path, tmp_path: Path) -> None:
    counted = ("rollup", "ages", "snapshot")
    sources = damaged(store, tmp_path, lambda part, own: "{}" if kind_of(part) in counted else own)
    with pytest.raises(StoreUnreadable, match=r"snapshots rebuild --all"):
        ask(Summary(), sources)
    place = ["--store", str(store), "--table", f"sqlite:///{tmp_path / 'damaged.db'}"]
    with pytest.raises(SystemExit) as ended:
        main(["snapshots", "rebuild", "--all", *place])
    assert ended.value.code == 0
    assert ask(Summary(), sources).rollup == ask(Summary(), folder_sources(store)).rollup
