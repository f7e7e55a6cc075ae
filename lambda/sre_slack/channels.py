"""Checks whether an answer may be shared in a channel.

It may not if another organization has access to the channel, or if that is unknown.
"""

from __future__ import annotations

from sre_slack.job import Job
from sre_slack.web_api import call

_SHARED = ("is_ext_shared", "is_pending_ext_shared", "is_shared")


def not_shareable(job: Job, bot_token: str) -> str:
    """Returns the reason not to share, as the end of a sentence; empty if sharing is allowed.

    A direct message is always allowed.

    https://docs.slack.dev/reference/methods/conversations.info
    """
    if job.channel.startswith("D"):
        return ""
    if not bot_token:
        return (
            "without a bot token I can't check whether another organization has access to this"
            " channel."
        )
    channel = call("conversations.info", bot_token, channel=job.channel).values.get("channel")
    if not isinstance(channel, dict):
        return "Slack did not say whether another organization has access to this channel."
    if any(channel.get(name) for name in _SHARED):
        return "another organization has access to this channel."
    return ""
