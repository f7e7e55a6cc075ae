"""The reachability of a finding: unknown by default."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.findings.reachability import (
    NOT_REACHABLE,
    REACHABLE,
    SILENT,
    UNKNOWN,
    Reachability,
    left_out,
    spell,
    together,
)
from sre_findings.rows.values import packages_of, reachability_of

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.just("UNKNOWN"),
    st.just(""),
    st.sampled_from(
        ["not_reachable", "NOT_REACHABLE ", "NOTREACHABLE", "UNREACHABLE", "reachable"]
    ),
    st.text(max_size=8),
    st.lists(st.just("NOT_REACHABLE"), max_size=1),
    st.dictionaries(st.just("NOT_REACHABLE"), st.none(), max_size=1),
).filter(lambda value: value not in (REACHABLE, NOT_REACHABLE))
PACKAGE = (
    st.fixed_dictionaries({"name": st.just("openssl")}, optional={"runtimeReachability": ODD})
    | st.none()
    | st.integers()
)
PROVEN = st.just({"name": "openssl", "runtimeReachability": NOT_REACHABLE})


@given(st.lists(PROVEN, max_size=3), PACKAGE, st.lists(PROVEN, max_size=3))
def test_one_package_that_does_not_say_so_keeps_a_finding_from_being_not_reachable(
    before: list[Any], odd: Any, after: list[Any]
) -> None:
    word = reachability_of(msgspec.json.encode([*before, odd, *after])).word
    assert word in (None, UNKNOWN)
    assert word is None or spell(word, None) == ""


@given(st.lists(PROVEN | PACKAGE, max_size=4), st.integers(0, 4))
def test_one_reachable_package_makes_a_finding_reachable_whatever_the_others_say(
    others: list[Any], place: int
) -> None:
    others.insert(place, {"name": "curl", "runtimeReachability": REACHABLE})
    assert reachability_of(msgspec.json.encode(others)).word == REACHABLE


def test_a_finding_is_not_reachable_where_every_package_is_said_to_be() -> None:
    listed = [Reachability(NOT_REACHABLE, "PROCESS_NOT_OBSERVED_IN_EC2_RUNTIME")] * 2
    assert together(listed) == Reachability(NOT_REACHABLE, "PROCESS_NOT_OBSERVED_IN_EC2_RUNTIME")
    assert together([]) == SILENT
    assert together([*listed, Reachability()]).word == UNKNOWN


def test_the_reasons_are_those_of_the_packages_that_decide_each_once() -> None:
    found = together(
        [
            Reachability(REACHABLE, "B"),
            Reachability(NOT_REACHABLE, "C"),
            Reachability(REACHABLE, "A"),
            Reachability(REACHABLE, "B"),
            Reachability(REACHABLE, None),
        ]
    )
    assert found == Reachability(REACHABLE, "B, A")


@pytest.mark.parametrize("text", [None, b"", b"null", b"{}", b"7", b'"NOT_REACHABLE"', b"[]"])
def test_what_is_no_list_of_packages_says_nothing(text: bytes | None) -> None:
    assert reachability_of(text) == SILENT


def test_a_package_carries_inspector_s_own_words_and_what_is_no_text_is_left_out() -> None:
    wire = {
        "name": "a",
        "version": "1",
        "runtimeReachability": "LATER",
        "runtimeReachabilityReason": 5,
        "purl": "pkg:deb/a@1",
    }
    (one,) = packages_of(msgspec.json.encode([wire]))
    assert (one.reachability, one.reachability_reason, one.purl) == ("LATER", None, "pkg:deb/a@1")


def test_coverage_reasons_are_explained_and_unknown_ones_are_shown_as_they_are() -> None:
    assert spell(REACHABLE, "PROCESS_OBSERVED_IN_EC2_RUNTIME") == (
        "its code is reached at run time: a process that uses it was seen on the instance"
    )
    assert spell(NOT_REACHABLE, "SOMETHING_NEW") == "not reachable at run time: SOMETHING_NEW"
    assert spell(UNKNOWN, "SOMETHING_NEW") == spell(None, None) == ""


def test_what_is_left_out_is_counted_and_unknown_is_not_called_unreachable() -> None:
    assert list(left_out(0, 0)) == []
    assert list(left_out(1, 0)) == [
        "1 finding of unknown reachability is left out and may be reachable"
    ]
    assert list(left_out(1200, 2)) == [
        "1,200 findings of unknown reachability are left out and may be reachable",
        "2 findings are left out that Inspector calls not reachable",
    ]
