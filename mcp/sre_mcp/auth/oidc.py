"""JWTs of an OIDC issuer: its keys, what a token must prove, and what its claims allow here, as a
JSON file says::

    {"issuer": "https://login.example.com/", "audience": "https://mcp.example.com/mcp",
     "jwks_url": "https://login.example.com/keys", "algorithms": ["RS256"], "name_claim": "email",
     "grants": [{"claim": "groups", "value": "payments-sre", "scopes": ["findings:read"],
                 "accounts": ["*"], "owners": ["payments"]}]}

The first grant whose claim is, or holds, its value counts; a token that none fits is good for
nothing. ``load_balancer`` is the ARN of the one that asks this issuer who people in browsers are:
see balancer.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from sre_findings.model.access import Access, parse_access
from sre_findings.model.errors import UsageError
from sre_mcp.auth.bearer import Bearer
from sre_mcp.auth.jwks import Keys, may_be_asked
from sre_mcp.auth.tokens import scopes_of

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
"""Signatures that only the issuer can make. With a shared secret, or none, whoever verifies could
sign."""

LEEWAY = 30  # seconds that clocks may differ
_KEYS = {
    "issuer",
    "audience",
    "jwks_url",
    "algorithms",
    "name_claim",
    "grants",
    "load_balancer",
    "load_balancer_keys",
}
_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Grant:
    """What a claim allows. Of a claim that is a list one value is enough."""

    claim: str
    value: str
    scopes: frozenset[str]
    access: Access

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claims have it."""
        found = claims.get(self.claim)
        return self.value in found if isinstance(found, list) else found == self.value


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are believed, for whom they must be, and what they allow."""

    issuer: str
    audience: str
    jwks_url: str
    algorithms: Sequence[str] = ("RS256", "ES256")
    name_claim: str = "sub"
    grants: Sequence[Grant] = ()
    load_balancer: str = ""
    balancer_keys: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """A token that was verified: who holds it, for how long in epoch seconds, and whose word that
    is."""

    bearer: Bearer
    expires: int
    subject: str
    issuer: str
    audience: str


class Oidc:
    """Verifies the tokens of one issuer."""

    def __init__(self, issuer: Issuer, keys: Keys) -> None:
        self._issuer, self._keys = issuer, keys

    @property
    def issuer(self) -> str:
        """Its name, as its tokens have it."""
        return self._issuer.issuer

    def verify(self, token: str) -> Proven | None:
        """What a token proves; None for one that is not the issuer's, not for us, not valid now, or
        allows nothing here.

        Raises SreError where the issuer's keys cannot be had. It may wait for them.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self._issuer.algorithms or not isinstance(
                header.get("kid"), str
            ):
                return None
            key = self._keys.get(header["kid"])
            return self._proven(token, key) if key else None
        except (
            jwt.PyJWTError,
            ValueError,
            TypeError,
            OverflowError,
            RecursionError,
        ):  # a hostile token may break any
            return None

    def _proven(self, token: str, key: jwt.PyJWK) -> Proven | None:
        claims = jwt.decode(
            token,
            key,
            algorithms=list(self._issuer.algorithms),
            audience=self._issuer.audience,
            issuer=self._issuer.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        bearer = granted(self._issuer, claims)
        if bearer is None:
            return None
        return Proven(
            bearer,
            int(claims["exp"]) + LEEWAY,
            claims["sub"],
            self._issuer.issuer,
            self._issuer.audience,
        )


def granted(issuer: Issuer, claims: Mapping[str, Any]) -> Bearer | None:
    """Whom verified claims name, and what the first grant that fits allows them; None where none
    does."""
    name, grant = (
        claims.get(issuer.name_claim),
        next((one for one in issuer.grants if one.fits(claims)), None),
    )
    if (
        grant is None
        or not isinstance(name, str)
        or not name.isprintable()
        or not 0 < len(name) <= _LONGEST_NAME
    ):
        return None
    return Bearer(name, grant.scopes, grant.access)


def parse(text: str) -> Issuer:
    """A file about an issuer. Raises UsageError that names what is wrong."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong("it is not JSON") from error
    if not isinstance(values, dict):
        raise _wrong("it is no JSON object")
    if unknown := sorted(values.keys() - _KEYS):
        raise _wrong(f"{unknown[0][:60]!r} is not one of {', '.join(sorted(_KEYS))}")
    texts = {name: _text(values, name) for name in ("issuer", "audience", "jwks_url")}
    if not may_be_asked(texts["jwks_url"]) or not urlsplit(texts["issuer"]).netloc:
        raise _wrong("issuer and jwks_url must be addresses, and keys come over https://")
    algorithms = values.get("algorithms", ["RS256", "ES256"])
    if (
        not isinstance(algorithms, list)
        or not algorithms
        or not all(one in ALGORITHMS for one in algorithms)
    ):
        raise _wrong(f"algorithms must be some of {', '.join(ALGORITHMS)}")
    grants = values.get("grants", [])
    if not isinstance(grants, list) or not all(isinstance(one, dict) for one in grants):
        raise _wrong("grants must be a list of objects")
    name_claim = _text({"name_claim": "sub"} | values, "name_claim")
    balancer, keys = (
        _text({name: " "} | values, name).strip()
        for name in ("load_balancer", "load_balancer_keys")
    )
    if keys and not may_be_asked(keys):
        raise _wrong("load_balancer_keys must be an address, and keys come over https://")
    return Issuer(
        **texts,
        algorithms=tuple(algorithms),
        name_claim=name_claim,
        load_balancer=balancer,
        balancer_keys=keys,
        grants=tuple(_grant(number, one) for number, one in enumerate(grants, 1)),
    )


def _grant(number: int, values: Mapping[str, Any]) -> Grant:
    of = f"grant {number}"
    if unknown := sorted(values.keys() - {"claim", "value", "scopes", "accounts", "owners"}):
        raise _wrong(
            f"{of}: {unknown[0][:60]!r} is not one of claim, value, scopes, accounts, owners"
        )
    try:
        scopes, access = scopes_of(values, of), parse_access(values, of)
    except UsageError as error:
        raise _wrong(f"{of}: {error.why}") from error
    return Grant(_text(values, "claim"), _text(values, "value"), scopes, access)


def _text(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name)
    if not isinstance(found, str) or not found:
        raise _wrong(f"{name} must be a text")
    return found


def _wrong(why: str) -> UsageError:
    return UsageError("what SRE_OIDC names cannot be read", why=why, do="See docs/operations.md.")
