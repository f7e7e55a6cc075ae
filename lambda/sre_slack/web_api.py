"""Calls to Slack's Web API with the standard library.

slack-sdk takes longer to import than a call takes. https://docs.slack.dev/apis/web-api
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
_LARGEST = 1 << 20  # bytes of a response that are read
_STAND_IN = "SRE_SLACK_STAND_IN"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of Slack: its values, or the error; and the scopes of the token."""

    values: Mapping[str, Any]
    error: str = ""
    scopes: frozenset[str] = frozenset()


def call(
    method: str, bot_token: str, environ: Mapping[str, str] = os.environ, **arguments: str
) -> Answer:
    """Calls a method such as ``conversations.info``.

    It never raises: any failure is the ``error`` of the answer.
    """
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
        connection.request("POST", f"/api/{method}", urlencode(arguments), headers)
        answer = connection.getresponse()
        values = json.loads(answer.read(_LARGEST))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer({}, f"no response: {type(error).__name__}")
    finally:
        connection.close()
    scopes = frozenset(
        one.strip() for one in answer.getheader("X-OAuth-Scopes", "").split(",") if one.strip()
    )
    result = values if isinstance(values, dict) else {}
    if result.get("ok") is not True:
        return Answer({}, str(result.get("error") or "no valid response"), scopes)
    return Answer(result, scopes=scopes)
