"""Random events of API Gateway to the Slack function: an answer below 500, and no traceback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.fuzz.target import Broken
from tests.fuzz.values import changed, text, value

from sre_slack.request_handler import RequestHandler
from sre_slack.secrets import SecretCache

SECRET = "fuzzedsigningsecret0123456789abc"
NOW = 1_795_000_000.0
FORM = {
    "team_id": "T0123456",
    "user_id": "U0123456",
    "channel_id": "C0123456",
    "command": "/sre-vuln-check",
    "trigger_id": "123.456.abc",
    "response_url": "https://hooks.slack.com/commands/T0123456/1/x",
}
PRESSED = {
    "type": "block_actions",
    "user": {"id": "U0123456"},
    "team": {"id": "T0123456"},
    "channel": {"id": "C0123456"},
    "trigger_id": "123.456.abc",
    "response_url": FORM["response_url"],
    "container": {"is_ephemeral": True},
    "actions": [{"action_id": "recheck", "value": json.dumps({"text": "prod-web-36"})}],
}


def check(seed: int, numbers: Iterable[int]) -> Counter[int]:
    """Sends the events with these numbers, and counts the statuses. Raises Broken."""
    counts, started = Counter[int](), list[Any]()
    handler = RequestHandler(
        SecretCache({"SRE_SLACK_SIGNING_SECRET": SECRET}), started.append, lambda: NOW
    )
    for number in numbers:
        event = make_event(Random(f"slack:{seed}:{number}"))
        with StringIO() as log, redirect_stdout(log), redirect_stderr(log):
            try:
                status = int(handler.answer(event)["statusCode"])
                problem = "a server error" if status >= 500 else ""
            except Exception as error:  # noqa: BLE001 - any of them is a failure
                status, problem = 0, repr(error)
            problem = problem or ("a traceback" if "Traceback" in log.getvalue() else "")
        if problem:
            raise Broken(f"seed {seed}, event {number}: {problem}\n{event!r:.4000}")
        counts[status] += 1
    return counts


def make_event(rng: Random) -> dict[str, Any]:
    """An event: a command or a button, signed in most cases, a half of them changed."""
    if rng.random() < 0.5:
        body = urlencode(_utf8({**FORM, "text": text(rng), **_odd(rng, FORM)}))
    else:
        payload: Any = PRESSED
        for _ in range(rng.choice((0, 1, 2, 4))):
            payload = changed(rng, payload)
        body = urlencode(_utf8({"payload": json.dumps(payload)}))
    event: Any = _event(body, signed=rng.random() < 0.9)
    if rng.random() < 0.2:
        event = changed(rng, event)
    if rng.random() < 0.2 and isinstance(event, dict) and isinstance(event.get("body"), str):
        encoded = base64.b64encode(event["body"].encode(errors="replace")).decode()
        event |= {"body": encoded, "isBase64Encoded": True}
    return event if isinstance(event, dict) else {"body": event}


def _odd(rng: Random, form: dict[str, str]) -> dict[str, str]:
    names = [name for name in form if rng.random() < 0.15]
    return {name: text(rng) if rng.random() < 0.8 else json.dumps(value(rng)) for name in names}


def _utf8(form: dict[str, str]) -> dict[str, bytes]:
    return {name: one.encode(errors="replace") for name, one in form.items()}


def _event(body: str, *, signed: bool) -> dict[str, Any]:
    stamp = str(int(NOW))
    digest = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest if signed else '0' * 64}",
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
