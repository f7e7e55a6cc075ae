"""JWTs of an OIDC issuer: their verification, and the access that their claims grant.

A JSON file configures both::

    {"issuer": "https://login.example.com/", "audience": "https://mcp.example.com/mcp",
     "jwks_url": "https://login.example.com/keys", "algorithms": ["RS256"], "name_claim": "email",
     "grants": [{"claim": "groups", "value": "payments-sre", "scopes": ["findings:read"],
                 "accounts": ["*"], "owners": ["payments"]}]}

The first grant applies whose claim equals or contains its value. A token without a matching grant
is rejected. ``load_balancer`` is the ARN of the load balancer that signs browser users in with this
issuer: see load_balancer.py.
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
from sre_mcp.auth.jwks import Keys, is_trusted
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
"""Asymmetric signature algorithms.

With a shared secret, or without a signature, a verifier could forge tokens.
"""

MALICIOUS = (
    jwt.PyJWTError,
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    RecursionError,
)
"""Errors that a malicious token can cause."""

LEEWAY = 30  # seconds by which clocks may differ
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
    """Scopes and access for tokens whose claim equals or contains the value."""

    claim: str
    value: str
    scopes: frozenset[str]
    access: Access

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Returns whether the claims match this grant."""
        found = claims.get(self.claim)
        return self.value in found if isinstance(found, list) else found == self.value


@dataclass(frozen=True, slots=True)
class Issuer:
    """A trusted issuer: its tokens' audience, its keys, and the grants."""

    issuer: str
    audience: str
    jwks_url: str
    algorithms: Sequence[str] = ("RS256", "ES256")
    name_claim: str = "sub"
    grants: Sequence[Grant] = ()
    load_balancer: str = ""
    balancer_keys: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A verified token: its holder, its expiry in epoch seconds, and its origin."""

    bearer: Bearer
    expires: int
    subject: str
    issuer: str
    audience: str


class OidcVerifier:
    """Verifies the tokens of one issuer."""

    def __init__(self, issuer: Issuer, keys: Keys) -> None:
        self._issuer, self._keys = issuer, keys

    @property
    def issuer(self) -> str:
        """The name of the issuer, as in the claim ``iss``."""
        return self._issuer.issuer

    def verify(self, token: str) -> VerifiedToken | None:
        """Returns the verified token, or None.

        None means that it is from another issuer, for another audience, not valid now, or matches
        no grant. It may block to fetch keys. Raises SreError if they cannot be fetched.
        """
        kid = self._kid(token)
        if not kid:
            return None
        try:
            key = self._keys.get(kid)
            return self._proven(token, key) if key else None
        except MALICIOUS:
            return None

    def knows(self, token: str) -> bool:
        """Returns whether the token can be verified without fetching keys."""
        kid = self._kid(token)
        return not kid or self._keys.knows(kid)

    def _kid(self, token: str) -> str:
        """Returns the ID of the token's key, or an empty text if it cannot be a valid token."""
        header = unverified(token) or {}
        kid = header.get("kid")
        return kid if header.get("alg") in self._issuer.algorithms and isinstance(kid, str) else ""

    def _proven(self, token: str, key: jwt.PyJWK) -> VerifiedToken | None:
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
        return VerifiedToken(
            bearer,
            int(claims["exp"]) + LEEWAY,
            claims["sub"],
            self._issuer.issuer,
            self._issuer.audience,
        )


def unverified(token: str) -> dict[str, Any] | None:
    """Returns the header of a token, which anyone can have written, or None."""
    try:
        return jwt.get_unverified_header(token)
    except MALICIOUS:
        return None


def granted(issuer: Issuer, claims: Mapping[str, Any]) -> Bearer | None:
    """Returns the holder named in verified claims, with the access of the first matching grant.

    None without a match or a valid name.
    """
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
    """Parses the file about an issuer. Raises UsageError that names the problem."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong("it is not JSON") from error
    if not isinstance(values, dict):
        raise _wrong("it is not a JSON object")
    if unknown := sorted(values.keys() - _KEYS):
        raise _wrong(f"{unknown[0][:60]!r} is not one of {', '.join(sorted(_KEYS))}")
    texts = {name: _text(values, name) for name in ("issuer", "audience", "jwks_url")}
    if not is_trusted(texts["jwks_url"]) or not urlsplit(texts["issuer"]).netloc:
        raise _wrong("issuer and jwks_url must be URLs, and keys must use https://")
    algorithms = values.get("algorithms", ["RS256", "ES256"])
    if (
        not isinstance(algorithms, list)
        or not algorithms
        or not all(one in ALGORITHMS for one in algorithms)
    ):
        raise _wrong(f"algorithms must be a list of {', '.join(ALGORITHMS)}")
    grants = values.get("grants", [])
    if not isinstance(grants, list) or not all(isinstance(one, dict) for one in grants):
        raise _wrong("grants must be a list of objects")
    name_claim = _text({"name_claim": "sub"} | values, "name_claim")
    balancer, keys = (
        _text(values, name) if values.get(name, "") != "" else ""
        for name in ("load_balancer", "load_balancer_keys")
    )
    if keys and not is_trusted(keys):
        raise _wrong("load_balancer_keys must be an https:// URL")
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
    if not isinstance(found, str) or not found.isprintable() or not found or found != found.strip():
        raise _wrong(f"{name} must be a non-empty string without spaces around it")
    return found


def _wrong(why: str) -> UsageError:
    return UsageError("the SRE_OIDC file is invalid", why=why, do="See docs/operations.md.")
