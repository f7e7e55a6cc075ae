"""Whether an answer may be shared in a channel: not where another company reads along, and not where that is not known."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sre_slack.job import Job

_TIMEOUT = 4.0
_STAND_IN = "SRE_SLACK_STAND_IN"


def not_shareable(job: Job, bot_token: str) -> str:
    """Why not, as the end of a sentence; empty where it may be shared. Direct messages are shared with nobody else."""
    if job.channel.startswith("D"):
        return ""
    if not bot_token:
        return "I cannot see whether another organization reads this channel: the app has no bot token."
    told = conversation(job.channel, bot_token)
    if told is None:
        return "Slack did not tell me whether another organization reads this channel."
    if any(told.get(name) for name in ("is_ext_shared", "is_pending_ext_shared", "is_shared")):
        return "another organization reads this channel."
    return ""


def conversation(channel: str, bot_token: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """What Slack says of a channel (https://docs.slack.dev/reference/methods/conversations.info); None where it says nothing."""
    stand_in = environ.get(_STAND_IN)
    connection = http.client.HTTPConnection(stand_in, timeout=_TIMEOUT) if stand_in else http.client.HTTPSConnection(
        "slack.com", timeout=_TIMEOUT, context=ssl.create_default_context())  # fmt: skip
    headers = {"Authorization": f"Bearer {bot_token}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", "/api/conversations.info", urlencode({"channel": channel}), headers)
        values = json.loads(connection.getresponse().read(1 << 20))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    found = values.get("channel") if isinstance(values, dict) and values.get("ok") is True else None
    return found if isinstance(found, dict) else None
