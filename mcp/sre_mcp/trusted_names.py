"""Host names and origins that requests may name, compared by their parts (DNS rebinding).

A web page can make a browser send requests to a server on the reader's machine or network, under
the page's host name or with the page's origin.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_mcp.endpoint import Headers, is_loopback, without_dot

_LOG = logging.getLogger(__name__)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,255})(?::(\d{1,5}|\*))?\Z")
_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20})://(.{1,300})\Z")
_HEADERS = {421: b"host", 403: b"origin"}
_PORTS = {"http": "80", "https": "443"}
# Health checkers name an address; any site may read which issuer to use.
_OPEN = ("/healthz", "/readyz", "/.well-known/")


class Authority(NamedTuple):
    """A host in lower case without a final dot, and its port: empty if not given, ``*`` for any."""

    host: str
    port: str


@dataclass(frozen=True, slots=True)
class Names:
    """Host names and origins that are accepted in addition to localhost."""

    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TrustedNames:
    """Decides whether a request names this server, and comes from a trusted page or from none."""

    hosts: frozenset[Authority] = frozenset()
    origins: frozenset[tuple[str, Authority]] = field(default=frozenset())

    def problem(self, headers: Headers) -> tuple[int, str] | None:
        """Returns the status and text for a request that is not trusted, or None."""
        named = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(named) != 1 or not self._is_ours(named[0]):
            return 421, "Invalid Host header"
        pages = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if not all(map(self._is_trusted, filter(None, pages))):
            return 403, "Invalid Origin header"
        return None

    def _is_ours(self, text: str) -> bool:
        named = parse_authority(text)
        if named is None:
            return False
        if is_loopback(named.host):
            return True
        usual = [named.port] if named.port else ["", *_PORTS.values()]
        return any(Authority(named.host, port) in self.hosts for port in ["*", *usual])

    def _is_trusted(self, text: str) -> bool:
        origin = parse_origin(text)
        if origin is None:
            return False
        scheme, page = origin
        if scheme == "http" and is_loopback(page.host):
            return True
        return any((scheme, page._replace(port=port)) in self.origins for port in ("*", page.port))


class OnlyTrusted:
    """ASGI middleware that refuses requests of unknown hosts and origins."""

    def __init__(self, names: TrustedNames, app: ASGIApp) -> None:
        self._names, self._app = names, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and not scope["path"].startswith(_OPEN):
            problem = self._names.problem(scope["headers"])
            if problem:
                status, text = problem
                _LOG.warning("%s: %.200r", text, dict(scope["headers"]).get(_HEADERS[status]))
                return await PlainTextResponse(text, status)(scope, receive, send)
        return await self._app(scope, receive, send)


def trusted(names: Names) -> TrustedNames:
    """Returns the parsed names. A host without a port is accepted with any port."""
    hosts = [parse_authority(one) for one in names.hosts]
    _warn(names.hosts, hosts)
    origins = [parse_origin(one) for one in names.origins]
    _warn(names.origins, origins)
    return TrustedNames(
        frozenset(one if one.port else one._replace(port="*") for one in hosts if one),
        frozenset(one for one in origins if one),
    )


def _warn(texts: Sequence[str], parsed: Iterable[object]) -> None:
    for text, one in zip(texts, parsed, strict=True):
        if one is None:
            _LOG.warning("not a host name or origin, and never accepted: %.100r", text)


def parse_authority(text: str) -> Authority | None:
    """Returns the host and port of a Host header, or None if it is malformed."""
    found = _AUTHORITY.match(text)
    return Authority(without_dot(found[1]), found[2] or "") if found else None


def parse_origin(text: str) -> tuple[str, Authority] | None:
    """Returns the scheme, host and port of an origin, or None if it is malformed or ``null``."""
    found = _ORIGIN.match(text)
    page = parse_authority(found[2]) if found else None
    if found is None or page is None:
        return None
    scheme = found[1].lower()
    return scheme, page if page.port else page._replace(port=_PORTS.get(scheme, ""))
