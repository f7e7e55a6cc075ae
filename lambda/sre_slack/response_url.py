"""Answering by ``response_url``: five times within thirty minutes, and to Slack's own hosts alone.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sre_findings.model.errors import Rejected, Throttled, Unreachable
from sre_reports.slack.message import Message

HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
LASTS = 29 * 60.0  # seconds that an address is good for, with one to spare
_TIMEOUT = 5.0
_PATIENCE = 5.0  # seconds that are waited at most where Slack asks for it
# a host and port on the loopback that may be answered too: for tests
_STAND_IN = "SRE_SLACK_STAND_IN"


class Refused(Rejected):
    """Slack did not take this message; ``blocks`` says whether it was for its blocks."""

    def __init__(self, said: str) -> None:
        super().__init__("Slack refused the message", why=said[:200])
        self.blocks = "block" in said


class Silent(Unreachable):
    """Slack cannot be reached, or fails."""


def is_slack(url: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether an address is one that Slack gives out. Anything else would make us ask it of whoever
    forged a request."""
    try:
        place = urlsplit(url)
        host, port = place.hostname or "", place.port
    except ValueError:
        return False
    if place.username is not None or place.password is not None:
        return False
    if stand_in := environ.get(_STAND_IN):
        return place.scheme == "http" and f"{host}:{port}" == stand_in and host == "127.0.0.1"
    return place.scheme == "https" and host in HOSTS and port in (None, 443)


def respond(url: str, message: Message, **how: Any) -> None:
    """Sends a message; where Slack does not take its blocks, once more with the classic ones.

    ``how`` are ``replace_original`` and ``response_type``. Raises SreError where Slack cannot be
    reached, or refuses both.
    """
    try:
        send(url, message.payload() | how)
    except Refused as error:
        if not error.blocks:
            raise
        send(url, message.payload(classic=True) | how)


def say(url: str, text: str, **how: Any) -> None:
    """Sends a sentence to the asker alone."""
    send(url, {"text": text, "response_type": "ephemeral"} | how)


def send(url: str, payload: Mapping[str, Any]) -> None:
    """One POST, and one more where Slack asks for patience that we have."""
    if not is_slack(url):
        raise Rejected("this address is not Slack's")
    body = json.dumps(payload).encode()
    try:
        _post(url, body)
    except Busy as error:
        time.sleep(error.seconds)
        _post(url, body)


class Busy(Throttled):
    """Slack asks to be left alone for some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Slack asks for patience")
        self.seconds = min(seconds, _PATIENCE)


def _post(url: str, body: bytes) -> None:
    place = urlsplit(url)
    connection = _connection(place.scheme, place.hostname or "", place.port)
    path = place.path + (f"?{place.query}" if place.query else "")
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8"})
        answer = connection.getresponse()
        said = answer.read(1 << 16).decode(errors="replace")
        wait = answer.getheader("Retry-After", "")
    except (OSError, http.client.HTTPException) as error:
        raise Silent("Slack cannot be reached", why=type(error).__name__) from error
    finally:
        connection.close()
    _check(answer.status, said, wait)


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    return http.client.HTTPSConnection(
        host, port, timeout=_TIMEOUT, context=ssl.create_default_context()
    )


def _check(status: int, said: str, wait: str) -> None:
    if status == http.client.TOO_MANY_REQUESTS:
        raise Busy(float(wait) if wait.isdecimal() else 1.0)
    if status >= http.client.INTERNAL_SERVER_ERROR:
        raise Silent(f"Slack answered {status}")
    if status != http.client.OK:
        raise Refused(said)
