"""Whether a request comes from Slack: its HMAC over the body as it came, under any of our secrets,
and not too old.

https://docs.slack.dev/authentication/verifying-requests-from-slack. By the standard library, since
slack-sdk's verifier brings its web client along, and fails on a timestamp that is no number.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from sre_slack.request import Request

WINDOW = 300  # seconds that a request may be old, or ahead of our clock: what is older is a replay
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}\Z")
_DIGITS = 12  # of a timestamp at most; more would be no moment of this age


def looks_signed(request: Request, now: float) -> bool:
    """Whether it has the form of what Slack signs, within the window around ``now`` (epoch
    seconds): no secret is needed yet."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    fresh = (
        stamp.isascii()
        and stamp.isdecimal()
        and len(stamp) <= _DIGITS
        and abs(now - int(stamp)) <= WINDOW
    )
    return fresh and bool(_SIGNATURE.match(request.headers.get("x-slack-signature", "")))


def is_signed(request: Request, secrets: Iterable[bytes], now: float) -> bool:
    """Whether Slack signed it with one of the secrets, and not too long ago."""
    if not looks_signed(request, now):
        return False
    stamp, given = (
        request.headers["x-slack-request-timestamp"],
        request.headers["x-slack-signature"],
    )
    base = b"v0:" + stamp.encode() + b":" + request.body
    found = False
    for secret in secrets:  # all of them: how long it takes tells nobody which one it was
        found |= hmac.compare_digest(_signature(secret, base), given.encode())
    return found


def _signature(secret: bytes, base: bytes) -> bytes:
    return b"v0=" + hmac.new(secret, base, hashlib.sha256).hexdigest().encode()
