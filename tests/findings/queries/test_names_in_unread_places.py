"""A name is ambiguous if a place that was not read had another resource of this name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.model.errors import AmbiguousName
from sre_findings.model.snapshots.gaps import NEVER, Gap
from sre_findings.queries.resource_lookup import resolve_in
from sre_findings.sources.sources import Found, proof_of
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter

ACCOUNT, READ, UNREAD = "111122223333", "eu-west-1", "us-east-1"
KINDS = ("tag", "former")
# Resources of the first scan by number: their region and names.
NAMES = st.dictionaries(st.sampled_from(["web", "db"]), st.sampled_from(KINDS), max_size=2)
FLEET = st.lists(st.tuples(st.sampled_from([READ, UNREAD]), NAMES), min_size=1, max_size=4)


def row(number: int, region: str, name: str, kind: str) -> dict[str, Any]:
    place = {"account_id": ACCOUNT, "region": region, "resource_type": "AWS_EC2_INSTANCE"}
    return {**place, "resource_id": f"i-{number:017x}", "owner": None, "name": name, "kind": kind}


def rows(fleet: list[tuple[str, dict[str, str]]], regions: set[str]) -> list[dict[str, Any]]:
    return [
        row(number, region, name, kind)
        for number, (region, names) in enumerate(fleet)
        for name, kind in {f"i-{number:017x}": "id", **names}.items()
        if region in regions
    ]


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FLEET)
def test_a_name_of_an_unread_resource_is_ambiguous_and_an_id_never(
    write_night: Callable[..., Any], fleet: list[tuple[str, dict[str, str]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        snapshots = SnapshotWriter(FolderBlobs(Path(folder) / "store"))
        first = write_night(snapshots, 1, names=rows(fleet, {READ, UNREAD}))
        last = write_night(snapshots, 2, names=rows(fleet, {READ}))
        table = SqliteTable(Path(folder) / "table")
        sources = make_sources(snapshots, table, Path(folder), last.ended_at)
        gap = Gap(ACCOUNT, UNREAD, "*", "*", "denied", first.started_at.isoformat())
        partial = replace(last, gaps=(gap,))
        found = Found(partial, proof_of(partial, sources, None), sources)
        for number, (region, names) in enumerate(fleet):
            if region == READ:
                assert resolve_in(found, f"i-{number:017x}")[1] == ""
            for name, kind in names.items():
                ranked = [(KINDS.index(of[name]), at) for at, of in fleet if name in of]
                here = [rank for rank, at in ranked if at == READ]
                if region != READ or KINDS.index(kind) != min(here) or here.count(min(here)) > 1:
                    continue
                if any(at == UNREAD and rank <= min(here) for rank, at in ranked):
                    with pytest.raises(AmbiguousName) as refused:
                        resolve_in(found, name)
                    assert f"i-{number:017x}" in refused.value.candidates
                else:
                    one, note = resolve_in(found, name)
                    assert one.resource_id == f"i-{number:017x}"
                    assert f"{ACCOUNT} in {UNREAD} (last read on 2026-11-01)" in note


def test_without_an_earlier_reading_a_note_names_the_places(
    write_night: Callable[..., Any], tmp_path: Path
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    last = write_night(snapshots, 2, names=rows([(READ, {"web": "tag"})], {READ}))
    sources = make_sources(snapshots, SqliteTable(tmp_path / "table"), tmp_path, last.ended_at)
    partial = replace(last, gaps=(Gap("*", UNREAD, "*", "*", "denied", NEVER),))
    found = Found(partial, proof_of(partial, sources, None), sources)
    assert "all accounts in us-east-1 (never read)" in resolve_in(found, "web")[1]
    whole = Found(replace(last, gaps=()), found.proof, sources)
    assert resolve_in(whole, "web")[1] == ""
