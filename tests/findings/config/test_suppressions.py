"""The suppressions file: what is valid, and the error message for each mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_findings.config import suppressions
from sre_findings.config.suppressions import load, parse
from sre_findings.config.yaml_nodes import LARGEST
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.findings.suppression import (
    JUSTIFICATIONS,
    Patterns,
    Reach,
    Suppression,
    Suppressions,
)

FILE = "suppressions.yaml"
TODAY = date(2026, 11, 22)
RULE = """\
suppressions:
  - vulnerability: CVE-2024-3094
    package: xz-utils
    scope:
      accounts: ["111122223333"]
      regions: [eu-west-1]
      resources:
        - i-0123456789abcdef0
        - web-*
      types: ec2
      owners: [payments]
    reason: not reachable, see TICKET-1
    owner: payments
    expires: 2027-01-31
    status: not_affected
    justification: vulnerable_code_not_in_execute_path
    impact: the library is there, but nothing loads it
"""
LEAST = "suppressions:\n  - {vulnerability: CVE-1, reason: r, owner: o, expires: 2027-01-31}\n"


@pytest.fixture(params=["libyaml", "PyYAML alone"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the test with both parsers: wheels include libyaml, other builds may not."""
    if request.param == "libyaml":
        assert yaml.__with_libyaml__
    else:
        monkeypatch.delattr(yaml, "CSafeLoader")


def both_parsers() -> Iterator[pytest.MonkeyPatch]:
    """Yields once per parser, for property tests, which cannot use fixtures."""
    for absent in ([], ["CSafeLoader"]):
        with pytest.MonkeyPatch.context() as patch:
            for name in absent:
                patch.delattr(yaml, name)
            yield patch


def rules(text: str) -> list[Suppression]:
    return list(parse(text.encode(), FILE))


def mistake(text: str | bytes) -> str:
    with pytest.raises(UsageError) as caught:
        parse(text if isinstance(text, bytes) else text.encode(), FILE)
    return str(caught.value)


def test_every_key_of_a_rule(either_parser: None) -> None:
    assert rules(RULE) == [
        Suppression(
            index=0,
            line=2,
            vulnerabilities=Patterns(("CVE-2024-3094",)),
            packages=Patterns(("xz-utils",)),
            reach=Reach(
                accounts=Patterns(("111122223333",)),
                regions=Patterns(("eu-west-1",)),
                resources=Patterns(("i-0123456789abcdef0", "web-*")),
                types=Patterns(("AWS_EC2_INSTANCE",)),
                owners=Patterns(("payments",)),
            ),
            reason="not reachable, see TICKET-1",
            owner="payments",
            expires=date(2027, 1, 31),
            status="not_affected",
            justification="vulnerable_code_not_in_execute_path",
            impact="the library is there, but nothing loads it",
        )
    ]


def test_what_may_be_left_out_means_everywhere_and_affected(either_parser: None) -> None:
    (one,) = rules(LEAST)
    assert (one.packages, one.reach, one.status, one.justification, one.impact) == (
        Patterns(),
        Reach(),
        "affected",
        None,
        None,
    )


def test_rules_know_their_place_and_their_line(either_parser: None) -> None:
    text = (
        LEAST + "\n# another\n  - package: [vim, vim-data, vim]\n    reason: r\n    owner: o\n   "
        " expires: 2026-11-22\n"
    )
    assert [(one.index, one.line) for one in rules(text)] == [(0, 2), (1, 5)]
    assert rules(text)[1].packages.texts == ("vim", "vim-data")


@pytest.mark.parametrize(
    "text",
    ["", "\n", "# nothing yet\n", "---\n", "suppressions:\n", "suppressions: []\n", "\ufeff", "~"],
)
def test_a_file_without_rules_has_none(text: str, either_parser: None) -> None:
    assert rules(text) == []


@pytest.mark.parametrize(
    ("written", "texts"),
    [
        ("000000000012", ("000000000012",)),
        ("[000000000012, 111122223333]", ("000000000012", "111122223333")),
        ("0x1F", ("0x1F",)),
        ("1_000", ("1_000",)),
        ("1e3", ("1e3",)),
        ("yes", ("yes",)),
        ("12:30:45", ("12:30:45",)),
        ("2027-01-31", ("2027-01-31",)),
        ('"null"', ("null",)),
        ('" padded "', ("padded",)),
        ("!!str 12", ("12",)),
        ("[a, a, b]", ("a", "b")),
    ],
)
def test_values_stay_the_texts_that_were_written(
    written: str, texts: tuple[str, ...], either_parser: None
) -> None:
    (one,) = rules(RULE.replace('["111122223333"]', written))
    assert one.reach.accounts.texts == texts


def test_patterns_of_resources_and_types_are_taken_as_they_are() -> None:
    (one,) = rules(
        RULE.replace("types: ec2", 'types: ["AWS_*", vm?]').replace(
            "i-0123456789abcdef0", "i-0123456789abcdef*"
        )
    )
    assert one.reach.types.texts == ("AWS_*", "vm?")
    assert one.reach.resources.texts == ("i-0123456789abcdef*", "web-*")


def test_windows_line_ends_and_a_byte_order_mark_are_nothing_special(either_parser: None) -> None:
    assert rules("\ufeff" + RULE.replace("\n", "\r\n")) == rules(RULE)
    assert mistake(
        "\ufeff" + RULE.replace("owner: payments", "owner:").replace("\n", "\r\n")
    ).startswith(f"{FILE}, line 13: ")


MISTAKES = [
    # The text to replace, its replacement, and the error message.
    (
        "expires: 2027-01-31",
        "expires: soon",
        "line 14: expires must be a date such as 2027-01-31, not 'soon'",
    ),
    (
        "2027-01-31",
        "2027-02-30",
        "line 14: expires must be a date such as 2027-01-31, not '2027-02-30'",
    ),
    ("2027-01-31", "2027-01-31T00:00:00Z", "line 14: expires must be a date such as 2027-01-31"),
    ("2027-01-31", "20270131", "line 14: expires must be a date such as 2027-01-31"),
    ("2027-01-31", "2027-W04-7", "line 14: expires must be a date such as 2027-01-31"),
    ("2027-01-31", "\n      [2027-01-31]", "line 14: expires must be a text"),
    ("    expires: 2027-01-31\n", "", "line 2: expires is missing"),
    ("    reason: not reachable, see TICKET-1\n", "", "line 2: reason is missing"),
    ("    owner: payments\n", "", "line 2: owner is missing"),
    ("owner: payments", "owner:", "line 13: owner must not be empty"),
    ("owner: payments", "owner: ~", "line 13: owner must not be empty"),
    ("owner: payments", 'owner: " "', "line 13: owner must not be empty"),
    ("owner: payments", "owner: {name: payments}", "line 13: owner must be a text"),
    (
        "reason:",
        "reson:",
        "line 12: 'reson' is not a key of a rule. Use: vulnerability, package, scope, reason",
    ),
    (
        "regions:",
        "region:",
        "line 6: 'region' is not a key of scope. Use: accounts, regions, resources",
    ),
    (
        "suppressions:",
        "supressions:",
        "line 1: 'supressions' is not a key of the file. Use: suppressions.",
    ),
    ("    status:", "    <<: x\n    status:", "line 15: '<<' is not a key of a rule"),
    ("    status:", "    1: x\n    status:", "line 15: '1' is not a key of a rule"),
    ("    status:", "    ~: x\n    status:", "line 15: a key must be a word"),
    ("    status:", "    ? [a]\n    : x\n    status:", "line 15: a key must be a word"),
    (
        "owner: payments",
        "owner: a\n    owner: b",
        "line 14: 'owner' is given twice, first in line 13",
    ),
    ("[eu-west-1]", "[]", "line 6: regions must not be empty. Leave it out to mean all."),
    ("[eu-west-1]", "", "line 6: regions must not be empty"),
    ("[eu-west-1]", "{a: b}", "line 6: regions must be a text"),
    ("- web-*", "- [web-*]", "line 9: resources must be a text"),
    ("- web-*", "-", "line 9: resources must not be empty"),
    (
        "- i-0123456789abcdef0",
        "- i-0123456789ABCDEF0",
        "line 8: resources: 'i-0123456789ABCDEF0' is not an EC2 instance id",
    ),
    (
        "types: ec2",
        "types: vm",
        "line 10: types: 'vm' is not a resource type. Use one of: ec2, ecr, lambda, code",
    ),
    (
        "status: not_affected",
        "status: accepted",
        "line 15: status must be one of affected, not_affected, fixed, under_inv",
    ),
    (
        "vulnerable_code_not_in_execute_path",
        "unreachable",
        "line 16: justification must be one of component_not_present",
    ),
    (
        "status: not_affected",
        "status: fixed",
        "line 16: justification goes with status not_affected only",
    ),
    (
        "    status: not_affected\n    justification: vulnerable_code_not_in_execute_path\n",
        "",
        "line 15: impact goes with status",
    ),
    ("xz-utils", "*xz*", "line 3: it is not YAML: "),
    (
        "xz-utils",
        "*xz",
        "line 3: aliases are not supported. Texts with signs such as * or : need quotes.",
    ),
    ("xz-utils", "&xz xz\n    owner: *xz", "line 4: aliases are not supported"),
    ("xz-utils", "&xz", "line 3: package must not be empty"),
    (
        "xz-utils",
        "!!python/object/apply:os.system [ls]",
        "line 3: the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
    ),
    ("xz-utils", "!!binary eHo=", "line 3: the tag 'tag:yaml.org,2002:binary' is not supported"),
    ("xz-utils", "!x xz", "line 3: the tag '!x' is not supported"),
    ("xz-utils", "@xz", "line 3: it is not YAML: found character"),
    ("xz-utils", "a: b", "line 3: it is not YAML: mapping values are not allowed"),
    ("xz-utils", '"\\x1b[31m"', "line 3: YAML does not allow the character U+001B. Remove it."),
    ("xz-utils", '"\\ud800"', "line 3: "),
    ("xz-utils", '"\\U00FFFFFF"', "line 3: it is not YAML: "),
    ("xz-utils", '"\\UFFFFFFFF"', "line 3: it is not YAML: "),
    (
        "see TICKET-1",
        "see \x07TICKET-1",
        "line 12: YAML does not allow the character U+0007. Remove it.",
    ),
    (
        "see TICKET-1",
        "see \ufeffTICKET-1",
        "line 12: YAML does not allow the character U+FEFF. Remove it.",
    ),
    ("    reason", "   reason", "line 12: it is not YAML: "),
    ("[eu-west-1]", "[" * 20, "line 6: it is nested more than 8 deep"),
    ("loads it\n", "loads it\n---\na: b\n", "line 18: it begins a second document. Keep one"),
    (
        "  - vulnerability",
        "    vulnerability",
        "line 1: suppressions must be a list of rules, each beginning with a dash",
    ),
    (
        "  - vulnerability",
        "  - CVE-1\n  - vulnerability",
        "line 2: a rule must have keys: vulnerability, package",
    ),
    ("loads it\n", 'loads "it"\n  - "', "line 18: it is not YAML: "),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES, ids=[said for _, _, said in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_its_key(
    old: str, new: str, said: str, either_parser: None
) -> None:
    assert old in RULE
    assert mistake(RULE.replace(old, new, 1)).startswith(f"{FILE}, {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "line 1: the file must have keys: suppressions"),
        ("a", "line 1: the file must have keys: suppressions"),
        ("{}", "line 1: suppressions must be a list of rules"),
        ("\n\nsuppressions: all\n", "line 3: suppressions must be a list of rules"),
        (LEAST.replace("vulnerability: CVE-1, ", ""), "line 2: a rule must have a vulnerability or a package"),
        (LEAST.replace("CVE-1", '"*"'), "line 2: this rule would hide every finding. Name a vulnerability, a"),
        (LEAST.replace("CVE-1,", '"*", scope: {owners: "**"},'), "line 2: this rule would hide every finding"),
        (LEAST.replace("CVE-1,", "CVE-1, scope: {},"), "line 2: scope must have one of accounts, regions, resources"),
        (LEAST.replace("CVE-1,", "CVE-1, scope: ,"), "line 2: scope must have keys: accounts"),
        (LEAST.replace("CVE-1,", "CVE-1, scope: [],"), "line 2: scope must have keys: accounts"),
        (LEAST.replace("CVE-1,", "CVE-1, status: not_affected,"), "line 2: status not_affected needs a justification"),
    ],
)  # fmt: skip
def test_so_is_a_rule_that_lacks_something_or_would_hide_too_much(
    text: str, said: str, either_parser: None
) -> None:
    assert mistake(text).startswith(f"{FILE}, {said}")


@pytest.mark.parametrize(
    "again",
    [
        "  - {vulnerability: CVE-1, reason: another, owner: b, expires: 2028-01-31}\n",
        (
            "  - {vulnerability: [CVE-1, CVE-1], reason: r, owner: o, expires: 2027-01-31, status:"
            " fixed}\n"
        ),
    ],
)
def test_two_rules_on_the_same_findings_are_refused_whatever_else_they_say(again: str) -> None:
    assert (
        mistake(LEAST + again)
        == f"{FILE}, line 3: this rule covers the same findings as the one in line 2. Keep one of them."
    )


def test_lists_in_another_order_are_the_same_rule_and_another_scope_is_another() -> None:
    flow = "{{package: [{}], scope: {{owners: [{}]}}, reason: r, owner: o, expires: 2027-01-31}}"
    assert "same findings" in mistake(
        f"suppressions: [{flow.format('a, b', 'c, d')}, {flow.format('b, a', 'd, c')}]"
    )
    assert (
        len(rules(f"suppressions: [{flow.format('a, b', 'c, d')}, {flow.format('a, b', 'c')}]"))
        == 2
    )


@pytest.mark.parametrize("justification", JUSTIFICATIONS)
def test_each_justification_of_openvex_is_taken_and_an_impact_in_its_place(
    justification: str,
) -> None:
    plain = LEAST.replace("reason", "status: not_affected, justification: x, reason")
    assert (
        rules(plain.replace("justification: x", f"justification: {justification}"))[0].justification
        == justification
    )
    assert rules(plain.replace("justification: x", "impact: none"))[0].impact == "none"


def test_what_is_not_utf_8_is_told_with_its_line(either_parser: None) -> None:
    assert (
        mistake(RULE.replace("not reach", "nöt reach").encode("latin-1"))
        == f"{FILE}, line 12: it is not UTF-8. Save it as UTF-8."
    )
    assert mistake(RULE.encode("utf-16")).startswith(f"{FILE}, line 1: it is not UTF-8")


def test_a_bomb_of_aliases_stops_at_the_first() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert mistake(bomb).startswith(f"{FILE}, line 2: aliases are not supported")


def test_what_is_never_closed_is_told_with_a_line_that_the_file_has(either_parser: None) -> None:
    assert mistake("suppressions: [a,").startswith(f"{FILE}, line 1: it is not YAML: ")
    assert mistake('a:\n  "b\n').startswith(f"{FILE}, line 2: it is not YAML: ")


def test_files_are_read_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(RULE + "#" * (LARGEST - len(RULE)))
    assert load(path).rules == parse(RULE.encode(), FILE).rules
    assert load(path).file == str(path)
    path.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(UsageError, match=rf"{FILE} cannot be read: it is larger than 1,048,576"):
        load(path)


def test_what_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.yaml cannot be read: No such file"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_the_example_in_the_words_of_the_module_is_a_file_that_it_takes() -> None:
    words = suppressions.__doc__ or ""
    example = words.partition("    suppressions:\n")[2].partition("\n\nA rule")[0]
    (one,) = rules(f"    suppressions:\n{example}\n")
    assert (one.expires, one.status) == (date(2027, 1, 31), "not_affected")


# Properties.

_TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufeff"
    ),
    min_size=1,
)
_TEXT = _TEXT.filter(lambda text: bool(text.strip()))
_NAMES = st.lists(_TEXT, min_size=1, max_size=3)


@given(
    st.lists(_TEXT.filter(lambda text: text.strip("* ") != ""), max_size=4, unique_by=str.strip),
    _NAMES,
    _TEXT,
    st.dates(),
)
def test_any_texts_that_yaml_can_write_are_read_as_they_are(
    ids: list[str], owners: list[str], reason: str, day: date
) -> None:
    wanted = [
        {
            "vulnerability": one,
            "scope": {"owners": [*owners]},
            "reason": reason,
            "owner": "o",
            "expires": day.isoformat(),
        }
        for one in ids
    ]
    text = yaml.safe_dump({"suppressions": wanted}, allow_unicode=True, default_style='"')
    for _ in both_parsers():
        for one, vulnerability in zip(rules(text), ids, strict=True):
            assert one.vulnerabilities.texts == (vulnerability.strip(),)
            assert one.reach.owners.texts == tuple(dict.fromkeys(owner.strip() for owner in owners))
            assert (one.reason, one.expires) == (reason.strip(), day)


_PIECES = [
    *(
        "suppressions:",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "vulnerability: ",
        "package: ",
        "scope: ",
        "owners: ",
        "owner: a",
        "reason: b",
    ),
    *(
        "expires: 2027-01-31",
        "CVE-1",
        "0",
        "~",
        "<<",
        "*",
        "&a",
        "*a",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "? ",
        "!!",
        "!x ",
        "'",
        '"',
    ),
    *(
        "\\",
        "\\U",
        "\\x0",
        "|\n",
        ">\n",
        "---",
        "...",
        "%YAML 1.1",
        "%TAG ",
        "#",
        "@",
        "`",
        "\t",
        "\r",
        "\x85",
        "\u2028",
        "\x00",
    ),
    *("\x1b", "\ufeff", "é", "🙂"),
]
_SOUP = st.lists(st.sampled_from(_PIECES), max_size=30).map("".join)


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """A valid file with a few bytes removed or overwritten."""
    text = bytearray(RULE.encode())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        text[start : start + draw(st.integers(0, 12))] = draw(
            st.binary(max_size=4) | _SOUP.map(str.encode)
        )
    return bytes(text)


@given(
    st.binary()
    | _SOUP.map(str.encode)
    | st.text().map(lambda text: text.encode(errors="surrogatepass"))
    | _damaged()
)
def test_any_bytes_give_rules_or_an_error_with_a_line_number(
    content: bytes,
) -> None:
    for _ in both_parsers():
        said = _outcome(content)
        if said is not None:
            line, lines = (
                re.match(rf"{FILE}, line (\d+): ", said),
                len(content.decode(errors="replace").splitlines()),
            )
            assert line, said
            assert 1 <= int(line[1]) <= max(lines, 1)


def _outcome(content: bytes) -> str | None:
    """The error message for the file, or None if it is valid."""
    try:
        parse(content, FILE)
    except UsageError as error:
        return str(error)
    return None


_FILLER = st.lists(st.sampled_from(["", "    # a remark", "# another: remark", "  "]), max_size=3)


@given(st.data(), st.integers(1, 4))
def test_the_line_is_that_of_the_key_wherever_it_stands(data: st.DataObject, count: int) -> None:
    bad = {
        "vulnerability": "[]",
        "package": "[]",
        "reason": "[a]",
        "owner": "~",
        "expires": "later",
        "status": "odd",
        "scope": "x",
    }
    good = {"reason": "r", "owner": "o", "expires": "2027-01-31"}
    at, key = data.draw(st.integers(0, count - 1)), data.draw(st.sampled_from(sorted(bad)))
    lines, wanted = ["suppressions:"], 0
    for number in range(count):
        keys = {"vulnerability": f"CVE-{number}", **good} | (
            {key: bad[key]} if number == at else {}
        )
        for place, name in enumerate(data.draw(st.permutations(sorted(keys)))):
            lines += data.draw(_FILLER)
            lines.append(f"  {'-' if place == 0 else ' '} {name}: {keys[name]}")
            wanted = len(lines) if (number, name) == (at, key) else wanted
    for _ in both_parsers():
        assert mistake("\n".join(lines)).startswith(f"{FILE}, line {wanted}: {key} must ")


# The same rules in SQL. There are few kinds of findings, so the rules are joined with the kinds
# first, and then with the findings of each kind.
HIDDEN = r"""
with rules as (
    select unnest(?::struct(rule int, vulnerabilities text[], packages text[], accounts text[], regions text[],
                            resources text[], types text[], owners text[])[], recursive := true)
), near as (
    select vulnerability_id, names, rules.*
    from (select distinct vulnerability_id, names from findings) as kinds join rules
      on (vulnerabilities is null or list_bool_or([nullif(vulnerability_id, '') like p escape '\' for p in vulnerabilities]))
     and (packages is null or (len(names) > 0 and
          list_bool_and([coalesce(list_bool_or([nullif(n, '') like p escape '\' for p in packages]), false) for n in names])))
)
select finding, min(rule) as rule
from findings join near on findings.vulnerability_id is not distinct from near.vulnerability_id and findings.names = near.names
where (accounts is null or list_bool_or([nullif(account_id, '') like p escape '\' for p in accounts]))
  and (regions is null or list_bool_or([nullif(region, '') like p escape '\' for p in regions]))
  and (resources is null or list_bool_or([nullif(resource_id, '') like p escape '\' for p in resources])
       or list_bool_or([nullif(resource_name, '') like p escape '\' for p in resources]))
  and (types is null or list_bool_or([nullif(resource_type, '') like p escape '\' for p in types]))
  and (owners is null or list_bool_or([nullif(owner, '') like p escape '\' for p in owners]))
group by finding
"""
COLUMNS = (
    "vulnerability_id",
    "names",
    "account_id",
    "region",
    "resource_id",
    "resource_name",
    "resource_type",
    "owner",
)
_VALUE = st.sampled_from(["", "a", "b", "ab", "a_b", "axb", "50%", "c:\\x", "é", "a\nb", "[a]"])
_PATTERN = st.sampled_from(
    ["a", "a*", "*b", "?", "a?b", "a_b", "50%", "*%", "c:\\x", "*\\*", "*", "[a]", "**"]
)
_SOME = st.lists(_PATTERN, max_size=2).map(lambda texts: Patterns(tuple(texts)))
_RULE = st.tuples(
    _SOME, _SOME, st.builds(Reach, _SOME, _SOME, _SOME, _SOME, _SOME), st.integers(-1, 1)
)
_ROW = st.tuples(
    st.none() | _VALUE, st.lists(_VALUE, max_size=2), *[_VALUE] * 5, st.none() | _VALUE
)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {'text[]' if name == 'names' else 'text'}" for name in COLUMNS)
        connection.execute(f"create table findings (finding int, {columns})")
        yield connection


@settings(max_examples=settings().max_examples * 50 // 100)
@given(made=st.lists(_RULE, max_size=4), rows=st.lists(_ROW, min_size=1, max_size=6))
def test_the_rows_joined_in_sql_hide_the_same_findings(
    made: list[Any], rows: list[Any], database: duckdb.DuckDBPyConnection
) -> None:
    known = Suppressions(
        [
            Suppression(index, 1, of, packages, reach, "r", "o", TODAY + timedelta(days=days))
            for index, (of, packages, reach, days) in enumerate(made)
        ]
    )
    found = [known.of(_finding(row), row[-1], TODAY) for row in rows]
    database.execute("delete from findings")
    database.executemany(
        f"insert into findings values ({', '.join('?' * 9)})",
        [(n, *row) for n, row in enumerate(rows)],
    )
    answer = dict(database.execute(HIDDEN, [known.rows(TODAY)]).fetchall())
    assert answer == {number: one.index for number, one in enumerate(found) if one}


def _finding(row: tuple[Any, ...]) -> Finding:
    vulnerability_id, names, account_id, region, resource_id, resource_name, resource_type, _ = row
    seen = datetime(2026, 11, 22, 1, tzinfo=UTC)
    listed = tuple(Package(name, "1") for name in names)
    score: tuple[None, None, None, None] = (None, None, None, None)
    where = (resource_id, resource_type, resource_name, account_id, region)
    return Finding(
        "arn",
        vulnerability_id,
        "HIGH",
        "ACTIVE",
        "PACKAGE_VULNERABILITY",
        None,
        listed,
        *score,
        seen,
        seen,
        *where,
    )
