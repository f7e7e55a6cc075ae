"""A package is found by the parts of its name that users type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.findings.package_names import Matched, matching

NAMES = [
    "org.example.logkit:logkit-core",
    "org.example.logkit:logkit-api",
    "@scope/parser",
    "github.com/acme/webkit/v2",
    "openssl",
    "openssl-libs",
    "python3-requests",
    "catalogkit",
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("logkit", ["org.example.logkit:logkit-api", "org.example.logkit:logkit-core"]),
        ("logkit-core", ["org.example.logkit:logkit-core"]),
        ("LOGKIT-CORE", ["org.example.logkit:logkit-core"]),
        ("org.example.logkit", ["org.example.logkit:logkit-api", "org.example.logkit:logkit-core"]),
        ("org.example.logkit:logkit-core", ["org.example.logkit:logkit-core"]),
        ("parser", ["@scope/parser"]),
        ("@scope/parser", ["@scope/parser"]),
        ("webkit", ["github.com/acme/webkit/v2"]),
        ("acme/webkit", ["github.com/acme/webkit/v2"]),
        ("requests", ["python3-requests"]),
        (" requests ", ["python3-requests"]),
        ("reques", ["python3-requests"]),
        ("ogkit", []),
        ("re", []),
        ("-", []),
        ("core logkit", []),
    ],
)
def test_a_name_is_found_by_its_words(text: str, found: list[str]) -> None:
    assert matching(text, NAMES).names == found


def test_the_name_itself_goes_before_longer_names_and_these_are_told() -> None:
    assert matching("OpenSSL", NAMES) == Matched(["openssl"], ["openssl-libs"])


def test_a_word_goes_before_the_beginning_of_a_word() -> None:
    assert matching("log", ["log", "logger"]).names == ["log"]
    assert matching("log", ["x-log", "logger"]).names == ["x-log"]


NAME = st.text("ab-/:@. ", min_size=1, max_size=8)


@given(NAME, st.lists(NAME, max_size=6))
def test_a_name_that_is_there_is_always_found_by_itself(name: str, others: list[str]) -> None:
    matched = matching(name, [*others, name])
    assert name in matched.names
    assert not set(matched.names) & set(matched.others)
    assert {*matched.names, *matched.others} <= {*others, name}
