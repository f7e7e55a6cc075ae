"""Counts add up, nothing is counted twice, and severities that nobody knows yet are counted too."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.ages import Ages
from sre_findings.model.errors import UsageError
from sre_findings.model.rollup import CAME, ORGANIZATION, WENT, Counts, Rollup, Scope, resource_scope, rollups
from sre_findings.model.severity import ORDER, OTHER, Severity, parse, rank

NUMBERS = st.integers(0, 10**9)
COUNTS = st.builds(Counts, *[NUMBERS] * 7)
ROLLUPS = st.builds(Rollup, COUNTS, *[NUMBERS] * 6, flow=st.dictionaries(st.sampled_from(CAME + WENT), st.integers(1, 9)))
NAMES = ("critical", "high", "medium", "low", "informational", "untriaged", "other")


def row(resource_id: str = "i-1", **changes: Any) -> dict[str, Any]:
    """A row of resources/ as the scanner writes it."""
    usual = {"account_id": "1", "region": "eu-west-1", "resource_type": "AWS_EC2_INSTANCE", "owner": "web", "name": None}
    numbers = dict.fromkeys((*NAMES, "suppressed", "closed", "fixable", "exploitable"), 0)
    return {"resource_id": resource_id, **usual, **numbers, "counted_elsewhere": None, **changes}


@given(ROLLUPS)
def test_a_rollup_comes_back_from_its_row(rollup: Rollup) -> None:
    assert Rollup.from_row(json.loads(json.dumps(rollup.to_row()))) == rollup


def test_kev_is_not_told_where_nothing_was_checked() -> None:
    assert Rollup(Counts(high=2), unchecked=2).to_json()["kev"] is None
    assert Rollup(Counts(high=2), unchecked=1).to_json()["kev"] == 0
    assert Rollup().to_json()["kev"] == 0


def test_ages_and_flows_go_to_every_shared_scope_and_single_resources_keep_their_kev() -> None:
    place = {"account_id": "1", "region": "eu-west-1", "resource_type": "AWS_EC2_INSTANCE", "resource_id": "i-1"}
    age = {**place, "severity_rank": 0, "opened_on": date(2026, 11, 1), "kev_due": date(2026, 11, 30)}
    flow = {**place, "owner": "web", "word": "patched", "count": 4}
    sums = rollups([row(critical=3)], [{**age, "findings": 3, "shared": 2, "unchecked": 0}], [flow])
    own, whole = sums[resource_scope(*place.values())], sums[Scope(ORGANIZATION)]
    assert (own.kev, own.ages, own.flow) == (3, Ages(), {"patched": 4})
    assert (whole.kev, whole.flow) == (2, {"patched": 4})
    assert whole.ages.to_json() == {"0|2026-11-01|2026-11-30": 2}
    assert sums[Scope("owner", "web")] == whole


@given(COUNTS)
def test_the_total_is_what_is_written_beside_it(counts: Counts) -> None:
    values = counts.to_json()
    assert values.pop("total") == sum(values.values()) == counts.total
    assert ("other" in values) == bool(counts.other)


def test_the_contract_names_six_severities_and_the_total() -> None:
    assert list(Counts().to_json()) == [*(s.lower() for s in ORDER), "total"]


def test_the_organization_has_a_rollup_even_without_any_resource() -> None:
    assert rollups([]) == {Scope(ORGANIZATION): Rollup()}


def test_a_resource_counts_in_every_scope_that_it_is_in() -> None:
    sums = rollups([row(critical=1, suppressed=2, fixable=1), row("i-2", high=3, exploitable=2, owner=None)])
    assert sums[resource_scope("1", "eu-west-1", "AWS_EC2_INSTANCE", "i-1")] == Rollup(Counts(critical=1), 2, 1, 0, 1)
    whole = Rollup(Counts(critical=1, high=3), 2, 1, 2, 2)
    assert sums[Scope(ORGANIZATION)] == sums[Scope("account", "1")] == sums[Scope("region", "eu-west-1")] == whole
    assert sums[Scope("type", "AWS_EC2_INSTANCE")] == whole
    assert sums[Scope("owner", "web")].counts == Counts(critical=1)
    assert sums[Scope("owner", "")].counts == Counts(high=3), "what nobody owns is a group, too"


def test_a_resource_with_suppressed_findings_only_is_a_resource_with_findings_and_one_with_none_is_not() -> None:
    assert rollups([row(suppressed=1), row("i-2", closed=4)])[Scope(ORGANIZATION)].resources == 1


def test_a_finding_of_several_resources_counts_at_each_and_once_above() -> None:
    elsewhere = {**dict.fromkeys((*NAMES, "suppressed", "closed", "fixable", "exploitable"), 0), "high": 1, "suppressed": 1}
    elsewhere |= {"fixable": 1, "exploitable": 1, "other": 1}
    shared = row("i-2", high=2, other=1, suppressed=1, fixable=2, exploitable=1, counted_elsewhere=json.dumps(elsewhere))
    sums = rollups([row(high=1, fixable=1, exploitable=1), shared])
    assert sums[resource_scope("1", "eu-west-1", "AWS_EC2_INSTANCE", "i-2")].counts == Counts(high=2, other=1)
    assert sums[Scope(ORGANIZATION)] == Rollup(Counts(high=2), 0, 2, 1, 2)


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
