"""An access scope allows what it names, and an empty one allows nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.access import ALL, EVERYTHING, NOTHING, Access, parse_access
from sre_findings.model.errors import UsageError

NAMES = st.frozensets(st.sampled_from(["a", "b", "c", ALL]), max_size=3)
ACCESSES = st.builds(Access, NAMES, NAMES)
FINDINGS = st.tuples(
    st.sampled_from(["a", "b", "c", "d", None]), st.sampled_from(["a", "b", "c", "d", None])
)


def only(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_a_finding_is_seen_if_its_account_and_its_owner_are_allowed() -> None:
    access = Access(only("1", "2"), only("payments"))
    assert access.allows("1", "payments")
    assert not access.allows("3", "payments")
    assert not access.allows("1", "identity")
    assert not access.allows("1", None)
    assert not access.allows(None, "payments")


def test_what_nobody_owns_is_seen_by_who_sees_all_owners() -> None:
    assert Access(only("1"), only(ALL)).allows("1", None)
    assert EVERYTHING.allows(None, None)


@pytest.mark.parametrize(
    "access", [NOTHING, Access(only(ALL)), Access(owners=only(ALL)), Access(only("1"), only())]
)
def test_without_accounts_or_without_owners_there_is_nothing(access: Access) -> None:
    assert access == NOTHING
    assert not access.allows("1", "payments")
    assert not access.allows_account("1")
    assert not access.everything


def test_a_star_beside_names_is_a_star() -> None:
    assert Access(only(ALL, "1"), only(ALL, "x")) == EVERYTHING


@given(ACCESSES, ACCESSES, FINDINGS)
def test_narrowed_allows_what_both_allow(
    one: Access, other: Access, finding: tuple[str | None, str | None]
) -> None:
    both = one.narrowed(other)
    assert both.allows(*finding) == (one.allows(*finding) and other.allows(*finding))
    assert both == other.narrowed(one) == both.narrowed(one)
    assert one.narrowed(EVERYTHING) == one
    assert one.narrowed(NOTHING) == NOTHING


@given(ACCESSES)
def test_an_access_comes_back_from_its_json(access: Access) -> None:
    accounts = {name: f"{place:012}" for place, name in enumerate("abc")} | {ALL: ALL}
    real = Access(frozenset(accounts[one] for one in access.accounts), access.owners)
    assert parse_access(real.to_json()) == real


def test_what_is_not_said_is_none_and_other_keys_are_left_alone() -> None:
    assert parse_access({}) == parse_access({"accounts": ["*"], "name": "x"}) == NOTHING


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"accounts": "*"}, "accounts must be a list of strings"),
        ({"accounts": None}, "accounts must be a list of strings"),
        ({"owners": {"payments": True}}, "owners must be a list of strings"),
        ({"owners": [1]}, "owners must be a list of strings"),
        ({"accounts": ["*", "111122223333"]}, "accounts contains * and other names"),
        ({"accounts": ["1111"]}, "accounts contains '1111', which is not an account"),
        ({"accounts": ["١١١١٢٢٢٢٣٣٣٣"]}, "which is not an account"),
        ({"accounts": ["111122223333\n"]}, "which is not an account"),
        ({"accounts": [""]}, "accounts contains an empty string"),
        ({"owners": [""]}, "owners contains an empty string"),
        ({"owners": ["pay*"]}, "owners contains 'pay*', which is not an owner"),
        ({"owners": ["a\0b"]}, "which is not an owner"),
        ({"owners": ["\ud800"]}, "which is not an owner"),
        ({"owners": ["x" * 257]}, "which is not an owner"),
    ],
)
def test_a_wrong_access_is_named_and_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match="token ci cannot be read") as error:
        parse_access(values, "token ci")
    assert why in str(error.value)
