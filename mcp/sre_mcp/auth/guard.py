"""Setup of authentication from the settings.

Documents are read at once, so that a server with an invalid document does not start.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from sre_findings.model.errors import UsageError
from sre_mcp.auth import oidc
from sre_mcp.auth.bearer import FINDINGS
from sre_mcp.auth.documents import open_document
from sre_mcp.auth.jwks import Keys
from sre_mcp.auth.load_balancer import open_balancer
from sre_mcp.auth.oidc import Issuer, OidcVerifier
from sre_mcp.auth.rotation import Rotating
from sre_mcp.auth.verifier import BalancerVerifier, Verifier


@dataclass(frozen=True, slots=True)
class Guard:
    """The authentication of the server.

    It has the SDK's settings, the verifier of tokens, the public URL (empty if unknown), and the
    verifier of a load balancer's claims, if there is one.
    """

    settings: AuthSettings
    verifier: Verifier
    public_url: str = ""
    balancer: BalancerVerifier | None = None


def open_guard(tokens: str, issuer: str, public_url: str | None) -> Guard | None:
    """Returns the guard for SRE_TOKENS and SRE_OIDC; None if neither is set.

    ``public_url`` is the URL of the server for clients, and the audience that tokens of an issuer
    must have. Raises SreError if a document cannot be read.
    """
    trusted = oidc.parse(open_document(issuer).read()) if issuer else None
    verifier = _verifier(tokens, trusted, public_url)
    if verifier is None:
        return None
    balancer = open_balancer(trusted) if trusted else None
    # The SDK requires a URL, but publishes it only with a resource.
    issuer_url = verifier.issuer or public_url or "https://localhost"
    resource = AnyHttpUrl(public_url) if public_url and verifier.issuer else None
    return Guard(
        AuthSettings(
            issuer_url=AnyHttpUrl(issuer_url),
            resource_server_url=resource,
            required_scopes=[FINDINGS],
            validate_token_resource=resource is not None,
        ),
        verifier,
        public_url or "",
        BalancerVerifier(balancer) if balancer else None,
    )


def open_verifier(tokens: str, issuer: str, resource: str | None) -> Verifier | None:
    """Returns the verifier for SRE_TOKENS and SRE_OIDC, each a URL or empty.

    None if both are empty. ``resource`` is the URL of the server. Raises SreError if a document
    cannot be read.
    """
    trusted = oidc.parse(open_document(issuer).read()) if issuer else None
    return _verifier(tokens, trusted, resource)


def _verifier(tokens: str, trusted: Issuer | None, resource: str | None) -> Verifier | None:
    if not tokens and trusted is None:
        return None
    rotating = Rotating(open_document(tokens)) if tokens else None
    if rotating:
        rotating.open()
    if trusted and resource and trusted.audience != resource:
        why = f"{trusted.audience} is not {resource}"
        raise UsageError(
            "the OIDC issuer's tokens have another audience",
            why=why,
            do="Set audience to the URL of this server.",
        )
    signed = OidcVerifier(trusted, Keys(trusted.jwks_url)) if trusted else None
    return Verifier(rotating, signed, resource)
