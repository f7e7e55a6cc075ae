"""Continuation tokens like Inspector's: opaque, about 2,000 characters, different each time.

A token holds everything that the next page needs, encrypted and signed; the simulator keeps no
state. It is bound to the query, the region and the caller (elastic/integrations #18830: "Input
Query has changed").
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import blake2b, shake_256
from typing import Any

import msgspec

from sre_simulator.errors import Invalid

_PREFIX = "AAMA-"
_BYTES = 1469  # 1,964 characters, as recorded
_NONCE = 16
_SEAL = 32


class Place(msgspec.Struct, array_like=True):
    """The position at which a listing continues.

    It has the last position served (None: from the start), and whether nothing is left.
    """

    position: Any = None
    ended: bool = False


class _Sealed(msgspec.Struct, array_like=True):
    query: bytes
    issued: float
    place: Place


def query_digest(*parts: object) -> bytes:
    """Returns the digest that binds a token to a query."""
    return blake2b(msgspec.json.encode(parts, order="deterministic"), digest_size=16).digest()


class Tokens:
    """Issues and reads tokens. Tokens of another instance are rejected.

    `ttl` is in seconds of the virtual clock.
    """

    def __init__(self, ttl: float | None = None) -> None:
        self._key = secrets.token_bytes(32)
        self._ttl = ttl

    def issue(self, query: bytes, place: Place, now: float) -> str:
        """Returns a token for the next page of a query."""
        plain = msgspec.msgpack.encode(_Sealed(query, now, place))
        room = max(_BYTES - _NONCE - _SEAL - 4, len(plain))
        nonce = secrets.token_bytes(_NONCE)
        body = len(plain).to_bytes(4, "big") + plain.ljust(room, b"\0")
        hidden = nonce + self._veiled(nonce, body)
        return _PREFIX + urlsafe_b64encode(hidden + self._seal(hidden)).decode().rstrip("=")

    def read(self, token: str, query: bytes, now: float) -> Place:
        """Returns the position in a token.

        Raises Invalid if the token is corrupt, foreign, expired, or of another query.
        """
        sealed = self._opened(token)
        if sealed.query != query:
            raise Invalid("Invalid nextToken: Input Query has changed")
        if self._ttl is not None and now - sealed.issued > self._ttl:
            raise Invalid("Invalid nextToken: the token has expired")
        return sealed.place

    def _opened(self, token: str) -> _Sealed:
        try:
            raw = urlsafe_b64decode(token.removeprefix(_PREFIX) + "==")
        except (NotBase64, ValueError) as error:
            raise Invalid("Invalid nextToken") from error
        hidden, seal = raw[:-_SEAL], raw[-_SEAL:]
        if not token.startswith(_PREFIX) or not hmac.compare_digest(seal, self._seal(hidden)):
            raise Invalid("Invalid nextToken")
        body = self._veiled(hidden[:_NONCE], hidden[_NONCE:])
        return msgspec.msgpack.decode(body[4 : 4 + int.from_bytes(body[:4], "big")], type=_Sealed)

    def _veiled(self, nonce: bytes, body: bytes) -> bytes:
        stream = shake_256(self._key + nonce).digest(len(body))
        return (int.from_bytes(body, "big") ^ int.from_bytes(stream, "big")).to_bytes(
            len(body), "big"
        )

    def _seal(self, hidden: bytes) -> bytes:
        return blake2b(hidden, key=self._key, digest_size=_SEAL).digest()
