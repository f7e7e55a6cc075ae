"""A document of tokens grants access to the holder of a token until it expires."""

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
from sre_mcp.auth.chat_user import ChatUser, parse_chat_user
from sre_mcp.auth.tokens import Tokens, is_token, parse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Make = Callable[..., dict[str, Any]]
Token = Callable[[str], str]


def parsed(*entries: dict[str, Any], **more: Any) -> Tokens:
    return parse(json.dumps({"tokens": list(entries), **more}))


def test_a_token_is_found_by_its_hash_with_its_access(make_entry: Make, make_token: Token) -> None:
    found = parsed(make_entry("a"), make_entry("b", owners=["*"], scopes=["live:query"])).find(
        make_token("b"), NOW
    )
    assert found
    assert found.bearer.name == "b"
    assert found.bearer.scopes == {"live:query"}
    assert found.bearer.access == Access(frozenset({"111122223333"}), frozenset({"*"}))


def test_a_token_is_valid_until_just_before_its_expiry(make_entry: Make, make_token: Token) -> None:
    tokens = parsed(make_entry(expires="2026-11-22T13:00:00+01:00"))
    assert tokens.find(make_token("ci"), NOW - timedelta(microseconds=1))
    assert tokens.find(make_token("ci"), NOW) is None
    assert tokens.find(make_token("ci"), NOW + timedelta(days=1)) is None


def test_an_unknown_token_is_not_found(make_entry: Make, make_token: Token) -> None:
    tokens = parsed(make_entry())
    assert tokens.find(make_token("other"), NOW) is None
    assert tokens.find("", NOW) is None
    assert tokens.find(make_entry()["sha256"], NOW) is None
    assert Tokens().find(make_token("ci"), NOW) is None


def test_every_entry_is_compared_in_constant_time(
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


def test_access_is_denied_by_default(make_entry: Make) -> None:
    entry = parsed(make_entry(accounts=None, owners=None, scopes=None)).entries[0]
    assert entry.bearer.access == NOTHING
    assert entry.bearer.scopes == frozenset()


def test_no_repr_contains_a_hash(make_entry: Make, make_token: Token) -> None:
    tokens = parsed(make_entry())
    told = repr(tokens) + repr(tokens.find(make_token("ci"), NOW))
    assert tokens.entries[0].sha256.hex() not in told
    assert repr(tokens.entries[0].sha256) not in told


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": None}, "the name of token 1"),
        ({"name": "a\nb"}, "the name of token 1"),
        ({"sha256": "AB" * 32}, "64 lower-case hexadecimal digits"),
        ({"sha256": None}, "64 lower-case hexadecimal digits"),
        (
            {"scopes": ["findings:write"]},
            "scopes must be a list of findings:read, live:query, operations:read, claims:write",
        ),
        ({"scopes": "findings:read"}, "scopes must be a list"),
        ({"scopes": [1]}, "scopes must be strings"),
        ({"accounts": ["1"]}, "accounts contains '1'"),
        ({"owners": "*"}, "owners must be a list of strings"),
        ({"expires": "2027-01-01"}, "a time with a time zone"),
        ({"expires": "soon"}, "a time with a time zone"),
        ({"expires": 1}, "a time with a time zone"),
        ({"expires": None}, "a time with a time zone"),
        ({"acts_for": "teams"}, "acts_for must be slack"),
        ({"account": ["*"]}, "unknown key 'account'"),
    ],
)
def test_an_invalid_entry_is_an_error_that_names_it(
    make_entry: Make, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=r"is invalid|cannot be read") as error:
        parsed(make_entry(**change))
    assert why in str(error.value)
    assert make_entry()["sha256"] not in str(error.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("[" * 100_000, "it is not JSON"),
        ('{"token": []}', "unknown key 'token': it must be tokens or slack"),
        ('{"tokens": {}}', "tokens must be a list of objects"),
        ('{"slack": []}', "slack must be an object of objects"),
        (
            '{"slack": {"U1": {}}}',
            "'U1' under slack must be a user (T…/U…), a group (T…/S…) or a channel",
        ),
        ('{"slack": {"T1/U1": {"accounts": "*"}}}', "accounts must be a list of strings"),
        (" " * (1 << 20) + "{}", "larger than 1 MB"),
    ],
)
def test_an_invalid_document_is_an_error(text: str, why: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text)
    assert why in str(error.value)


def test_duplicate_names_and_hashes_are_refused(make_entry: Make) -> None:
    with pytest.raises(UsageError, match="the same name"):
        parsed(make_entry(), make_entry(sha256="0" * 64))
    with pytest.raises(UsageError, match="the same sha256"):
        parsed(make_entry(), make_entry("ci2", sha256=make_entry()["sha256"]))


def test_a_token_acting_for_a_user_sees_what_both_may_see(make_entry: Make) -> None:
    people = {"T1/U1": {"accounts": ["111122223333", "444455556666"], "owners": ["*"]}}
    tokens = parsed(make_entry(acts_for="slack", accounts=["*"]), slack=people)
    bot = tokens.entries[0].bearer
    both = tokens.acting_for(bot, ChatUser("T1/U1"))
    assert both.access == Access(
        frozenset({"111122223333", "444455556666"}), frozenset({"payments"})
    )
    assert (both.name, both.acts_for) == ("ci for T1/U1", None)
    assert tokens.acting_for(bot, ChatUser("T1/U2")).access == NOTHING
    assert tokens.acting_for(bot, None) == bot


ONE, TWO = (
    {"accounts": ["111122223333"], "owners": ["*"]},
    {"accounts": ["444455556666"], "owners": ["*"]},
)
BOTH = {"accounts": ["111122223333", "444455556666"], "owners": ["*"]}


@pytest.mark.parametrize(
    ("user", "channel", "shared", "seen"),
    [
        ("U1", "C2", False, {"111122223333"}),  # the user's own entry applies in every channel
        ("U2", "C2", False, {"444455556666"}),  # without one, the channel's entry applies
        ("U2", "C9", False, set()),
        ("U1", "C2", True, set()),  # the intersection of both is empty
        ("U1", "C3", True, {"111122223333"}),
        ("U1", "C9", True, set()),  # the channel has no entry
        ("U2", "C2", True, {"444455556666"}),
        ("U2", "C9", True, set()),
    ],
)
def test_access_is_of_the_user_or_the_channel_and_of_both_if_shared(
    make_entry: Make, user: str, channel: str, shared: bool, seen: set[str]
) -> None:
    of = {"T1/U1": ONE, "T1/C2": TWO, "T1/C3": BOTH}
    tokens = parsed(make_entry(acts_for="slack", accounts=["*"], owners=["*"]), slack=of)
    person = ChatUser(f"T1/{user}", f"T1/{channel}", shared)
    assert tokens.acting_for(tokens.entries[0].bearer, person).access.accounts == seen


@pytest.mark.parametrize(
    ("user", "groups", "seen"),
    [
        ("U1", ["S1"], {"111122223333"}),  # the user's own entry precedes a group's
        ("U2", ["S1"], {"444455556666"}),  # a group's entry precedes the channel's
        # the first in the document, regardless of the order in the request
        ("U2", ["S2", "S1"], {"444455556666"}),
        ("U2", ["S9"], {"777788889999"}),
        ("U2", [], {"777788889999"}),
    ],
)
def test_a_group_takes_precedence_over_the_channel(
    make_entry: Make, user: str, groups: list[str], seen: set[str]
) -> None:
    of = {
        "T1/U1": ONE,
        "T1/S1": TWO,
        "T1/S2": BOTH,
        "T1/C1": {"accounts": ["777788889999"], "owners": ["*"]},
    }
    tokens = parsed(make_entry(acts_for="slack", accounts=["*"], owners=["*"]), slack=of)
    person = ChatUser(f"T1/{user}", "T1/C1", groups=[f"T1/{group}" for group in groups])
    assert tokens.acting_for(tokens.entries[0].bearer, person).access.accounts == seen
    assert tokens.acting_for(
        tokens.entries[0].bearer, replace(person, shared=True)
    ).access.accounts <= {"777788889999"}


def test_a_user_is_a_string_or_an_object() -> None:
    assert parse_chat_user(None) is None
    assert parse_chat_user("T1/U1") == parse_chat_user({"user": "T1/U1"}) == ChatUser("T1/U1")
    assert parse_chat_user({"user": "T1/U1", "channel": "T1/C1", "shared": True}) == ChatUser(
        "T1/U1", "T1/C1", True
    )
    assert parse_chat_user({"user": "T1/U1", "groups": ["T1/S1"]}) == ChatUser(
        "T1/U1", groups=("T1/S1",)
    )


@pytest.mark.parametrize(
    "said",
    ["", 7, [], {}, {"user": None}, {"user": 1}, {"user": "T1/U1", "shared": "no"}, {"user": "T1/U1", "channel": None},
     {"user": "U" * 129}, {"user": "T1/U1", "groups": "T1/S1"}, {"user": "T1/U1", "groups": [1]},
     {"user": "T1/U1", "groups": ["T1/S1"] * 101},
     {"user": "T1/U1", "channel": "C" * 129}],
)  # fmt: skip
def test_a_malformed_user_is_denied(said: Any) -> None:
    with pytest.raises(AccessDenied, match="does not name its user"):
        parse_chat_user(said)


def test_a_token_that_does_not_act_for_users_cannot_name_one(make_entry: Make) -> None:
    tokens = parsed(make_entry(), slack={"T1/U1": {"accounts": ["*"], "owners": ["*"]}})
    bearer = tokens.entries[0].bearer
    with pytest.raises(AccessDenied, match="does not act for users"):
        tokens.acting_for(bearer, ChatUser("T1/U1"))
    assert tokens.acting_for(bearer, None) == bearer


@given(st.text())
def test_arbitrary_text_causes_no_exception(text: str) -> None:
    Tokens().find(text, NOW)
    assert not is_token(text) or text.startswith("sre_")
