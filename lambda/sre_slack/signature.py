"""Slack's request signature: an HMAC of the timestamp and the raw body, under any of our secrets.

https://docs.slack.dev/authentication/verifying-requests-from-slack. slack-sdk's verifier is not
used: it imports the web client, and fails on a timestamp that is not a number.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from sre_slack.request import Request

WINDOW = 300  # seconds between a timestamp and our clock; an older request may be a replay
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}\Z")
_DIGITS = 12  # maximum digits of a timestamp


def looks_signed(request: Request, now: float) -> bool:
    """Returns whether the signature has the right form and a current timestamp.

    The timestamp must be within WINDOW of ``now`` (epoch seconds). No secret is needed.
    """
    stamp = request.headers.get("x-slack-request-timestamp", "")
    fresh = (
        stamp.isascii()
        and stamp.isdecimal()
        and len(stamp) <= _DIGITS
        and abs(now - int(stamp)) <= WINDOW
    )
    return fresh and bool(_SIGNATURE.match(request.headers.get("x-slack-signature", "")))


def is_signed(request: Request, secrets: Iterable[bytes], now: float) -> bool:
    """Returns whether Slack signed the request with one of the secrets, near ``now``.

    The timestamp must be within WINDOW of ``now``.
    """
    if not looks_signed(request, now):
        return False
    stamp, given = (
        request.headers["x-slack-request-timestamp"],
        request.headers["x-slack-signature"],
    )
    base = b"v0:" + stamp.encode() + b":" + request.body
    found = False
    for secret in secrets:  # check all of them, so that the time does not reveal the match
        found |= hmac.compare_digest(_signature(secret, base), given.encode())
    return found


def _signature(secret: bytes, base: bytes) -> bytes:
    return b"v0=" + hmac.new(secret, base, hashlib.sha256).hexdigest().encode()
