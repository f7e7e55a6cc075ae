"""Opens what verifies tokens from the settings, and reads it once: a server with a wrong document does not start."""

from __future__ import annotations

from sre_findings.model.errors import UsageError
from sre_mcp.auth import oidc
from sre_mcp.auth.jwks import Keys
from sre_mcp.auth.oidc import Oidc
from sre_mcp.auth.places import place_of
from sre_mcp.auth.rotation import Rotating
from sre_mcp.auth.verifier import Verifier


def open_verifier(tokens: str, issuer: str, resource: str | None) -> Verifier | None:
    """What SRE_TOKENS and SRE_OIDC name, each a place or empty; None where both are. ``resource`` is the server's address.

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
        raise UsageError("tokens of the OIDC issuer would be for somebody else", why=why, do="Set the audience to this server.")
    return Verifier(rotating, Oidc(believed, Keys(believed.jwks_url)) if believed else None, resource)
