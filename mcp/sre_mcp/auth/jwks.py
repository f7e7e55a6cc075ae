"""The public keys of an issuer (JWKS): fetched on demand and cached for an hour.

Unknown key IDs cause at most one more fetch per minute.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
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
from sre_mcp.auth.key_lookups import Lookups

_LOG = logging.getLogger(__name__)
KEPT = 3600.0  # seconds that keys are cached
STALE = 6 * 3600.0  # seconds that cached keys are used if the issuer does not respond
AGAIN = 60.0  # minimum seconds between two fetches
TIMEOUT, DEADLINE = 3.0, 6.0  # seconds without data, and in total
LARGEST = 256 * 1024
_SYMMETRIC = "oct"
_MISSING = (403, 404, 410)  # S3 answers 403
_KID = re.compile(r"[ -~]{1,256}\Z")


class Missing(Unreachable):
    """The server has no document at the URL."""


class Keys:
    """The keys at a URL, by their ``kid``. Thread-safe."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._clock, self._lock = url, clock, threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")
        self._failed = False
        self._lookups = Lookups(1, clock)

    def knows(self, kid: str) -> bool:
        """Returns whether there is a key with this ID; never blocks."""
        return kid in self._keys

    def get(self, kid: str) -> jwt.PyJWK | None:
        """Returns the key with this ID, or None if the issuer does not publish it.

        Raises Unreachable if that cannot be determined now, or if all keys are older than STALE.
        """
        if not _KID.match(kid):
            return None
        if self._age() >= KEPT:
            self._renew()
        if self._age() >= STALE:
            raise _unavailable()
        if kid not in self._keys:
            self._look_up(kid)
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched

    def _renew(self) -> None:
        """Fetches the keys, unless that was tried a short time ago.

        If another thread does so, the present keys are used if possible.
        """
        if not self._lock.acquire(blocking=self._age() >= STALE):
            return
        try:
            if self._age() >= KEPT and self._clock() - self._tried >= AGAIN:
                self._tried = self._clock()
                self._fetch()
        finally:
            self._lock.release()

    def _look_up(self, kid: str) -> None:
        """Fetches the keys for an unknown ID, unless they are current.

        Such fetches are counted separately: made-up IDs do not delay the renewal.
        """
        with self._lock:
            if kid in self._keys or self._lookups.is_unknown(kid):
                return
            if self._age() >= AGAIN and self._lookups.spend():
                self._fetch()
                if not self._failed and kid not in self._keys:
                    self._lookups.remember(kid)
            if self._failed and kid not in self._keys:
                raise _unavailable()

    def _fetch(self) -> None:
        """Fetches the keys. On failure the present ones stay."""
        try:
            self._keys = keys_of(fetch(self._url))
        except SreError as error:
            _LOG.warning("the keys of the OIDC issuer cannot be renewed: %s", error)
            self._failed = True
            return
        self._fetched, self._failed = self._clock(), False


def _unavailable() -> Unreachable:
    return Unreachable(
        "the keys of the OIDC issuer are not available",
        do="Check SRE_OIDC and the network connection to the issuer.",
    )


def is_trusted(url: str) -> bool:
    """Returns whether keys from this URL can be trusted: TLS, or a URL of this machine."""
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
    """Does not follow redirects: the configured URL must be the right one."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Does not redirect; see HTTPRedirectHandler."""


def fetch(url: str) -> bytes:
    """Returns the body at a URL, at most LARGEST bytes within DEADLINE. Raises Unreachable.

    Raises Missing if the server says that there is no such document.
    """
    until, body = time.monotonic() + DEADLINE, bytearray()
    try:
        request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - checked by is_trusted
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as answer:
            while piece := answer.read1(65_536):
                body += piece
                if len(body) > LARGEST or time.monotonic() > until:
                    raise _unusable("the response is too large or too slow")
    except HTTPError as error:
        error.close()
        kind = Missing if error.code in _MISSING else Unreachable
        raise _unusable(f"it answered {error.code}", kind) from error
    except (OSError, HTTPException, ValueError) as error:  # URLError and broken HTTP are among them
        why = str(error.reason) if isinstance(error, URLError) else type(error).__name__
        raise _unusable(why) from error
    return bytes(body)


def keys_of(body: bytes) -> dict[str, jwt.PyJWK]:
    """Returns the asymmetric signature keys of a JWKS document, by ID.

    Raises Unreachable for an invalid document.
    """
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
        raise _unusable("the response is not a JWKS document") from error
    return {
        row["kid"]: key for row in found if isinstance(row.get("kid"), str) and (key := _key(row))
    }


def _key(row: dict[str, Any]) -> jwt.PyJWK | None:
    try:
        return jwt.PyJWK.from_dict(row)
    except (jwt.PyJWTError, ValueError, TypeError):  # unsupported or invalid
        return None


def _unusable(why: str, kind: type[Unreachable] = Unreachable) -> Unreachable:
    return kind("the issuer's keys cannot be fetched", why=why)
