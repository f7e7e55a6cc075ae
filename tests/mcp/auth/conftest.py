"""Tokens, token documents, and an OIDC issuer on localhost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def token_of(name: str) -> str:
    """A token in the product's format, always the same for a name."""
    return "sre_" + (name + "-" * 43)[:43]


def entry(whose: str = "ci", **changes: Any) -> dict[str, Any]:
    """An entry of the document for ``token_of(whose)``; a key with the value None is omitted."""
    values: dict[str, Any] = {
        "name": whose,
        "sha256": hashlib.sha256(token_of(whose).encode()).hexdigest(),
        "scopes": ["findings:read"],
        "accounts": ["111122223333"],
        "owners": ["payments"],
        "expires": (NOW + timedelta(days=30)).isoformat(),
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


@pytest.fixture
def document(tmp_path: Path) -> Callable[..., Path]:
    """``document(entry(…), …, slack={…})``: a file of tokens that only its owner can read."""

    def write(*entries: dict[str, Any], **more: Any) -> Path:
        path = tmp_path / "tokens.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"tokens": list(entries), **more}))
        return path

    return write


class Issuer(HttpServer):
    """An OIDC issuer that publishes its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.begin()

    @property
    def asked(self) -> int:
        """The number of requests."""
        return len(self.requests)

    def begin(self) -> None:
        """Publishes one key, ``one``, and clears the recorded requests."""
        self.requests.clear()
        self.status, self.body, self.location = 200, b"", ""
        self.publish({"one": self.private})

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        headers = {"Location": self.location} if self.location else {}
        return HttpResponse(self.status, self.body, headers)

    def publish(self, keys: dict[str, Any]) -> None:
        """Publishes these keys."""
        rows = [
            {
                **json.loads(RSAAlgorithm.to_jwk(key.public_key())),
                "kid": kid,
                "use": "sig",
                "alg": "RS256",
            }
            for kid, key in keys.items()
        ]
        self.body = json.dumps({"keys": rows}).encode()

    def sign(
        self, key: Any = None, kid: str | None = "one", algorithm: str = "RS256", **claims: Any
    ) -> str:
        """A token with valid claims, changed by the given ones; None omits a claim."""
        now = datetime.now(UTC)
        values = {
            "iss": "https://issuer.example",
            "aud": "https://mcp.example/mcp",
            "sub": "ann",
            "groups": ["sre"],
            "exp": now + timedelta(minutes=5),
            "iat": now,
            **claims,
        }
        headers = {"kid": kid} if kid else {}
        return jwt.encode(
            {k: v for k, v in values.items() if v is not None},
            key or self.private,
            algorithm,
            headers,
        )


@pytest.fixture(scope="module")
def issuer_of_module(running: Any) -> Iterator[Issuer]:
    with running(server := Issuer()):
        yield server


@pytest.fixture
def issuer(issuer_of_module: Issuer) -> Issuer:
    issuer_of_module.begin()
    return issuer_of_module


@pytest.fixture
def make_entry() -> Callable[..., dict[str, Any]]:
    """``make_entry("ci", scopes=[…])``: an entry of the document for ``make_token("ci")``."""
    return entry


@pytest.fixture
def make_token() -> Callable[[str], str]:
    return token_of
