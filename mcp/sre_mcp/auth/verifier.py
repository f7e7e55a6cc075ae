"""The verifier of tokens, which the SDK calls once per request."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import anyio
import anyio.to_thread
from mcp.server.auth.provider import AccessToken, TokenVerifier
from starlette.authentication import AuthenticationError

from sre_findings.model.errors import SreError
from sre_mcp.auth.bearer import Bearer, of_claims
from sre_mcp.auth.chat_user import ChatUser
from sre_mcp.auth.load_balancer import LoadBalancer
from sre_mcp.auth.oidc import OidcVerifier
from sre_mcp.auth.rotation import Rotating
from sre_mcp.auth.tokens import is_token

_LOG = logging.getLogger(__name__)
LONGEST = 8192  # characters of a token; a JWT with many groups has about 3,000


_FETCHING = 4  # tokens whose keys are fetched at the same time


class Unavailable(AuthenticationError):
    """Whether a token is valid cannot be determined now."""


class Verifier(TokenVerifier):
    """Verifies tokens of the document, and JWTs of an issuer.

    ``resource`` is the URL of this server. For any invalid token the result is None, which the
    server answers with 401. The token itself appears in no log, error or repr: the SDK keeps the
    beginning of its hash instead.
    """

    def __init__(
        self,
        tokens: Rotating | None,
        oidc: OidcVerifier | None,
        resource: str | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._tokens, self._oidc, self._resource = tokens, oidc, resource
        self._slow = anyio.CapacityLimiter(_FETCHING)
        self._now = now or (lambda: datetime.now(UTC))

    @property
    def issuer(self) -> str | None:
        """The trusted issuer, if any."""
        return self._oidc.issuer if self._oidc else None

    async def verify_token(self, token: str) -> AccessToken | None:
        """Verifies a token; see TokenVerifier.

        Raises Unavailable if the document, or the keys of the issuer, cannot be read.
        """
        if len(token) > LONGEST:
            return None
        if is_token(token):
            return await self._by_hash(token)
        return await self._by_issuer(token) if token.count(".") == 2 else None

    async def acting_for(self, token: AccessToken, user: ChatUser | None) -> Bearer:
        """Returns the bearer of a token, limited to the user it acts for.

        Raises AccessDenied (see Tokens).
        """
        bearer = bearer_of(token)
        tokens = self._tokens
        if user is None or tokens is None:
            return bearer
        current = await anyio.to_thread.run_sync(tokens.current) if tokens.due else tokens.current()
        return current.acting_for(bearer, user)

    async def _by_hash(self, token: str) -> AccessToken | None:
        tokens = self._tokens
        if tokens is None:
            return None
        current = await anyio.to_thread.run_sync(tokens.current) if tokens.due else tokens.current()
        if tokens.lost:
            raise Unavailable
        entry = current.find(token, self._now())
        if entry is None:
            return None
        until = int(entry.expires.timestamp())
        return _access_token(token, entry.bearer, until, self._resource, None, {})

    async def _by_issuer(self, token: str) -> AccessToken | None:
        return await _by_key(token, self._oidc, self._slow) if self._oidc else None


class BalancerVerifier(TokenVerifier):
    """Verifies the claims that a load balancer signs, and no other tokens."""

    def __init__(self, balancer: LoadBalancer) -> None:
        self._balancer, self._slow = balancer, anyio.CapacityLimiter(_FETCHING)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Verifies a token; see TokenVerifier. Raises Unavailable."""
        if len(token) > LONGEST or token.count(".") != 2:
            return None
        return await _by_key(token, self._balancer, self._slow)


async def _by_key(
    token: str, keys: OidcVerifier | LoadBalancer, slow: anyio.CapacityLimiter
) -> AccessToken | None:
    """Returns what the SDK gets about a signed token, or None. Raises Unavailable.

    Tokens with unknown keys wait for each other, and not in the threads of the others.
    """
    limiter = None if keys.knows(token) else slow
    try:
        proven = await anyio.to_thread.run_sync(keys.verify, token, limiter=limiter)
    except SreError as error:
        _LOG.warning("a token cannot be verified: %s", error)
        raise Unavailable from error
    if proven is None:
        return None
    issued = {"iss": proven.issuer}
    return _access_token(
        token, proven.bearer, proven.expires, proven.audience, proven.subject, issued
    )


def bearer_of(token: AccessToken) -> Bearer:
    """Returns the bearer of a token that this verifier returned."""
    return of_claims((token.claims or {})["bearer"])


def _access_token(
    token: str,
    bearer: Bearer,
    until: int,
    resource: str | None,
    subject: str | None,
    claims: dict[str, str],
) -> AccessToken:
    return AccessToken(
        token=hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()[:12],
        client_id=bearer.name,
        scopes=sorted(bearer.scopes),
        expires_at=until,
        resource=resource,
        subject=subject or bearer.name,
        claims={**claims, "bearer": bearer.claims()},
    )
