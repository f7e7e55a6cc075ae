"""Counts add up, nothing is counted twice, and unknown severities are counted too."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.severity import ORDER, OTHER, Severity, parse, rank
from sre_findings.model.snapshots.rollup import (
    OPENED_CAUSES,
    RESOLVED_CAUSES,
    Counts,
    Rollup,
    resource_scope,
)

NUMBERS = st.integers(0, 10**9)
COUNTS = st.builds(Counts, *[NUMBERS] * 7)
ROLLUPS = st.builds(
    Rollup,
    COUNTS,
    *[NUMBERS] * 6,
    flow=st.dictionaries(st.sampled_from(OPENED_CAUSES + RESOLVED_CAUSES), st.integers(1, 9)),
)


@given(ROLLUPS)
def test_a_rollup_comes_back_from_its_row(rollup: Rollup) -> None:
    assert Rollup.from_row(json.loads(json.dumps(rollup.to_row()))) == rollup


def test_kev_is_not_told_where_nothing_was_checked() -> None:
    assert Rollup(Counts(high=2), unchecked=2).to_json()["kev"] is None
    assert Rollup(Counts(high=2), unchecked=1).to_json()["kev"] == 0
    assert Rollup().to_json()["kev"] == 0


@given(COUNTS)
def test_the_total_is_what_is_written_beside_it(counts: Counts) -> None:
    values = counts.to_json()
    assert values.pop("total") == sum(values.values()) == counts.total
    assert ("other" in values) == bool(counts.other)


def test_the_contract_names_six_severities_and_the_total() -> None:
    assert list(Counts().to_json()) == [*(s.lower() for s in ORDER), "total"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_resources_whose_ids_hold_the_separator_are_two_scopes(a: str, b: str) -> None:
    assert (resource_scope("1", "eu", "T", a) == resource_scope("1", "eu", "T", b)) == (a == b)


def test_severities_are_in_order_and_one_that_nobody_knows_comes_last() -> None:
    assert [rank(value) for value in ORDER] == list(range(6))
    assert rank("APOCALYPTIC") == rank(None) == rank("") == OTHER == 6


@pytest.mark.parametrize("text", ["high", " HIGH ", "High"])
def test_a_severity_is_read_in_any_case(text: str) -> None:
    assert parse(text) is Severity.HIGH


@pytest.mark.parametrize("text", ["", "severe", "high,low"])
def test_what_is_no_severity_is_a_usage_error_that_lists_the_six(text: str) -> None:
    with pytest.raises(UsageError, match="critical, high, medium, low, informational, untriaged"):
        parse(text)
