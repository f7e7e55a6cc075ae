"""Sentences with text from outside: only literal templates are ours."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.text import (
    Foreign,
    Text,
    capital,
    joined,
    ours,
    parts_of,
    phrase,
    without_stop,
)

ANY = st.text(st.characters(codec="utf-8"))


def foreign(one: str) -> list[str]:
    return [part for part in parts_of(one) if isinstance(part, Foreign)]


@pytest.mark.parametrize(
    ("one", "words", "outside"),
    [
        (phrase("nothing but ours"), "nothing but ours", []),
        (phrase("{{literal}} braces"), "{literal} braces", []),
        (phrase("{} of {}", 2, "web"), "2 of web", ["web"]),
        (phrase("{:,} rows in {:.1f} s", 1234, 2.345), "1,234 rows in 2.3 s", []),
        (phrase("since {}", date(2026, 11, 22)), "since 2026-11-22", []),
        (phrase("at {}", datetime(2026, 11, 22, tzinfo=UTC)), "at 2026-11-22 00:00:00+00:00", []),
        (phrase("no such: {!r}", "a\nb"), "no such: 'a\\nb'", ["'a\\nb'"]),
        (phrase("nothing{} here", ""), "nothing here", []),
        (phrase("{}: {}", phrase("only {}", "x"), phrase("ours")), "only x: ours", ["x"]),
        (phrase("{:.3}", phrase("{}", "abcdef")), "abc", ["abc"]),
        (phrase("{}", ["a", "b"]), "['a', 'b']", ["['a', 'b']"]),
        (phrase("a {}", "b") + "c" + phrase("d"), "a bcd", ["b", "c"]),
        ("a" + phrase("b"), "ab", ["a"]),
        (joined(", ", ["a", phrase("b")]), "a, b", ["a"]),
        (joined(" or ", []), "", []),
        (ours("a, b"), "a, b", []),
        (capital("évil"), "Évil", ["Évil"]),
        (capital(phrase("ours {}", "x")), "Ours x", ["x"]),
        (capital(""), "", []),
        (without_stop(phrase("{}.", "x.")), "x", ["x"]),
        (without_stop("..."), "", []),
    ],
)
def test_only_literals_numbers_and_dates_are_ours(one: Text, words: str, outside: Any) -> None:
    assert (one, foreign(one)) == (words, outside)
    assert one == "".join(one.parts)


@given(ANY, ANY)
def test_any_other_way_to_make_a_sentence_is_text_from_outside(a: str, b: str) -> None:
    whole = phrase("{} and {}", a, b)
    assert [part for part in whole.parts if not isinstance(part, Foreign)] == [" and "]
    for lost in (f"{whole}!", whole.lower(), whole[:2], whole.replace("a", "b")):
        assert foreign(lost) == [lost] or not lost


def test_a_text_is_a_string_for_json_and_survives_a_copy() -> None:
    one = phrase("{} is ours", "x")
    assert json.dumps([one]) == '["x is ours"]'
    for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert (other, other.parts, foreign(other)) == (one, one.parts, ["x"])
    assert hash(one) == hash("x is ours")
