"""The public keys of an issuer: fetched when needed, kept for an hour, and never fetched often
because somebody makes up keys."""

from __future__ import annotations

import ipaddress
import json
import logging
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt

from sre_findings.model.errors import SreError, Unreachable

_LOG = logging.getLogger(__name__)
KEPT = 3600.0  # seconds that keys are used without asking
STALE = 6 * 3600.0  # seconds that they are used where the issuer does not answer
AGAIN = 60.0  # seconds between two fetches at the least, be a key unknown or the issuer silent
TIMEOUT, DEADLINE = 3.0, 6.0  # seconds without a byte, and in all
LARGEST = 256 * 1024
_SYMMETRIC = "oct"


class Keys:
    """The keys behind one address, by their ``kid``. Safe for many threads."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._clock, self._lock = url, clock, threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")

    def get(self, kid: str) -> jwt.PyJWK | None:
        """The key of this name, None where the issuer has none. Raises Unreachable where its keys
        cannot be had at all."""
        if not self._holds(kid):
            with self._lock:
                if not self._holds(kid) and self._clock() - self._tried >= AGAIN:
                    self._renew()
        if self._clock() - self._fetched >= STALE:
            raise Unreachable(
                "the keys of the OIDC issuer cannot be had",
                do="Check SRE_OIDC, and the way to the issuer.",
            )
        return self._keys.get(kid)

    def _holds(self, kid: str) -> bool:
        return kid in self._keys and self._clock() - self._fetched < KEPT

    def _renew(self) -> None:
        """Fetches them; where that fails, those before stay."""
        self._tried = self._clock()
        try:
            self._keys = keys_of(fetch(self._url))
        except SreError as error:
            _LOG.warning("the keys of the OIDC issuer are not renewed: %s", error)
            return
        self._fetched = self._clock()


def may_be_asked(url: str) -> bool:
    """Whether keys from there can be believed: over TLS, or from this machine."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return _is_loopback(parts.hostname or "")
    return parts.scheme == "https" and bool(parts.hostname)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirects(HTTPRedirectHandler):
    """None of them is followed: who moves the keys changes the settings."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """See HTTPRedirectHandler."""


def fetch(url: str) -> bytes:
    """The body behind an address, within DEADLINE seconds and LARGEST bytes. Raises Unreachable."""
    until, body = time.monotonic() + DEADLINE, bytearray()
    try:
        request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - checked by may_be_asked
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as answer:
            while piece := answer.read1(65_536):
                body += piece
                if len(body) > LARGEST or time.monotonic() > until:
                    raise _unusable("the answer is too large, or too slow")
    except HTTPError as error:
        error.close()
        raise _unusable(f"it answered {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:  # URLError and broken HTTP are among them
        why = str(error.reason) if isinstance(error, URLError) else type(error).__name__
        raise _unusable(why) from error
    return bytes(body)


def keys_of(body: bytes) -> dict[str, jwt.PyJWK]:
    """The keys of a JWKS document that can verify a signature; others are left out. Raises
    Unreachable for what is none."""
    try:
        values = json.loads(body)
        rows = values["keys"]
        found = [
            row
            for row in rows
            if isinstance(row, dict)
            and row.get("kty") != _SYMMETRIC
            and row.get("use", "sig") == "sig"
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unusable("the answer is no JWKS document") from error
    return {
        row["kid"]: key for row in found if isinstance(row.get("kid"), str) and (key := _key(row))
    }


def _key(row: dict[str, Any]) -> jwt.PyJWK | None:
    try:
        return jwt.PyJWK.from_dict(row)
    except (jwt.PyJWTError, ValueError, TypeError):  # of a kind that we do not know, or broken
        return None


def _unusable(why: str) -> Unreachable:
    return Unreachable("the issuer's keys cannot be fetched", why=why)
