"""Frames keep the metadata of their answer and have the data types that the columns promise."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sre_findings
from sre_findings import NotKnown, Proof, UnsureWarning
from sre_findings.api.answers import of_list, of_summary
from sre_findings.api.frames import frame_of
from sre_findings.model.answers.answer import SNAPSHOT, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.answers.verdict import CLEAN, INCOMPLETE, UNKNOWN, Verdict
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.rollup import Rollup

PROOF = Proof(
    SNAPSHOT,
    "20261122T010000Z",
    datetime(2026, 11, 22, 1, tzinfo=UTC),
    60,
    "complete",
    "for all visible accounts",
)
DOUBTS = {
    "partial": replace(
        PROOF, state="partial", causes=(Reason("region_unread", "eu-west-1 was not read"),)
    ),
    "old": replace(PROOF, too_old=True, age_seconds=200_000),
    "unread": replace(PROOF, unread=("us-east-1 was not read",)),
    "none": Proof(SNAPSHOT, None, None, None, None),
}


def listed(proof: Proof, *ids: str, known: bool = True) -> ListAnswer[Any, Any]:
    items = [{"vulnerability_id": one} for one in ids]
    return ListAnswer(
        "A headline.", "findings", items, len(items), ("vulnerability_id",), (), proof, known=known
    )


@pytest.mark.parametrize("name", DOUBTS)
def test_where_not_all_was_read_rows_warn_and_no_rows_raise(name: str) -> None:
    answer = of_list(listed(DOUBTS[name], "CVE-2026-1"))
    with pytest.warns(UnsureWarning, match=answer.doubts[0].split("(")[0]):
        frame = answer.frame()
    assert list(frame["vulnerability_id"]) == ["CVE-2026-1"]
    assert (frame.attrs["sure"], frame.attrs["doubts"]) == (False, list(answer.doubts))
    assert "not sure" in answer.caption
    assert "Rows may be missing" in str(answer)
    with pytest.raises(NotKnown, match="not an all-clear"):
        of_list(listed(DOUBTS[name])).frame()


def test_where_nothing_is_known_no_rows_raise_though_the_proof_is_whole() -> None:
    with pytest.raises(NotKnown):
        of_list(listed(PROOF, known=False)).frame()
    assert len(of_list(listed(PROOF)).frame()) == 0


def test_a_summary_that_knows_nothing_is_no_row_of_zeroes() -> None:
    unknown = of_summary(
        SummaryAnswer(
            Verdict(UNKNOWN, INCOMPLETE, "the scan is incomplete"), Rollup(), 0, DOUBTS["partial"]
        )
    )
    assert (unknown.known, unknown.rows, unknown.total) == (False, [], 0)
    with pytest.raises(NotKnown, match="incomplete"):
        unknown.frame()
    clean = of_summary(
        SummaryAnswer(
            Verdict(CLEAN, "no_findings", "Inspector reports no findings"), Rollup(), 0, PROOF
        )
    )
    assert clean.frame()["total"].to_list() == [0]


def test_a_frame_carries_its_proof_through_what_is_done_to_it() -> None:
    frame = of_list(listed(PROOF, "CVE-2026-2", "CVE-2026-1")).frame()
    kept = frame[frame["vulnerability_id"] > "CVE-2026-1"].sort_values("vulnerability_id").attrs
    assert kept["snapshot_id"] == "20261122T010000Z"
    assert kept["as_of"] == "2026-11-22T01:00:00Z"
    assert (kept["age_seconds"], kept["unread"], kept["certificate"]["state"]) == (
        60,
        [],
        "complete",
    )
    assert kept["caption"] == "snapshot 20261122T010000Z, 2026-11-22 01:00 UTC, complete"


def test_what_comes_from_outside_is_escaped_where_a_notebook_shows_it() -> None:
    shown = of_list(replace(listed(PROOF), headline="<script>alert(1)</script>"))._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


NULLABLE = {
    "median_days": "Int64",
    "days_left": "Int64",
    "in_use_count": "Int64",
    "first_observed_at": "datetime64[us, UTC]",
    "due_on": "datetime64[us]",
    "kev_due": "datetime64[us]",
}


@pytest.mark.parametrize("name", NULLABLE)
def test_a_column_has_its_type_even_where_nothing_is_known(name: str) -> None:
    for rows in ([], [{name: None}], [{name: None}, {name: None}]):
        frame = frame_of(rows, (name,))
        assert str(frame[name].dtype).replace("[s", "[us").replace("[ns", "[us") == NULLABLE[name]
        assert frame[name].isna().all()


@given(
    st.lists(st.one_of(st.none(), st.booleans())),
    st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62))),
)
def test_unknown_is_neither_no_nor_zero(
    flags: list[bool | None], numbers: list[int | None]
) -> None:
    for values in (flags, numbers):
        column = frame_of([{"x": one} for one in values], ("x",))["x"]
        assert [None if pd.isna(one) else one for one in column] == values


@given(st.lists(st.sampled_from(["LOW", "CRITICAL", "UNTRIAGED", "NEW WORD", None])))
def test_severities_sort_the_worst_first_and_a_new_word_is_kept_last(
    words: list[str | None],
) -> None:
    column = frame_of([{"severity": one} for one in words], ("severity",))["severity"]
    order = ["CRITICAL", "LOW", "UNTRIAGED", "NEW WORD"]
    assert list(column.dropna().sort_values()) == sorted(
        (one for one in words if one), key=order.index
    )
    assert column.isna().sum() == words.count(None)


FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - Hypothesis adds the zone


@given(st.lists(st.datetimes(FIRST, LAST, timezones=st.just(UTC)), min_size=1))
def test_any_moment_that_an_answer_can_write_is_read_again(moments: list[datetime]) -> None:
    frame = frame_of([{"seen_at": one.isoformat()} for one in moments], ("seen_at",))
    assert [one.to_pydatetime() for one in frame["seen_at"]] == moments


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.stdout.strip()


def test_opening_and_asking_need_no_pandas_and_a_frame_says_what_to_install() -> None:
    code = """
import sys
sys.modules["pandas"] = None
from sre_findings import open_store, UsageError
from sre_findings.api.frames import frame_of
try:
    frame_of([], ())
except UsageError as error:
    print(error)
"""
    assert (
        run(code) == "a frame needs pandas: it is not installed. Install it: pip install"
        " 'sre-operations-assistant[notebooks]'."
    )


def test_who_imports_the_package_loads_none_of_it_and_who_opens_a_store_no_pandas() -> None:
    loaded = (
        "print(sorted(name for name in sys.modules if name.startswith('sre_findings.') or name =="
        " 'pandas'))"
    )
    assert run(f"import sys, sre_findings; {loaded}") == "[]"
    assert "pandas" not in run(
        f"import sys; from sre_findings import open_store; open_store('/nonexistent'); {loaded}"
    )


def test_every_public_name_is_there_and_no_other_is_made_up() -> None:
    assert [
        getattr(sre_findings, name).__name__ for name in sre_findings.__all__
    ] == sre_findings.__all__
    assert {*sre_findings.__all__} <= {*dir(sre_findings)}
    name = "open_shop"
    with pytest.raises(AttributeError, match="no attribute 'open_shop'"):
        getattr(sre_findings, name)
