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
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sre_findings.model.errors import Unreachable, UsageError
from sre_mcp.auth.jwks import Missing, fetch
from sre_mcp.auth.key_lookups import Lookups
from sre_mcp.auth.oidc import LEEWAY, MALICIOUS, Issuer, VerifiedToken, granted, unverified

HEADER = "x-amzn-oidc-data"
_ARN = re.compile(
    r"arn:(aws|aws-us-gov|aws-cn):elasticloadbalancing:([a-z0-9-]{1,30}):\d{12}:loadbalancer/app/[\w-]{1,32}/[0-9a-f]{16}\Z"
)
_KID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_KEPT = 8  # keys; a load balancer signs with one at a time
_LOOKUPS = 10  # unknown keys that are requested per minute


class Keys:
    """The keys of the load balancers of a region, cached. Thread-safe."""

    def __init__(self, base: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._base, self._lock = base.rstrip("/"), threading.Lock()
        self._proven: dict[str, EllipticCurvePublicKey] = {}
        self._fetched: dict[str, EllipticCurvePublicKey] = {}
        self._lookups = Lookups(_LOOKUPS, clock)

    def knows(self, kid: str) -> bool:
        """Returns whether the key is cached; never blocks."""
        return kid in self._proven or kid in self._fetched

    def get(self, kid: str) -> EllipticCurvePublicKey | None:
        """Returns the key with this ID, or None if there is none.

        Raises Unreachable if that cannot be determined now.
        """
        if not _KID.match(kid):
            return None
        if not self.knows(kid):
            with self._lock:
                self._look_up(kid)
        return self._proven.get(kid) or self._fetched.get(kid)

    def prove(self, kid: str, key: EllipticCurvePublicKey) -> None:
        """Notes that the key signs for our load balancer: keys of others never replace it."""
        if kid not in self._proven:
            self._proven = _last([*self._proven.items(), (kid, key)])

    def _look_up(self, kid: str) -> None:
        if self.knows(kid) or self._lookups.is_unknown(kid):
            return
        if not self._lookups.spend():
            raise Unreachable("too many unknown keys of load balancers", do="Try again.")
        try:
            key = load_pem_public_key(fetch(f"{self._base}/{kid}"))
        except Missing:
            self._lookups.remember(kid)
            return
        if isinstance(key, EllipticCurvePublicKey):
            self._fetched = _last([*self._fetched.items(), (kid, key)])


def _last(
    keys: list[tuple[str, EllipticCurvePublicKey]],
) -> dict[str, EllipticCurvePublicKey]:
    return dict(keys[-_KEPT:])


class LoadBalancer:
    """Verifies tokens of one load balancer."""

    def __init__(self, issuer: Issuer, keys: Keys) -> None:
        self._issuer, self._keys = issuer, keys

    def knows(self, token: str) -> bool:
        """Returns whether the token can be verified without fetching a key."""
        header = unverified(token)
        return header is None or not self._is_ours(header) or self._keys.knows(header["kid"])

    def verify(self, token: str) -> VerifiedToken | None:
        """Returns the verified token, or None.

        None means that another load balancer or issuer signed it, it is not valid now, or no grant
        matches. It may block to fetch keys. Raises SreError if they cannot be fetched.
        """
        header = unverified(token)
        if header is None or not self._is_ours(header):
            return None
        try:
            key = self._keys.get(header["kid"])
            return self._proven(token, header, key) if key else None
        except MALICIOUS:
            return None

    def _is_ours(self, header: Mapping[str, Any]) -> bool:
        """Returns whether a header can be of our load balancer: others must cause no fetch."""
        expires, kid = header.get("exp"), header.get("kid")
        return (
            header.get("alg") == "ES256"
            and header.get("signer") == self._issuer.load_balancer
            and header.get("iss") == self._issuer.issuer
            and isinstance(expires, int)
            and time.time() < expires + LEEWAY
            and isinstance(kid, str)
        )

    def _proven(
        self, token: str, header: Mapping[str, Any], key: EllipticCurvePublicKey
    ) -> VerifiedToken | None:
        """Verifies a token. Its signed header has some fields that other tokens have as claims."""
        claims = jwt.decode(
            token,
            key,
            algorithms=["ES256"],
            leeway=LEEWAY,
            options={"require": ["sub"], "verify_aud": False},
        )
        self._keys.prove(header["kid"], key)
        bearer = granted(self._issuer, claims)
        if bearer is None:
            return None
        return VerifiedToken(
            bearer,
            int(header["exp"]) + LEEWAY,
            claims["sub"],
            self._issuer.issuer,
            self._issuer.audience,
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
