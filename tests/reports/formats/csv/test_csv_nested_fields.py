"""Nested values of any shape become cells or empty cells, never an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_reports.formats.csv import nested_fields

_NAMES = st.sampled_from(
    [
        "name",
        "version",
        "epoch",
        "cvss",
        "source",
        "baseScore",
        "details",
        "tags",
        "id",
        "awsEc2Instance",
        "ipV4Addresses",
        "awsLambdaFunction",
        "vpcConfig",
        "networkPath",
        "steps",
        "openPortRange",
        "begin",
        "filePath",
        "referenceUrls",
        "adjustedCvss",
        "recommendation",
        "text",
        "lastKnownExploitAt",
        "vendorCreatedAt",
        "lastModifiedAt",
        "layers",
    ]
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_no_shape_of_a_value_is_fatal(value: Any) -> None:
    text = json.dumps(value)
    found = [
        *nested_fields.packages(text),
        *nested_fields.vulnerability(text),
        *nested_fields.place(text, "i"),
        *nested_fields.network(text),
        *nested_fields.code(text),
        *nested_fields.rest(text, text, text),
    ]
    assert len(found) == 6 + 13 + 11 + 2 + 3 + 3
    assert all(cell is None or isinstance(cell, str | int | float) for cell in found)


def test_absent_parts_are_empty_cells() -> None:
    assert nested_fields.packages(None) == (None,) * 6
    assert nested_fields.network(None) == (None, None)
    assert nested_fields.place(None, None) == (None,) * 11


def test_an_absent_entry_keeps_its_position() -> None:
    wire = [{"name": "a", "version": "1"}, {"name": "b", "version": "2", "fixedInVersion": "3"}]
    assert nested_fields.packages(json.dumps(wire)) == ("a, b", "1, 2", ", 3", None, None, None)


def test_a_vendor_score_prefers_the_findings_own_source() -> None:
    scores = [
        {"source": name, "version": "3.1", "baseScore": score}
        for name, score in (("A", 1), ("B", 2), ("NVD", 3))
    ]
    own = nested_fields.vulnerability(json.dumps({"source": "B", "cvss": scores}))
    other = nested_fields.vulnerability(json.dumps({"source": "NVD", "cvss": scores}))
    assert (own[8], other[8], own[4]) == (2, 1, 3)


@pytest.mark.parametrize(
    ("seconds", "cell"),
    [(0, "0"), (1763773200000, "1763773200000"),
     (1678220584.098, "2023-03-07T20:23:04.098Z"), ("2026-01-01", "2026-01-01"), (None, None),
     (1e20, "1e+20"), (-1e20, "-1e+20")],
)  # fmt: skip
def test_times_are_iso_and_invalid_ones_unchanged(seconds: Any, cell: str | None) -> None:
    assert nested_fields.moment(seconds) == cell


@pytest.mark.parametrize("address", ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1"])
def test_addresses_of_a_vpc_are_private(address: str) -> None:
    place = nested_fields.place(
        json.dumps([{"details": {"awsEc2Instance": {"ipV4Addresses": [address, "172.32.0.1"]}}}]),
        None,
    )
    assert place[4:6] == ("172.32.0.1", address)
