"""The owner of a resource: its tag, then the owners file from top to bottom, then accounts."""

from __future__ import annotations

from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import UsageError
from sre_findings.model.resources.owners import Claim, OwnerRule, Owners, newer, parse_owners

FILE = """
[[owner]]
name = "payments"
resources = ["payments/*", "pay-*"]

[[owner]]
name = "platform"
accounts = ["111122223333"]
"""
IMAGE = "arn:aws:ecr:eu-west-1:111122223333:repository/payments/api/sha256:ab"


def test_the_tag_goes_first_then_the_file() -> None:
    owners = parse_owners(FILE, "team")
    assert owners.of("2", IMAGE, owners.claim({"team": "data"}, None)) == "data"
    assert owners.of("2", IMAGE) == "payments"
    assert owners.of("111122223333", "i-1", owners.claim({}, "pay-7")) == "payments"
    assert owners.of("111122223333", "i-1", owners.claim({}, "web-7")) == "platform"
    assert owners.of("2", "i-1", owners.claim({}, "web-7")) is None


def test_spaces_around_a_name_make_no_other_owner() -> None:
    owners = parse_owners('[[owner]]\nname = " payments "\naccounts = ["1"]', "team")
    assert (
        owners.of("2", "i-1", owners.claim({"team": "\tpayments\u00a0"}, None))
        == owners.of("1", "i-1")
        == "payments"
    )
    assert owners.of("2", "i-1", owners.claim({"team": "  "}, None)) is None
    with pytest.raises(UsageError, match="no name"):
        parse_owners('[[owner]]\nname = " "\naccounts = ["1"]', "team")


def test_the_first_entry_that_fits_wins() -> None:
    owners = Owners(rules=(OwnerRule("a", ("x*",)), OwnerRule("b", ("xy",))))
    assert owners.of("1", "xy") == "a"


@pytest.mark.parametrize(
    ("covered", "found", "owner"),
    [
        ({"team": "ann"}, {"team": "bob"}, "ann"),
        ({"Name": "x"}, {"team": "bob"}, None),  # it had the tag before, but not any more
        ({}, {"team": "bob"}, "bob"),
        ({}, {}, None),
        ({"team": ""}, {"team": "bob"}, None),
    ],
)
def test_what_coverage_says_goes_first_where_it_has_tags(
    covered: dict[str, str], found: dict[str, str], owner: str | None
) -> None:
    owners = Owners()
    assert (
        owners.of("1", "i-1", owners.claim(covered, None), owners.claim(found, None, 9.0)) == owner
    )


def test_the_name_of_coverage_goes_first_where_it_has_one() -> None:
    owners = Owners(rules=(OwnerRule("a", ("old",)), OwnerRule("b", ("new",))))
    assert owners.of("1", "i-1", owners.claim({}, "new"), owners.claim({}, "old")) == "b"
    assert owners.of("1", "i-1", owners.claim({}, None), owners.claim({}, "old")) == "a"


CLAIMS = st.lists(
    st.builds(
        Owners().claim,
        st.sampled_from([{}, {"team": "ann"}, {"team": "bob"}, {"x": "y"}]),
        st.sampled_from([None, "one", "two"]),
        st.sampled_from([None, 1.0, 2.0, float("nan")]),
    ),
    min_size=1,
)


@given(CLAIMS, st.randoms(use_true_random=False))
def test_of_several_claims_the_newest_with_tags_counts_in_whatever_order_they_come(
    claims: list[Claim], chance: Random
) -> None:
    chosen = reduce(newer, claims)
    tagged = [one for one in claims if one.tagged]
    assert chosen in claims
    assert chosen.tagged == bool(tagged)
    assert chosen.at == max(one.at for one in tagged or claims)
    chance.shuffle(claims)
    assert reduce(newer, claims) == chosen


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "[[owner]]"),
        ("[[owner]]", "owner 1 has no name"),
        ('[[owner]]\nname = "a"', "has no resources or accounts"),
        ('[[owner]]\nname = "a"\naccount = "1"', "'account' is not one of"),
        ('[[owner]]\nname = "a"\naccounts = "1"', "must be a list of strings"),
        ("[[owner", "Expected"),
        ("owner = 3", "[[owner]]"),
    ],
)
def test_a_wrong_file_is_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_owners(text, "team")
    assert why in str(refused.value)
