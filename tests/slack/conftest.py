"""HTTP servers in place of Slack, Lambda and AWS, and signed requests as from Slack."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer

from sre_slack.job import ASK, Job

SECRET = "signingsecretofthetestsforslack0"
NOW = 1_795_000_000.0


class StandIn(HttpServer):
    """An HTTP server in place of Slack or AWS; each response takes ``delay`` seconds."""

    delay = 0.0

    def will(self, status: int, body: bytes | str = b"", **headers: str) -> None:
        """Adds a response; ``_`` in header names stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.responses.append(
            HttpResponse(status, body if isinstance(body, bytes) else body.encode(), named)
        )

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        time.sleep(self.delay)
        return super().respond(request) if self.responses else HttpResponse(body=b"ok")


@pytest.fixture
def make_stand_in(running: Any) -> Iterator[Callable[[], StandIn]]:
    """``make_stand_in()`` starts a server on localhost."""
    with contextlib.ExitStack() as stack:

        def start() -> StandIn:
            stack.enter_context(running(server := StandIn()))
            return server

        yield start


@pytest.fixture
def stand_in(make_stand_in: Callable[[], StandIn]) -> StandIn:
    return make_stand_in()


@pytest.fixture
def slack(make_stand_in: Callable[[], StandIn], monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """A server in place of Slack."""
    server = make_stand_in()
    monkeypatch.setenv("SRE_SLACK_STAND_IN", server.address)
    return server


@dataclass
class Signer:
    """API Gateway events with requests signed as by Slack."""

    secret: str = SECRET
    now: float = NOW
    form: dict[str, str] = field(
        default_factory=lambda: {
            "team_id": "T0123456",
            "user_id": "U0123456",
            "channel_id": "C0123456",
            "command": "/sre-vuln-check",
            "trigger_id": "123.456.abc",
            "response_url": "https://hooks.slack.com/commands/T0123456/1/x",
        }
    )

    def event(
        self, body: str, stamp: str | None = None, signature: str | None = None
    ) -> dict[str, Any]:
        """An event in payload format 2.0 with this body."""
        stamp = str(int(self.now)) if stamp is None else stamp
        digest = hmac.new(
            self.secret.encode(), f"v0:{stamp}:{body}".encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": f"v0={digest}" if signature is None else signature,
        }
        http = {"method": "POST", "path": "/slack"}
        return {
            "version": "2.0",
            "rawPath": "/slack",
            "headers": headers,
            "requestContext": {"http": http},
            "body": body,
            "isBase64Encoded": False,
        }

    def command(self, text: str = "", **changes: str) -> dict[str, Any]:
        return self.event(urlencode({**self.form, "text": text, **changes}))

    def pressed(self, payload: Any) -> dict[str, Any]:
        return self.event(
            urlencode({"payload": payload if isinstance(payload, str) else json.dumps(payload)})
        )


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer()


@pytest.fixture
def make_job() -> Callable[..., Job]:
    """``make_job(kind="share")``."""

    def make(**changes: Any) -> Job:
        values: dict[str, Any] = {
            "kind": ASK,
            "key": "123.456.abc",
            "team": "T0123456",
            "user": "U0123456",
            "channel": "C0123456",
            "response_url": "https://hooks.slack.com/commands/T0123456/1/x",
            "asked_at": NOW,
            "text": "prod-web-36",
            "private": True,
        }
        return Job(**values | changes)

    return make
