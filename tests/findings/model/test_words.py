"""User input (resources, types and scope files), and the error messages for mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model import errors
from sre_findings.model.errors import AmbiguousName, SreError, UsageError
from sre_findings.model.findings.finding import parse_status
from sre_findings.model.resources.resource import (
    FUNCTION,
    IMAGE,
    INSTANCE,
    TYPES,
    can_be_id,
    check_id,
    parse_type,
)
from sre_findings.model.snapshots.scan_plan import AcceptedGap, Expectation, parse_expectation


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ec2", INSTANCE),
        (" ECR ", IMAGE),
        ("lambda", FUNCTION),
        ("aws_ec2_instance", INSTANCE),
        *((t, t) for t in TYPES),
    ],
)
def test_a_resource_type_is_a_short_word_or_as_inspector_writes_it_in_any_case(
    text: str, value: str
) -> None:
    assert parse_type(text) == value


def test_what_is_no_resource_type_is_a_usage_error_with_the_words_that_are() -> None:
    with pytest.raises(
        UsageError, match=r"'vm' is not a resource type. Use one of: ec2, ecr, lambda, code"
    ):
        parse_type("vm")


@pytest.mark.parametrize(
    "text",
    ["i-0123456789abcdef0", "i-01234567", " web-1 ", "i-am-a-name", "I-beam", "i-123", "x" * 1024],
)
def test_ids_and_names_are_taken_stripped(text: str) -> None:
    assert check_id(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "i-0123456789abcdef",
        "i-0123456789abcdef01",
        "I-0123456789ABCDEF0",
        "i-0123456789ABCDEF0",
        "i-012345",
        "i-0123456789abcdefg",
    ],
)
def test_what_looks_like_a_mistyped_instance_id_is_refused(text: str) -> None:
    with pytest.raises(
        UsageError, match="is not an EC2 instance id: i- is followed by 8 or 17 lower-case hex"
    ):
        check_id(text)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1025])
def test_an_id_has_1_to_1024_characters(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 1,024 characters"):
        check_id(text)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("i-0123456789abcdef0", True),
        ("arn:aws:lambda:x", True),
        ("web-1", False),
        ("i-0123", False),
        ("x arn:aws:", False),
        ("/subscriptions/1/x", True),
        ("//compute.googleapis.com/projects/p", True),
    ],
)
def test_only_ids_and_arns_are_worth_a_live_question(text: str, possible: bool) -> None:
    assert can_be_id(text) is possible


SCOPE = """
accounts = ["111122223333", "444455556666"]
regions = ["eu-west-1"]
[[accepted]]
account = "444455556666"
owner = "platform"
reason = "moving to the new organization"
expires = 2027-01-31
[[accepted]]
region = "us-east-1"
owner = "sec"
reason = "nothing runs there"
expires = 2027-01-31T12:00:00Z
"""


def test_a_scope_file_says_what_must_be_there_and_which_gaps_are_accepted() -> None:
    assert parse_expectation(SCOPE) == Expectation(
        ("111122223333", "444455556666"),
        ("eu-west-1",),
        (
            AcceptedGap(
                "444455556666", "*", "platform", "moving to the new organization", "2027-01-31"
            ),
            AcceptedGap("*", "us-east-1", "sec", "nothing runs there", "2027-01-31"),
        ),
    )


def test_an_empty_scope_file_expects_nothing() -> None:
    assert parse_expectation("") == Expectation()


GAP = '[[accepted]]\nowner = "a"\nreason = "b"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("accounts = [", "Invalid value"),
        ("accounts = []\n= 3", "line 2"),
        ("accounts = [1]\n", "accounts in the scope file must be a list of strings"),
        ('accounts = "111122223333"', "accounts in the scope file must be a list of strings"),
        ("regions = {}", "regions in the scope file must be a list of strings"),
        ("acounts = []", "'acounts' is not one of accounts, regions, accepted"),
        ("accepted = 1", r"accepted must be tables, each under \[\[accepted\]\]"),
        ('[accepted]\nowner = "a"', r"accepted must be tables"),
        ('accepted = ["a"]', r"accepted must be tables"),
        (GAP, "accepted.expires must be a date such as 2027-01-31"),
        (GAP + 'expires = "2027-01-31"', "accepted.expires must be a date"),
        (GAP + "expires = 07:32:00", "accepted.expires must be a date"),
        (
            GAP + "expires = 2027-01-31\nuntil = 1",
            "accepted: 'until' is not one of account, region, owner, reason, expires",
        ),
        ('[[accepted]]\nreason = "b"\nexpires = 2027-01-31', "accepted.owner must be given"),
        ('[[accepted]]\nowner = "b"\nexpires = 2027-01-31', "accepted.reason must be given"),
        (
            '[[accepted]]\nowner = 5\nreason = "b"\nexpires = 2027-01-31',
            "accepted.owner must be a string",
        ),
        (GAP + "expires = 2027-01-31\naccount = 111122223333", "accepted.account must be a string"),
    ],
)
def test_a_wrong_scope_file_is_a_usage_error_of_one_line_that_names_the_key(
    text: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        parse_expectation(text)
    assert "\n" not in str(raised.value)


@given(st.text(max_size=60))
def test_any_text_is_a_scope_file_or_a_usage_error(text: str) -> None:
    told = "one line"
    try:
        parse_expectation(text)
    except UsageError as error:
        told = str(error)
    assert len(told.splitlines()) == 1


def test_a_status_is_read_in_any_case_and_a_wrong_one_is_a_usage_error() -> None:
    assert parse_status(" closed ") == "CLOSED"
    with pytest.raises(
        UsageError, match=r"'open' is not a finding status. Use one of: ACTIVE, SUPPRESSED, CLOSED."
    ):
        parse_status("open")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (SreError("it broke"), "it broke"),
        (SreError("it broke", why="no luck"), "it broke: no luck"),
        (SreError("it broke.", do="Try again."), "it broke. Try again."),
        (SreError("it broke", why="no luck.", do="Try again."), "it broke: no luck. Try again."),
        (SreError("it broke", why="first\nsecond\r\nthird"), "it broke: first second third"),
        (errors.Interrupted(), "interrupted; nothing was committed"),
        (
            AmbiguousName.of("web", ["i-1", "i-2"]),
            "2 resources are named 'web': i-1, i-2. Use one of these IDs.",
        ),
    ],
)
def test_an_error_explains_itself_in_one_line(error: SreError, line: str) -> None:
    assert str(error) == line


def test_the_tree_of_errors_is_the_one_that_its_docstring_draws() -> None:
    drawn = [
        line.split("── ")[-1].split()[0]
        for line in (errors.__doc__ or "").splitlines()
        if "  " in line.strip("─├└│ ")
    ]
    defined = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert sorted(drawn) == sorted(defined)
    assert all(issubclass(getattr(errors, name), SreError) for name in defined)
    assert AmbiguousName.of("web", ["i-1"]).candidates == ("i-1",)
