"""A JWT of the issuer gets the access that its claims grant; other tokens are rejected."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_findings.model.access import NOTHING, Access
from sre_findings.model.errors import Unreachable, UsageError
from sre_mcp.auth import jwks
from sre_mcp.auth.jwks import AGAIN, KEPT, STALE, Keys, fetch, is_trusted, keys_of
from sre_mcp.auth.oidc import OidcVerifier, parse

GRANTS = [
    {
        "claim": "groups",
        "value": "sre",
        "scopes": ["findings:read", "live:query"],
        "accounts": ["*"],
        "owners": ["payments"],
    },
    {
        "claim": "email",
        "value": "bob@example.com",
        "scopes": ["findings:read"],
        "accounts": ["111122223333"],
        "owners": ["*"],
    },
]
VALUES = {
    "issuer": "https://issuer.example",
    "audience": "https://mcp.example/mcp",
    "jwks_url": "https://x/keys",
    "grants": GRANTS,
}


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(issuer: Any, time: Time | None = None, **changes: Any) -> OidcVerifier:
    return OidcVerifier(
        parse(json.dumps({**VALUES, "jwks_url": issuer.url, **changes})),
        Keys(issuer.url, time or Time()),
    )


def test_a_token_gets_the_access_of_the_first_matching_grant(issuer: Any) -> None:
    proven = opened(issuer).verify(issuer.sign())
    assert proven
    assert (proven.bearer.name, proven.subject, proven.issuer) == (
        "ann",
        "ann",
        "https://issuer.example",
    )
    assert proven.bearer.scopes == {"findings:read", "live:query"}
    assert proven.bearer.access == Access(frozenset({"*"}), frozenset({"payments"}))
    both = opened(issuer).verify(issuer.sign(email="bob@example.com"))
    assert both
    assert both.bearer == proven.bearer, (
        "grants are not added up: accounts of one and owners of another would be more than both"
    )


def test_a_string_claim_must_equal_the_value(issuer: Any) -> None:
    found = opened(issuer).verify(issuer.sign(groups=["other"], email="bob@example.com"))
    assert found
    assert found.bearer.access == Access(frozenset({"111122223333"}), frozenset({"*"}))
    assert (
        opened(issuer).verify(issuer.sign(groups="sre-of-others", email="xbob@example.com")) is None
    )


def test_a_token_without_grants_is_rejected(issuer: Any) -> None:
    assert opened(issuer, grants=[]).verify(issuer.sign()) is None
    granted = opened(issuer, grants=[{"claim": "groups", "value": "sre"}]).verify(issuer.sign())
    assert granted
    assert (granted.bearer.access, granted.bearer.scopes) == (NOTHING, frozenset())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": 1},
        {"exp": None},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"nbf": datetime(2100, 1, 1, tzinfo=UTC)},
        {"iat": datetime(2100, 1, 1, tzinfo=UTC)},
        {"exp": "soon"},
        {"groups": {"sre": 1}},
        {"sub": "a\nb"},
        {"sub": "a" * 129},
        {"sub": ""},
    ],
)
def test_a_token_for_another_audience_or_time_is_rejected(
    issuer: Any, claims: dict[str, Any]
) -> None:
    assert opened(issuer).verify(_signed(issuer, claims)) is None


def _signed(issuer: Any, claims: dict[str, Any]) -> str:
    """Signs a JWT without PyJWT, which refuses to sign some invalid ones."""
    now = int(datetime.now(UTC).timestamp())
    values = {
        "iss": "https://issuer.example",
        "aud": "https://mcp.example/mcp",
        "sub": "ann",
        "groups": ["sre"],
        "exp": now + 300,
    }
    plain = {
        k: int(v.timestamp()) if isinstance(v, datetime) else v
        for k, v in {**values, **claims}.items()
        if v is not None
    }
    return jwt.PyJWS().encode(json.dumps(plain).encode(), issuer.private, "RS256", {"kid": "one"})


def test_clocks_may_differ_by_half_a_minute(issuer: Any) -> None:
    now = datetime.now(UTC)
    assert opened(issuer).verify(issuer.sign(exp=now - timedelta(seconds=20)))
    assert opened(issuer).verify(issuer.sign(exp=now - timedelta(seconds=40))) is None


def test_foreign_missing_and_symmetric_signatures_are_rejected(
    issuer: Any,
) -> None:
    oidc, stranger = opened(issuer), rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert oidc.verify(issuer.sign(stranger)) is None
    assert oidc.verify(issuer.sign(kid=None)) is None
    good = issuer.sign()
    head, body, signature = good.split(".")
    assert oidc.verify(f"{head}.{body}.{signature[:-4]}AAAA") is None
    for header in (
        {"alg": "none", "kid": "one"},
        {"alg": "HS256", "kid": "one"},
        {"alg": "RS512", "kid": "one"},
        {"kid": "one"},
    ):
        forged = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        assert oidc.verify(f"{forged}.{body}.{signature}") is None
        assert oidc.verify(f"{forged}.{body}.") is None
    public = issuer.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    import hashlib
    import hmac

    forged = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=").decode()
    mac = (
        base64.urlsafe_b64encode(
            hmac.new(public, f"{forged}.{body}".encode(), hashlib.sha256).digest()
        )
        .rstrip(b"=")
        .decode()
    )
    assert oidc.verify(f"{forged}.{body}.{mac}") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()),
        st.just("[" * 3000),
    ),
    st.integers(0, 2),
)
def test_arbitrary_token_parts_cause_no_exception(issuer: Any, text: str, place: int) -> None:
    parts = issuer.sign().split(".")
    parts[place] = text
    opened(issuer).verify(".".join(parts))
    nested = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":' + b"[" * 4000).decode()
    assert opened(issuer).verify(f"{nested}.{parts[1]}.{parts[2]}") is None


def test_keys_are_cached_for_an_hour(issuer: Any) -> None:
    time = Time()
    oidc = opened(issuer, time)
    for _ in range(3):
        assert oidc.verify(issuer.sign())
    assert issuer.asked == 1
    time.now += KEPT
    assert oidc.verify(issuer.sign())
    assert issuer.asked == 2


def test_new_keys_are_found_and_unknown_ones_not_fetched_often(issuer: Any) -> None:
    time = Time()
    oidc, new = opened(issuer, time), rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert oidc.verify(issuer.sign())
    issuer.publish({"one": issuer.private, "two": new})
    for _ in range(5):
        assert oidc.verify(issuer.sign(new, kid="two")) is None, "the last fetch was a moment ago"
    assert issuer.asked == 1
    time.now += AGAIN
    assert oidc.verify(issuer.sign(new, kid="two"))
    for n in range(5):
        assert oidc.verify(issuer.sign(kid=f"made-up-{n}")) is None
    assert issuer.asked == 2


def test_made_up_key_ids_do_not_prevent_the_renewal_of_known_keys(issuer: Any) -> None:
    time = Time()
    oidc = opened(issuer, time)
    assert oidc.verify(issuer.sign())
    time.now += KEPT - 1
    for n in range(100):
        assert oidc.verify(issuer.sign(kid=f"made-up-{n}")) is None
    assert issuer.asked == 2
    issuer.status = 503
    time.now += KEPT
    for n in range(100):
        with pytest.raises(Unreachable):
            oidc.verify(issuer.sign(kid=f"made-up-{n}"))
        assert oidc.verify(issuer.sign()), "a known key needs no request"
    assert issuer.asked == 4, "one renewal, and one look-up"
    issuer.status = 200
    time.now += AGAIN
    assert oidc.verify(issuer.sign())
    assert issuer.asked == 5


def test_an_unknown_key_id_is_remembered_for_minutes(issuer: Any) -> None:
    time = Time()
    oidc = opened(issuer, time)
    assert oidc.verify(issuer.sign())
    for _ in range(4):
        time.now += AGAIN
        assert oidc.verify(issuer.sign(kid="made-up")) is None
    assert issuer.asked == 2
    time.now += AGAIN * 2
    assert oidc.verify(issuer.sign(kid="made-up")) is None
    assert issuer.asked == 3


@pytest.mark.parametrize("kid", ["", "a\nb", "é", "x" * 257])
def test_a_malformed_key_id_causes_no_request(issuer: Any, kid: str) -> None:
    assert opened(issuer).verify(issuer.sign(kid=kid)) is None
    assert issuer.asked == 0


def test_cached_keys_are_used_for_hours_if_the_issuer_is_down(issuer: Any) -> None:
    time = Time()
    oidc = opened(issuer, time)
    assert oidc.verify(issuer.sign())
    issuer.status = 503
    time.now += STALE - 1
    assert oidc.verify(issuer.sign())
    time.now += 1
    with pytest.raises(Unreachable, match="the keys of the OIDC issuer are not available"):
        oidc.verify(issuer.sign())


def test_withdrawn_keys_are_gone_after_the_next_fetch(issuer: Any) -> None:
    time = Time()
    oidc, token = opened(issuer, time), issuer.sign()
    assert oidc.verify(token)
    issuer.publish({})
    time.now += KEPT
    assert oidc.verify(token) is None


def test_an_unusable_response_is_an_error(issuer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.body = b" " * (jwks.LARGEST + 1)
    with pytest.raises(Unreachable, match="too large or too slow"):
        fetch(issuer.url)
    issuer.status, issuer.location, issuer.body = 302, "http://127.0.0.1:9/", b""
    with pytest.raises(Unreachable, match="it answered 302"):
        fetch(issuer.url)
    assert issuer.asked == 2
    with pytest.raises(Unreachable, match="refused"):
        fetch("http://127.0.0.1:9/")
    issuer.begin()
    monkeypatch.setattr(jwks, "DEADLINE", -1.0)
    with pytest.raises(Unreachable, match="too slow"):
        fetch(issuer.url)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": null}', b"[" * 100_000, b"\xff"]
)
def test_an_invalid_jwks_document_is_an_error(body: bytes) -> None:
    with pytest.raises(Unreachable, match="not a JWKS document"):
        keys_of(body)


def test_keys_that_cannot_verify_signatures_are_ignored(issuer: Any) -> None:
    (row,) = json.loads(issuer.body)["keys"]
    nameless = {name: value for name, value in row.items() if name != "kid"}
    others = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
        {"kty": "XX", "kid": "odd"},
        "text",
        nameless,
    ]
    rows = [
        *others,
        {**row, "kid": "enc", "use": "enc"},
        {**row, "kid": 1},
        {**row, "kid": "broken", "n": "!"},
        row,
    ]
    assert [*keys_of(json.dumps({"keys": rows}).encode())] == ["one"]


@pytest.mark.parametrize(
    ("url", "may"),
    [("https://a.example/keys", True), ("http://127.0.0.1:1/", True), ("http://[::1]/", True), ("http://a.example/", False),
     ("http://127.0.0.1.example/", False), ("file:///etc/passwd", False), ("https://", False), ("", False)],
)  # fmt: skip
def test_keys_must_come_over_tls_or_from_this_machine(url: str, may: bool) -> None:
    assert is_trusted(url) is may


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"issuer": ""}, "issuer must be a non-empty string"),
        ({"issuer": "x"}, "must be URLs"),
        ({"jwks_url": "http://a.example"}, "keys must use https"),
        ({"audience": None}, "audience must be a non-empty string"),
        ({"audience": "\n"}, "audience must be a non-empty string without spaces"),
        ({"issuer": "https://issuer.example "}, "issuer must be a non-empty string without"),
        ({"algorithms": ["HS256"]}, "algorithms must be a list of RS256"),
        ({"algorithms": ["none"]}, "algorithms must be a list of"),
        ({"algorithms": []}, "algorithms must be a list of"),
        ({"grants": {}}, "grants must be a list of objects"),
        (
            {"grants": [{"claim": "x", "value": "y", "account": ["*"]}]},
            "grant 1: 'account' is not one of",
        ),
        (
            {"grants": [{"claim": "x", "value": "y", "accounts": ["1"]}]},
            "grant 1: accounts contains '1'",
        ),
        ({"grants": [{"claim": "x", "value": "y", "scopes": ["z"]}]}, "scopes must be a list of"),
        ({"grants": [{"value": "y"}]}, "claim must be a non-empty string"),
        ({"secret": "x"}, "'secret' is not one of"),
    ],
)
def test_an_invalid_file_is_an_error_that_names_the_problem(
    change: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match="the SRE_OIDC file is invalid") as error:
        parse(json.dumps({**VALUES, **change}))
    assert why in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000])
def test_a_file_that_is_not_an_object_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match=r"not a JSON object|not JSON"):
        parse(text)
