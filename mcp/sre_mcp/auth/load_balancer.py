"""Users authenticated by an Application Load Balancer.

The load balancer signs browser users in with the OIDC issuer, and passes their claims on. The
claims are a JWT in the header ``x-amzn-oidc-data``, valid for two minutes and signed with a key of
the region. A client that bypasses the load balancer can send any header, so only tokens signed for
the configured load balancer are accepted.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_findings.model.errors import UsageError
from sre_mcp.auth.jwks import AGAIN, fetch
from sre_mcp.auth.oidc import LEEWAY, Issuer, VerifiedToken, granted

HEADER = b"x-amzn-oidc-data"
_ARN = re.compile(
    r"arn:(aws|aws-us-gov|aws-cn):elasticloadbalancing:([a-z0-9-]{1,30}):\d{12}:loadbalancer/app/[\w-]{1,32}/[0-9a-f]{16}\Z"
)
_KID = re.compile(r"[0-9a-fA-F-]{36}\Z")
_KEPT = 8  # keys; a load balancer signs with one at a time
_FILES = ("/reports/", "/exports/")
_SAFE = ("GET", "HEAD")


class Keys:
    """The keys of the load balancers of a region, cached.

    Unknown key IDs cause at most one request per minute.
    """

    def __init__(self, base: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._base, self._clock, self._lock = base.rstrip("/"), clock, threading.Lock()
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._tried = float("-inf")

    def get(self, kid: str) -> EllipticCurvePublicKey | None:
        """Returns the key with this ID, or None. Raises Unreachable if it cannot be fetched."""
        with self._lock:
            if kid not in self._keys and _KID.match(kid) and self._clock() - self._tried >= AGAIN:
                self._tried = self._clock()
                key = load_pem_public_key(fetch(f"{self._base}/{kid}"))
                if isinstance(key, EllipticCurvePublicKey):
                    self._keys = dict([*self._keys.items(), (kid, key)][-_KEPT:])
            return self._keys.get(kid)


class LoadBalancer:
    """Verifies tokens of one load balancer."""

    def __init__(self, issuer: Issuer, keys: Keys) -> None:
        self._issuer, self._keys = issuer, keys

    def verify(self, token: str) -> VerifiedToken | None:
        """Returns the verified token, or None.

        None means that another load balancer or issuer signed it, it is not valid now, or no grant
        matches. It may block to fetch keys. Raises SreError if they cannot be fetched.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != "ES256" or header.get("signer") != self._issuer.load_balancer:
                return None
            key = self._keys.get(str(header.get("kid")))
            return self._proven(token, header, key) if key else None
        except (
            jwt.PyJWTError,
            ValueError,
            TypeError,
            OverflowError,
            RecursionError,
        ):  # a malicious token can cause any of these
            return None

    def _proven(
        self, token: str, header: dict[str, Any], key: EllipticCurvePublicKey
    ) -> VerifiedToken | None:
        """Verifies a token. Its signed header has some fields that other tokens have as claims."""
        claims = jwt.decode(
            token,
            key,
            algorithms=["ES256"],
            leeway=LEEWAY,
            options={"require": ["sub"], "verify_aud": False},
        )
        until = int(header["exp"]) + LEEWAY
        bearer = granted(self._issuer, claims)
        if bearer is None or header.get("iss") != self._issuer.issuer or time.time() >= until:
            return None
        return VerifiedToken(
            bearer, until, claims["sub"], self._issuer.issuer, self._issuer.audience
        )


def open_balancer(issuer: Issuer) -> LoadBalancer | None:
    """Returns the load balancer in the OIDC file, or None."""
    return (
        LoadBalancer(issuer, Keys(issuer.balancer_keys or keys_address(issuer.load_balancer)))
        if issuer.load_balancer
        else None
    )


def keys_address(arn: str) -> str:
    """Returns the URL of the keys of the load balancer's region.

    Raises UsageError for an invalid ARN.
    """
    found = _ARN.match(arn)
    if not found:
        do = (
            "Use the ARN of an Application Load Balancer:"
            " arn:aws:elasticloadbalancing:eu-west-1:…:loadbalancer/app/…/…."
        )
        raise UsageError(
            "load_balancer in the SRE_OIDC file is not the ARN of a load balancer", do=do
        )
    partition, region = found.groups()
    if partition == "aws-us-gov":
        return f"https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}"
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://public-keys.auth.elb.{region}.{suffix}"


class HeaderAsToken:
    """ASGI middleware that uses the load balancer's header as the token of a file request.

    A browser behind a load balancer sends no token itself. Only ``GET`` and ``HEAD`` of files are
    accepted this way, because another site's page can make a browser post to ``/mcp``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if _is_file_request(scope):
            headers = dict(scope["headers"])
            if HEADER in headers and b"authorization" not in headers:
                token = (b"authorization", b"Bearer " + headers[HEADER])
                scope = {**scope, "headers": [*scope["headers"], token]}
        await self._app(scope, receive, send)


def _is_file_request(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in _SAFE and scope["path"].startswith(_FILES)
