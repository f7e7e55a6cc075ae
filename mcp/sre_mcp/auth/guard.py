"""Opens what verifies tokens from the settings, and reads it once: a server with a wrong document
does not start."""

from __future__ import annotations

from dataclasses import dataclass

from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from sre_findings.model.errors import UsageError
from sre_mcp.auth import oidc
from sre_mcp.auth.bearer import FINDINGS
from sre_mcp.auth.documents import place_of
from sre_mcp.auth.jwks import Keys
from sre_mcp.auth.load_balancer import open_balancer
from sre_mcp.auth.oidc import Oidc
from sre_mcp.auth.rotation import Rotating
from sre_mcp.auth.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Guard:
    """Who is let in: the SDK's settings, and what tells a token's owner. ``public_url`` is empty
    where nobody told it."""

    settings: AuthSettings
    verifier: Verifier
    public_url: str = ""


def open_guard(tokens: str, issuer: str, public_url: str | None) -> Guard | None:
    """The guard for what SRE_TOKENS and SRE_OIDC name; None where neither is set. ``public_url`` is
    where callers find the server: tokens of an issuer must be for it. Raises SreError where
    something cannot be read."""
    verifier = open_verifier(tokens, issuer, public_url)
    if verifier is None:
        return None
    # the SDK wants one, and tells nobody without a resource
    told = verifier.issuer or public_url or "https://localhost"
    resource = AnyHttpUrl(public_url) if public_url and verifier.issuer else None
    return Guard(
        AuthSettings(
            issuer_url=AnyHttpUrl(told),
            resource_server_url=resource,
            required_scopes=[FINDINGS],
            validate_token_resource=resource is not None,
        ),
        verifier,
        public_url or "",
    )


def open_verifier(tokens: str, issuer: str, resource: str | None) -> Verifier | None:
    """What SRE_TOKENS and SRE_OIDC name, each a place or empty; None where both are. ``resource``
    is the server's address.

    Raises SreError where it cannot be read.
    """
    if not tokens and not issuer:
        return None
    rotating = Rotating(place_of(tokens)) if tokens else None
    if rotating:
        rotating.open()
    believed = oidc.parse(place_of(issuer).read()) if issuer else None
    if believed and resource and believed.audience != resource:
        why = f"{believed.audience} is not {resource}"
        raise UsageError(
            "tokens of the OIDC issuer would be for somebody else",
            why=why,
            do="Set the audience to this server.",
        )
    if believed is None:
        return Verifier(rotating, None, resource)
    return Verifier(
        rotating,
        Oidc(believed, Keys(believed.jwks_url)),
        resource,
        balancer=open_balancer(believed),
    )
