"""A document of tokens allows what it says, to whoever holds a token, until its last second."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.access import NOTHING, Access
from sre_findings.model.errors import AccessDenied, UsageError
from sre_mcp.auth.chat_user import Person, person_of
from sre_mcp.auth.tokens import Tokens, is_token, parse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Make = Callable[..., dict[str, Any]]
Token = Callable[[str], str]


def parsed(*entries: dict[str, Any], **more: Any) -> Tokens:
    return parse(json.dumps({"tokens": list(entries), **more}))


def test_a_token_is_found_by_its_hash_with_what_it_allows(
    make_entry: Make, make_token: Token
) -> None:
    found = parsed(make_entry("a"), make_entry("b", owners=["*"], scopes=["live:query"])).find(
        make_token("b"), NOW
    )
    assert found
    assert found.bearer.name == "b"
    assert found.bearer.scopes == {"live:query"}
    assert found.bearer.access == Access(frozenset({"111122223333"}), frozenset({"*"}))


def test_a_token_is_valid_until_it_expires_and_not_at_it(
    make_entry: Make, make_token: Token
) -> None:
    tokens = parsed(make_entry(expires="2026-11-22T13:00:00+01:00"))
    assert tokens.find(make_token("ci"), NOW - timedelta(microseconds=1))
    assert tokens.find(make_token("ci"), NOW) is None
    assert tokens.find(make_token("ci"), NOW + timedelta(days=1)) is None


def test_a_token_that_nobody_has_is_nobodys(make_entry: Make, make_token: Token) -> None:
    tokens = parsed(make_entry())
    assert tokens.find(make_token("other"), NOW) is None
    assert tokens.find("", NOW) is None
    assert tokens.find(make_entry()["sha256"], NOW) is None
    assert Tokens().find(make_token("ci"), NOW) is None


def test_every_entry_is_compared_in_a_time_that_does_not_tell_how_much_was_right(
    make_entry: Make, make_token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    digests_alike = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return digests_alike(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    tokens = parsed(*(make_entry(name) for name in "abc"))
    assert tokens.find(make_token("a"), NOW)
    assert len(compared) == 3


def test_what_is_not_said_is_not_allowed(make_entry: Make) -> None:
    entry = parsed(make_entry(accounts=None, owners=None, scopes=None)).entries[0]
    assert entry.bearer.access == NOTHING
    assert entry.bearer.scopes == frozenset()


def test_no_hash_is_in_a_repr(make_entry: Make, make_token: Token) -> None:
    tokens = parsed(make_entry())
    told = repr(tokens) + repr(tokens.find(make_token("ci"), NOW))
    assert tokens.entries[0].sha256.hex() not in told
    assert repr(tokens.entries[0].sha256) not in told


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": None}, "token 1 has no name"),
        ({"name": "a\nb"}, "token 1 has no name"),
        ({"sha256": "AB" * 32}, "64 hexadecimal digits in lower case"),
        ({"sha256": None}, "64 hexadecimal digits"),
        (
            {"scopes": ["findings:write"]},
            "scopes must be a list of findings:read, live:query, operations:read",
        ),
        ({"scopes": "findings:read"}, "scopes must be a list"),
        ({"scopes": [1]}, "scopes must be texts"),
        ({"accounts": ["1"]}, "accounts holds '1'"),
        ({"owners": "*"}, "owners must be a list of texts"),
        ({"expires": "2027-01-01"}, "a time with its zone"),
        ({"expires": "soon"}, "a time with its zone"),
        ({"expires": 1}, "a time with its zone"),
        ({"expires": None}, "a time with its zone"),
        ({"acts_for": "teams"}, "acts_for can be slack only"),
        ({"account": ["*"]}, "'account' is not one of"),
    ],
)
def test_a_wrong_entry_is_named(make_entry: Make, change: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as error:
        parsed(make_entry(**change))
    assert why in str(error.value)
    assert make_entry()["sha256"] not in str(error.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not JSON"),
        ("[]", "it is no JSON object"),
        ("[" * 100_000, "it is not JSON"),
        ('{"token": []}', "'token' is neither tokens nor slack"),
        ('{"tokens": {}}', "tokens must be a list of objects"),
        ('{"slack": []}', "slack must be an object of objects"),
        (
            '{"slack": {"U1": {}}}',
            "'U1' of slack is no user, as T…/U…, no group, as T…/S…, and no channel",
        ),
        ('{"slack": {"T1/U1": {"accounts": "*"}}}', "accounts must be a list of texts"),
        (" " * (1 << 20) + "{}", "larger than a megabyte"),
    ],
)
def test_a_wrong_document_is_named(text: str, why: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text)
    assert why in str(error.value)


def test_two_tokens_of_one_name_or_one_hash_are_refused(make_entry: Make) -> None:
    with pytest.raises(UsageError, match="the same name"):
        parsed(make_entry(), make_entry(sha256="0" * 64))
    with pytest.raises(UsageError, match="the same sha256"):
        parsed(make_entry(), make_entry("ci2", sha256=make_entry()["sha256"]))


def test_who_acts_for_somebody_sees_what_both_may(make_entry: Make) -> None:
    people = {"T1/U1": {"accounts": ["111122223333", "444455556666"], "owners": ["*"]}}
    tokens = parsed(make_entry(acts_for="slack", accounts=["*"]), slack=people)
    bot = tokens.entries[0].bearer
    both = tokens.acting_for(bot, Person("T1/U1"))
    assert both.access == Access(
        frozenset({"111122223333", "444455556666"}), frozenset({"payments"})
    )
    assert (both.name, both.acts_for) == ("ci for T1/U1", None)
    assert tokens.acting_for(bot, Person("T1/U2")).access == NOTHING
    assert tokens.acting_for(bot, None) == bot


ONE, TWO = (
    {"accounts": ["111122223333"], "owners": ["*"]},
    {"accounts": ["444455556666"], "owners": ["*"]},
)
BOTH = {"accounts": ["111122223333", "444455556666"], "owners": ["*"]}


@pytest.mark.parametrize(
    ("user", "channel", "shared", "seen"),
    [
        ("U1", "C2", False, {"111122223333"}),  # their own entry holds, wherever they ask
        ("U2", "C2", False, {"444455556666"}),  # without one, the channel's
        ("U2", "C9", False, set()),
        ("U1", "C2", True, set()),  # what both allow is nothing
        ("U1", "C3", True, {"111122223333"}),
        ("U1", "C9", True, set()),  # the channel has no entry
        ("U2", "C2", True, {"444455556666"}),
        ("U2", "C9", True, set()),
    ],
)
def test_users_then_channels_and_where_it_is_shared_both(
    make_entry: Make, user: str, channel: str, shared: bool, seen: set[str]
) -> None:
    of = {"T1/U1": ONE, "T1/C2": TWO, "T1/C3": BOTH}
    tokens = parsed(make_entry(acts_for="slack", accounts=["*"], owners=["*"]), slack=of)
    person = Person(f"T1/{user}", f"T1/{channel}", shared)
    assert tokens.acting_for(tokens.entries[0].bearer, person).access.accounts == seen


@pytest.mark.parametrize(
    ("user", "groups", "seen"),
    [
        ("U1", ["S1"], {"111122223333"}),  # their own entry goes before a group's
        ("U2", ["S1"], {"444455556666"}),  # a group's before the channel's
        # the first of the document, in whatever order they are told
        ("U2", ["S2", "S1"], {"444455556666"}),
        ("U2", ["S9"], {"777788889999"}),
        ("U2", [], {"777788889999"}),
    ],
)
def test_a_group_speaks_for_its_people_before_the_channel_does(
    make_entry: Make, user: str, groups: list[str], seen: set[str]
) -> None:
    of = {
        "T1/U1": ONE,
        "T1/S1": TWO,
        "T1/S2": BOTH,
        "T1/C1": {"accounts": ["777788889999"], "owners": ["*"]},
    }
    tokens = parsed(make_entry(acts_for="slack", accounts=["*"], owners=["*"]), slack=of)
    person = Person(f"T1/{user}", "T1/C1", groups=[f"T1/{group}" for group in groups])
    assert tokens.acting_for(tokens.entries[0].bearer, person).access.accounts == seen
    assert tokens.acting_for(
        tokens.entries[0].bearer, replace(person, shared=True)
    ).access.accounts <= {"777788889999"}


def test_a_person_is_a_text_or_an_object() -> None:
    assert person_of(None) is None
    assert person_of("T1/U1") == person_of({"user": "T1/U1"}) == Person("T1/U1")
    assert person_of({"user": "T1/U1", "channel": "T1/C1", "shared": True}) == Person(
        "T1/U1", "T1/C1", True
    )
    assert person_of({"user": "T1/U1", "groups": ["T1/S1"]}) == Person("T1/U1", groups=("T1/S1",))


@pytest.mark.parametrize(
    "said",
    ["", 7, [], {}, {"user": None}, {"user": 1}, {"user": "T1/U1", "shared": "no"}, {"user": "T1/U1", "channel": None},
     {"user": "U" * 129}, {"user": "T1/U1", "groups": "T1/S1"}, {"user": "T1/U1", "groups": [1]},
     {"user": "T1/U1", "groups": ["T1/S1"] * 101},
     {"user": "T1/U1", "channel": "C" * 129}],
)  # fmt: skip
def test_what_names_nobody_as_it_should_is_denied(said: Any) -> None:
    with pytest.raises(AccessDenied, match="does not name a person"):
        person_of(said)


def test_a_token_that_acts_for_nobody_cannot_name_anybody(make_entry: Make) -> None:
    tokens = parsed(make_entry(), slack={"T1/U1": {"accounts": ["*"], "owners": ["*"]}})
    bearer = tokens.entries[0].bearer
    with pytest.raises(AccessDenied, match="acts for nobody but itself"):
        tokens.acting_for(bearer, Person("T1/U1"))
    assert tokens.acting_for(bearer, None) == bearer


@given(st.text())
def test_no_text_breaks_the_search_or_the_form(text: str) -> None:
    Tokens().find(text, NOW)
    assert not is_token(text) or text.startswith("sre_")
