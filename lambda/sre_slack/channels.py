"""Whether an answer may be shared in a channel: not where another company reads along, and not
where that is not known."""

from __future__ import annotations

from sre_slack.job import Job
from sre_slack.web_api import ask

_SHARED = ("is_ext_shared", "is_pending_ext_shared", "is_shared")


def not_shareable(job: Job, bot_token: str) -> str:
    """Why not, as the end of a sentence; empty where it may be shared. Direct messages are shared
    with nobody else.

    https://docs.slack.dev/reference/methods/conversations.info
    """
    if job.channel.startswith("D"):
        return ""
    if not bot_token:
        return (
            "I cannot see whether another organization reads this channel: the app has no bot"
            " token."
        )
    channel = ask("conversations.info", bot_token, channel=job.channel).values.get("channel")
    if not isinstance(channel, dict):
        return "Slack did not tell me whether another organization reads this channel."
    if any(channel.get(name) for name in _SHARED):
        return "another organization reads this channel."
    return ""
