"""The findings that a suppression rule covers, and those that it must not cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.findings import FINDING

from sre_findings.model.findings import suppression
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.findings.suppression import Patterns, Reach, Suppression, Suppressions

TODAY = date(2026, 11, 22)
LAST = date(2027, 1, 31)


def packages(*names: str) -> tuple[Package, ...]:
    return tuple(Package(name, "1") for name in names)


def rule(
    vulnerability: str = "",
    package: str = "",
    *,
    index: int = 0,
    expires: date = LAST,
    **reach: str,
) -> Suppression:
    """A rule. Lists are given as words separated by spaces."""
    kinds = {kind: Patterns(tuple(texts.split())) for kind, texts in reach.items()}
    of, within = Patterns(tuple(vulnerability.split())), Patterns(tuple(package.split()))
    return Suppression(
        index, 2 + 7 * index, of, within, Reach(**kinds), "see TICKET-1", "payments", expires
    )


def hidden(
    finding: Finding, *rules: Suppression, owner: str | None = "web", today: date = TODAY
) -> int | None:
    found = Suppressions(rules).of(finding, owner, today)
    return found.index if found else None


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("CVE-2024-3094", "CVE-2024-3094", True),
        ("CVE-2024-3094", "CVE-2024-30940", False),
        ("CVE-2024-3094", "cve-2024-3094", False),
        ("CVE-2024-*", "CVE-2024-", True),
        ("CVE-2024-*", "XCVE-2024-1", False),
        ("*ssl*", "libssl3", True),
        ("web-?", "web-1", True),
        ("web-?", "web-", False),
        ("web-?", "web-12", False),
        ("web-?", "web-é", True),
        ("a.c", "abc", False),
        ("a[bc]*", "ab", False),
        ("a[bc]*", "a[bc]d", True),
        ("a*", "a\nb", True),
        ("a", "a\n", False),
        ("a*", "ba", False),
    ],
)
def test_a_pattern_fits_a_whole_text_to_the_letter(pattern: str, value: str, fits: bool) -> None:
    assert Patterns((pattern,)).fits(value) is fits


def test_any_of_several_patterns_may_fit_and_none_given_fits_all() -> None:
    assert [Patterns(("a", "b*", "c?")).fits(value) for value in ("a", "bb", "cc", "c", "d")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert Patterns().fits("anything")
    assert Patterns().fits(None)


@pytest.mark.timeout(20)
def test_many_stars_cost_no_more_than_few() -> None:
    assert not Patterns(("*a" * 40 + "b",)).fits("a" * 1000)


@pytest.mark.parametrize(
    ("changes", "reach"),
    [
        ({"account_id": ""}, {"accounts": "*"}),
        ({"region": ""}, {"regions": "*"}),
        ({"resource_id": "", "resource_name": ""}, {"resources": "*"}),
        ({"resource_type": ""}, {"types": "*"}),
    ],
)
def test_what_a_finding_does_not_tell_fits_no_pattern(
    changes: dict[str, Any], reach: dict[str, Any]
) -> None:
    every = rule("CVE-2024-3094", **reach)
    assert hidden(FINDING, every) == 0
    assert hidden(replace(FINDING, **changes), every) is None


def test_neither_an_unknown_vulnerability_nor_an_unknown_owner_fits_a_star() -> None:
    assert hidden(replace(FINDING, vulnerability_id=None), rule("*", accounts="1*")) is None
    assert hidden(FINDING, rule("CVE-*", owners="*"), owner=None) is None
    assert hidden(FINDING, rule("CVE-*", owners="*"), owner="") is None
    assert hidden(FINDING, rule("CVE-*", owners="*"), owner="web") == 0


@pytest.mark.parametrize(
    ("reach", "within"),
    [
        ({}, True),
        ({"accounts": "999999999999 111122223333"}, True),
        ({"accounts": "111122223334"}, False),
        ({"regions": "eu-*"}, True),
        ({"regions": "us-*"}, False),
        ({"resources": "i-0123456789abcdef0"}, True),
        ({"resources": "web-*"}, True),
        ({"resources": "db-*"}, False),
        ({"types": "AWS_EC2_INSTANCE"}, True),
        ({"types": "AWS_LAMBDA_FUNCTION"}, False),
        ({"owners": "web"}, True),
        ({"owners": "payments"}, False),
        (
            {
                "accounts": "111122223333",
                "regions": "eu-west-1",
                "resources": "web-1",
                "types": "*",
                "owners": "w*",
            },
            True,
        ),
        (
            {
                "accounts": "111122223333",
                "regions": "eu-west-1",
                "resources": "web-1",
                "types": "*",
                "owners": "x*",
            },
            False,
        ),
        (
            {
                "accounts": "111122223334",
                "regions": "eu-west-1",
                "resources": "web-1",
                "types": "*",
                "owners": "w*",
            },
            False,
        ),
    ],
)
def test_every_key_of_the_scope_must_fit(reach: dict[str, Any], within: bool) -> None:
    assert (hidden(FINDING, rule("CVE-2024-3094", **reach)) == 0) is within


@pytest.mark.parametrize(
    ("package", "of_finding", "covered"),
    [
        ("xz-utils", ["xz-utils"], True),
        ("xz-utils", ["liblzma5"], False),
        ("xz-utils", ["xz-utils", "liblzma5"], False),
        ("xz-utils liblzma5", ["xz-utils", "liblzma5"], True),
        ("xz-utils liblzma*", ["xz-utils"], True),
        ("*", ["xz-utils", "liblzma5"], True),
        ("*", [], False),
        ("*", [""], False),
        ("", [], True),
        ("", ["xz-utils", "liblzma5"], True),
    ],
)
def test_a_rule_on_packages_covers_a_finding_only_if_it_covers_each_of_them(
    package: str, of_finding: list[str], covered: bool
) -> None:
    one = replace(FINDING, packages=packages(*of_finding))
    assert (hidden(one, rule("CVE-2024-3094", package)) == 0) is covered


def test_a_rule_on_packages_alone_holds_for_every_vulnerability_known_or_not() -> None:
    only = rule(package="xz-*")
    assert hidden(FINDING, only) == 0
    assert hidden(replace(FINDING, vulnerability_id=None), only) == 0


def test_the_first_live_rule_in_the_file_hides_a_finding_whatever_kind_of_rule_it_is() -> None:
    rules = [
        rule("CVE-*", index=0, owners="x"),
        rule("CVE-2024-*", index=1),
        rule("CVE-2024-3094", index=2),
    ]
    assert hidden(FINDING, *rules) == 1
    rules[1] = rule("CVE-2024-*", index=1, expires=TODAY - timedelta(days=1))
    assert hidden(FINDING, *rules) == 2


def test_a_rule_hides_through_its_last_day_and_not_a_day_longer() -> None:
    for one in (rule("CVE-2024-3094"), rule("CVE-*"), rule(package="xz-utils")):
        assert hidden(FINDING, one, today=LAST) == 0
        assert hidden(FINDING, one, today=LAST + timedelta(days=1)) is None


def test_lapsed_expiring_and_unused_rules_are_told_apart() -> None:
    ends = [
        TODAY - timedelta(days=1),
        TODAY,
        TODAY + timedelta(days=14),
        TODAY + timedelta(days=15),
    ]
    rules = Suppressions(
        [rule(f"CVE-{index}", index=index, expires=end) for index, end in enumerate(ends)]
    )
    assert [one.index for one in rules.lapsed(TODAY)] == [0]
    assert [one.index for one in rules.expiring(TODAY)] == [1, 2]
    assert [one.index for one in rules.expiring(TODAY, days=0)] == [1]
    assert [one.index for one in rules.unused({2}, TODAY)] == [1, 3]


def test_warnings_name_the_line_the_rule_and_who_answers_for_it() -> None:
    lapsed = rule("CVE-1 CVE-2", "xz-*", expires=TODAY - timedelta(days=1))
    soon, idle = rule("CVE-3", index=1, expires=TODAY), rule(package="vim", index=2)
    rules = Suppressions([lapsed, soon, idle], "suppressions.yaml")
    assert [one.text_in("suppressions.yaml") for one in rules.warnings(TODAY, used={1})] == [
        (
            "suppressions.yaml, line 2: the rule on CVE-1, CVE-2 in xz-* lapsed on 2026-11-21 and no longer applies;"
            " payments owns it"
        ),
        "suppressions.yaml, line 9: the rule on CVE-3 expires on 2026-11-22; payments owns it",
        "suppressions.yaml, line 16: the rule on vim matches no finding; payments owns it",
    ]
    assert [one.rule.line for one in rules.warnings(TODAY)] == [2, 9]
    assert (
        rules.warnings(TODAY)[1].text == "the rule on CVE-3 expires on 2026-11-22; payments owns it"
    )


@pytest.mark.parametrize(
    ("one", "everything"),
    [
        (rule("*"), True),
        (rule("**", "*"), True),
        (rule("CVE-1 *"), True),
        (rule("*", accounts="*", owners="x *"), True),
        (rule("*", accounts="1*"), False),
        (rule("?*"), False),
        (rule("CVE-*"), False),
        (rule(package="*"), True),
        (rule("*", "xz"), False),
    ],
)
def test_a_rule_of_stars_alone_would_hide_everything(one: Suppression, everything: bool) -> None:
    assert one.hides_everything is everything


def test_no_rules_hide_nothing() -> None:
    nothing = Suppressions()
    assert (nothing.of(FINDING, "web", TODAY), list(nothing), len(nothing)) == (None, [], 0)


def test_rows_are_the_live_rules_as_like_patterns() -> None:
    rules = Suppressions(
        [
            rule("CVE-1", expires=TODAY - timedelta(days=1)),
            rule("CVE-2024-* GHSA-?", "a_b 50%", index=1, resources="c:\\x", owners="*"),
        ]
    )
    assert rules.rows(TODAY) == [
        {
            "rule": 1,
            "vulnerabilities": ["CVE-2024-%", "GHSA-_"],
            "packages": [r"a\_b", r"50\%"],
            "accounts": None,
            "regions": None,
            "resources": [r"c:\\x"],
            "types": None,
            "owners": ["%"],
        }
    ]


# Few distinct words, so that rules often match findings.
_WORD = st.sampled_from(["a", "b", "ab", "aab", "b[a]", "a*", "*b", "?", "a?b", "*", "b[a]*"])
_VALUE = st.sampled_from(["", "a", "b", "ab", "aab", "aaab", "b[a]", "ba"])
_PATTERNS = st.lists(_WORD, max_size=3).map(lambda texts: Patterns(tuple(texts)))
_DAY = st.integers(-2, 2).map(lambda days: TODAY + timedelta(days=days))
_REACH = st.builds(Reach, _PATTERNS, _PATTERNS, _PATTERNS, _PATTERNS, _PATTERNS)


@st.composite
def _rules(draw: st.DrawFn) -> list[Suppression]:
    count = draw(st.integers(0, 6))
    wide = st.one_of(st.just(Reach()), _REACH)
    return [
        Suppression(
            index, index, draw(_PATTERNS), draw(_PATTERNS), draw(wide), "r", "o", draw(_DAY)
        )
        for index in range(count)
    ]


@st.composite
def _findings(draw: st.DrawFn) -> tuple[Finding, str | None]:
    names = [draw(_VALUE) for _ in range(draw(st.integers(0, 2)))]
    words = ("resource_id", "resource_name", "resource_type", "account_id", "region")
    values: dict[str, Any] = {word: draw(_VALUE) for word in words}
    one = replace(
        FINDING, vulnerability_id=draw(st.none() | _VALUE), packages=packages(*names), **values
    )
    return one, draw(st.none() | _VALUE)


def _glob(pattern: str, value: str) -> bool:
    """A reference implementation of glob that tries every choice, letter by letter."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return _glob(pattern[1:], value) or (bool(value) and _glob(pattern, value[1:]))
    return bool(value) and pattern[0] in ("?", value[0]) and _glob(pattern[1:], value[1:])


def _one_of(patterns: Patterns, *values: str | None) -> bool:
    return not patterns.texts or any(
        _glob(text, value) for text in patterns.texts for value in values if value
    )


def _naive(
    rules: Sequence[Suppression], finding: Finding, owner: str | None, today: date
) -> Suppression | None:
    for one in rules:
        names = [package.name for package in finding.packages]
        if (
            today <= one.expires
            and _one_of(one.vulnerabilities, finding.vulnerability_id)
            and (
                not one.packages.texts
                or (names and all(_one_of(one.packages, name) for name in names))
            )
            and _one_of(one.reach.accounts, finding.account_id)
            and _one_of(one.reach.regions, finding.region)
            and _one_of(one.reach.resources, finding.resource_id, finding.resource_name)
            and _one_of(one.reach.types, finding.resource_type)
            and _one_of(one.reach.owners, owner)
        ):
            return one
    return None


@given(_rules(), st.lists(_findings(), max_size=8), _DAY)
def test_the_index_finds_what_a_walk_through_all_rules_finds(
    rules: list[Suppression], findings: list[tuple[Finding, str | None]], today: date
) -> None:
    indexed = Suppressions(rules)
    for finding, owner in [*findings, *findings]:  # the second time from the cache
        assert indexed.of(finding, owner, today) is _naive(rules, finding, owner, today)
        assert all(
            one.covers(finding, owner) == (_naive([one], finding, owner, one.expires) is one)
            for one in rules
        )


@given(_rules(), st.lists(_findings(), max_size=8), _DAY)
def test_what_is_lapsed_never_hides_anything(
    rules: list[Suppression], findings: list[tuple[Finding, str | None]], today: date
) -> None:
    indexed = Suppressions(rules)
    lapsed = indexed.lapsed(today)
    assert all(one.expires < today for one in lapsed)
    assert not {indexed.of(*one, today) for one in findings} & set(lapsed)
    assert not {one.index for one in lapsed} & {row["rule"] for row in indexed.rows(today)}


def test_findings_of_one_vulnerability_in_other_packages_are_told_apart() -> None:
    rules = Suppressions([rule("CVE-2024-3094", "xz-*")])
    for names, found in [
        (["xz-a"], 0),
        ([], None),
        (["vim"], None),
        (["xz-a", "vim"], None),
        (["xz-a", "xz-b"], 0),
    ] * 2:
        hit = rules.of(replace(FINDING, packages=packages(*names)), None, TODAY)
        assert (hit.index if hit else None) == found


def test_what_is_remembered_is_bounded_and_forgetting_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suppression, "_REMEMBERED", 2)
    rules = Suppressions([rule("CVE-1"), rule("CVE-*3", index=1)])
    ids = [f"CVE-{number}" for number in range(9)] * 2
    found = [rules.of(replace(FINDING, vulnerability_id=one), None, TODAY) for one in ids]
    assert [one.index if one else None for one in found] == [
        None,
        0,
        None,
        1,
        None,
        None,
        None,
        None,
        None,
    ] * 2
    assert len(rules._remembered) <= 2
