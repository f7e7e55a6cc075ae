"""Messages through ``response_url``: at most five within 30 minutes, to Slack's hosts only.

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
LIFETIME = 29 * 60.0  # seconds; Slack allows 30 minutes
_TIMEOUT = 5.0
_LONGEST_WAIT = 5.0  # maximum seconds before a request is repeated
# Host and port of a test server on localhost, which is accepted too.
_STAND_IN = "SRE_SLACK_STAND_IN"


class MessageRejected(Rejected):
    """Slack rejected the message. ``blocks`` is whether its blocks are the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__("Slack rejected the message", why=reason[:200])
        self.blocks = "block" in reason


class SlackUnavailable(Unreachable):
    """Slack cannot be reached, or answered with a server error."""


def is_slack(url: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Returns whether an address belongs to Slack.

    Other addresses could be forged, to make this function send requests to them.
    """
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


def send_message(url: str, message: Message, **how: Any) -> None:
    """Sends a message. If Slack rejects its blocks, sends it again with the classic blocks.

    ``how`` are ``replace_original`` and ``response_type``. Raises SreError if Slack cannot be
    reached, or rejects both.
    """
    try:
        send(url, message.payload() | how)
    except MessageRejected as error:
        if not error.blocks:
            raise
        send(url, message.payload(classic=True) | how)


def send_text(url: str, text: str, **how: Any) -> None:
    """Sends a text that only the user sees.

    It is a block, because Slack makes links of addresses in a plain text, also of those that came
    with a name or a tag.
    """
    from sre_reports.slack.blocks import section  # not for the request handler

    send(url, {"text": text, "blocks": [section(text)], "response_type": "ephemeral"} | how)


def send(url: str, payload: Mapping[str, Any]) -> None:
    """Sends one POST, repeated once if Slack asks for a short wait. Raises SreError."""
    if not is_slack(url):
        raise Rejected("this address does not belong to Slack")
    body = json.dumps(payload).encode()
    try:
        _post(url, body)
    except SlackBusy as error:
        time.sleep(error.seconds)
        _post(url, body)


class SlackBusy(Throttled):
    """Slack limits the rate; ``seconds`` is how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Slack limits the rate of requests")
        self.seconds = min(seconds, _LONGEST_WAIT)


def _post(url: str, body: bytes) -> None:
    place = urlsplit(url)
    connection = _connection(place.scheme, place.hostname or "", place.port)
    path = place.path + (f"?{place.query}" if place.query else "")
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8"})
        answer = connection.getresponse()
        text = answer.read(1 << 16).decode(errors="replace")
        wait = answer.getheader("Retry-After", "")
    except (OSError, http.client.HTTPException) as error:
        raise SlackUnavailable("Slack cannot be reached", why=type(error).__name__) from error
    finally:
        connection.close()
    _check(answer.status, text, wait)


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    return http.client.HTTPSConnection(
        host, port, timeout=_TIMEOUT, context=ssl.create_default_context()
    )


def _check(status: int, text: str, wait: str) -> None:
    if status == http.client.TOO_MANY_REQUESTS:
        raise SlackBusy(float(wait) if wait.isdecimal() else 1.0)
    if status >= http.client.INTERNAL_SERVER_ERROR:
        raise SlackUnavailable(f"Slack answered {status}")
    if status != http.client.OK:
        raise MessageRejected(text)
