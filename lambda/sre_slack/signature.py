"""Whether a request comes from Slack: its HMAC over the body as it came, under any of our secrets, and not too old.

https://docs.slack.dev/authentication/verifying-requests-from-slack. By the standard library, since slack-sdk's verifier brings
its web client along, and fails on a timestamp that is no number.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from sre_slack.request import Request

WINDOW = 300  # seconds that a request may be old, or ahead of our clock: what is older is a replay
_DIGITS = 12  # of a timestamp at most; more would be no moment of this age


def is_signed(request: Request, secrets: Iterable[bytes], now: float) -> bool:
    """Whether Slack signed it with one of the secrets, within the window around ``now`` (epoch seconds)."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    given = request.headers.get("x-slack-signature", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= _DIGITS and abs(now - int(stamp)) <= WINDOW):
        return False
    base = b"v0:" + stamp.encode() + b":" + request.body
    found = False
    for secret in secrets:  # all of them: how long it takes tells nobody which one it was
        found |= hmac.compare_digest(_signature(secret, base), given.encode(errors="replace"))
    return found


def _signature(secret: bytes, base: bytes) -> bytes:
    return b"v0=" + hmac.new(secret, base, hashlib.sha256).hexdigest().encode()
