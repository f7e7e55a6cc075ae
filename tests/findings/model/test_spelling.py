"""Suggestions have a similar spelling, or there are none."""

from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.spelling import LONGEST, MOST, near

REGIONS = ["eu-west-1", "eu-central-1", "us-east-1", "ap-southeast-2"]


def test_two_letters_swapped_are_near() -> None:
    assert near("eu-wset-1", REGIONS) == ["eu-west-1"]


def test_a_letter_left_out_is_near() -> None:
    assert near("paymets", ["payments", "platform", "data"]) == ["payments"]


def test_the_beginning_of_a_name_is_near() -> None:
    assert near("pay", ["payments-production-europe", "data"]) == ["payments-production-europe"]


def test_two_letters_begin_too_many_names_to_suggest_them() -> None:
    assert near("pa", ["payments-production-europe", "data"]) == []


def test_names_with_nothing_in_common_are_not_suggested() -> None:
    assert near("nosuchhost", ["web-primary-01", "db-replica-2", "i-0aaaaaaaaaaaaaaaa"]) == []


def test_case_and_outer_spaces_do_not_matter_and_the_name_comes_as_it_is_written() -> None:
    assert near(" PAYMENTS ", ["Payments"]) == ["Payments"]


def test_the_nearest_comes_first_and_equal_ones_by_name() -> None:
    assert near("web-01", ["web-02x", "web-03", "web-02", "web-01"]) == [
        "web-01",
        "web-02",
        "web-03",
    ]


def test_a_name_of_any_length_is_answered_at_once() -> None:
    assert near("a" * 1_000_000, ["a" * 999_999]) == []
    assert near("a" * LONGEST, ["a" * 1_000_000]) == []


@given(text=st.text(max_size=20), names=st.lists(st.text(max_size=20), max_size=8))
def test_at_most_a_few_of_the_candidates_come_back_each_once(text: str, names: list[str]) -> None:
    found = near(text, names)
    assert set(found) <= set(names)
    assert len(found) == len(set(found)) <= MOST
