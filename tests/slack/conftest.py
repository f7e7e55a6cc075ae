"""Slack, Lambda and AWS as this function meets them: real HTTP servers on the loopback, and
requests that Slack signed."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest

from sre_slack.job import ASK, Job

SECRET = "signing-secret-of-the-tests"
NOW = 1_795_000_000.0


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class StandIn(ThreadingHTTPServer):
    """Answers what it was told to, one after the other and then the last again, and keeps what it
    was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []
        self.delay = 0.0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}"

    def will(self, status: int, body: bytes | str = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, body.encode() if isinstance(body, str) else body, named))


class _Handler(BaseHTTPRequestHandler):
    server: StandIn  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        named = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, named, body))
        time.sleep(self.server.delay)
        answers = self.server.answers
        status, said, headers = (
            (answers.pop(0) if len(answers) > 1 else answers[0]) if answers else (200, b"ok", {})
        )
        with contextlib.suppress(ConnectionError):  # whoever asked has given up
            self._send(status, said, headers)

    def _send(self, status: int, said: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(said))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Nothing on stderr."""


@pytest.fixture
def make_stand_in(running: Any) -> Iterator[Callable[[], StandIn]]:
    """A server of the loopback, as many as are wanted."""
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
    """A server that is taken for Slack's."""
    server = make_stand_in()
    monkeypatch.setenv("SRE_SLACK_STAND_IN", server.place)
    return server


@dataclass
class Signer:
    """Requests as API Gateway hands them over, signed as Slack signs."""

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
        """A request of version 2.0 with this body."""
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
        }
        return Job(**values | changes)

    return make
