"""A severity that appeared on one day only is counted on every day, in every format."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.support.sources import make_sources

from sre_findings.api.answers import of_list
from sre_findings.model.snapshots.rollup import ORGANIZATION, Counts, Rollup, Scope
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Trend
from sre_findings.store.records import rollups
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.formats.answers import as_csv, as_json, as_ndjson


@pytest.mark.parametrize("others", [(0, 0), (2, 0), (0, 3), (2, 3)])
def test_every_export_of_a_trend_has_one_column_for_each_severity(
    nights: SnapshotWriter, tmp_path: Path, others: tuple[int, int]
) -> None:
    table = SqliteTable(tmp_path / "table")
    before: dict[Scope, Rollup] = {}
    for commit, other in zip(nights.commits(), others, strict=True):
        now = {Scope(ORGANIZATION): Rollup(Counts(critical=1, other=other))}
        rollups.write(table, commit, now, before)
        before = now
    answer = ask(Trend(), make_sources(nights, table, tmp_path, nights.commits()[-1].ended_at))
    wanted = [*others] if any(others) else [None, None]
    assert [one.get("other") for one in answer.items] == wanted
    header, *rows = csv.reader(as_csv(answer).splitlines())
    assert len(rows) == len(others)
    assert all(len(row) == len(header) for row in rows)
    for lines in (json.loads(as_json(answer))["nights"], as_ndjson(answer).splitlines()):
        shown = [one if isinstance(one, dict) else json.loads(one) for one in lines]
        assert [one.get("other") for one in shown] == wanted
        assert all({*one} == {*header} for one in shown)
    frame = of_list(answer).frame()
    assert not any(others) or frame["other"].tolist() == wanted
    assert frame["total"].tolist() == [1 + other for other in others]
