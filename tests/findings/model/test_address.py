"""An address is found by its own text in the column, and by nothing that only resembles it."""

from __future__ import annotations

import fnmatch
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.address import Address, address_of, addresses_text, pattern


def matches(column: str, like: str) -> bool:
    """SQL's ``like`` for patterns whose one wildcard is ``%``."""
    return fnmatch.fnmatchcase(column, like.replace("%", "*"))


@given(st.lists(st.ip_addresses(), min_size=1, max_size=4), st.ip_addresses())
def test_the_pattern_finds_an_address_of_the_column_and_no_other(kept: list[Address], sought: Address) -> None:
    column = addresses_text([str(one) for one in kept])
    assert column is not None
    assert matches(column, pattern(sought)) == (sought in kept)
    assert matches(column, pattern(kept[-1]))


@pytest.mark.parametrize(
    "text", ["", "i-0", "10.0.0", "10.0.0.256", "010.0.0.1", "fe80::1%eth0", "%", "10.0.0.1/24", " 10.0.0.1"]
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert address_of(text) is None


def test_an_address_has_one_form() -> None:
    assert address_of("2001:DB8:0::0:1") == ip_address("2001:db8::1")
    assert addresses_text([]) is None
