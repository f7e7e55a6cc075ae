"""Questions to Slack's Web API, by the standard library: Slack's client takes longer to import than
they take.

https://docs.slack.dev/apis/web-api
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_HOST = "slack.com"
_TIMEOUT = 4.0
_LARGEST = 1 << 20  # bytes of an answer
_STAND_IN = "SRE_SLACK_STAND_IN"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Slack said to a call: its values, why not where it refused, and the scopes that the
    token has."""

    values: Mapping[str, Any]
    error: str = ""
    scopes: frozenset[str] = frozenset()


def ask(
    method: str, bot_token: str, environ: Mapping[str, str] = os.environ, **asked: str
) -> Answer:
    """Calls a method such as ``conversations.info``. Whatever goes wrong is an ``error``, in
    Slack's words or in ours."""
    stand_in = environ.get(_STAND_IN)
    connection = (
        http.client.HTTPConnection(stand_in, timeout=_TIMEOUT)
        if stand_in
        else http.client.HTTPSConnection(
            _HOST, timeout=_TIMEOUT, context=ssl.create_default_context()
        )
    )
    headers = {
        "Authorization": f"Bearer {bot_token}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    try:
        connection.request("POST", f"/api/{method}", urlencode(asked), headers)
        answer = connection.getresponse()
        values = json.loads(answer.read(_LARGEST))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer({}, f"no answer: {type(error).__name__}")
    finally:
        connection.close()
    scopes = frozenset(
        one.strip() for one in answer.getheader("X-OAuth-Scopes", "").split(",") if one.strip()
    )
    told = values if isinstance(values, dict) else {}
    if told.get("ok") is not True:
        return Answer({}, str(told.get("error") or "no answer that makes sense"), scopes)
    return Answer(told, scopes=scopes)
