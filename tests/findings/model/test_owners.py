"""Who answers for a resource: the tag, then the file from top to bottom; accounts last."""

from __future__ import annotations

import pytest

from sre_findings.model.errors import UsageError
from sre_findings.model.owners import OwnerRule, Owners, parse_owners

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
    assert owners.of({"team": "data"}, IMAGE, None) == "data"
    assert owners.of({}, IMAGE, None) == "payments"
    assert owners.of({}, "i-1", "pay-7") == "payments"
    assert owners.of({}, "i-1", "web-7") is None
    assert owners.of_account("111122223333") == "platform"
    assert owners.of_account("2") is None


def test_the_first_entry_that_fits_wins() -> None:
    owners = Owners(rules=(OwnerRule("a", ("x*",)), OwnerRule("b", ("xy",))))
    assert owners.of({}, "xy", None) == "a"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "[[owner]]"),
        ("[[owner]]", "owner 1 has no name"),
        ('[[owner]]\nname = "a"', "owns nothing"),
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
