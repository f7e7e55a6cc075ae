"""The Slack user groups of a user, among those listed in ``SRE_SLACK_GROUPS``.

The server may have an access scope for them.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sre_findings.model.errors import Unreachable, UsageError
from sre_slack.job import Job
from sre_slack.web_api import call

CACHE_SECONDS = 300.0  # a user who leaves a group keeps its access for this long
_GROUP = re.compile(r"S[A-Z0-9]{1,20}\Z")


class GroupsUnknown(Unreachable):
    """The members of a listed group cannot be read."""


@dataclass
class Groups:
    """The members of the listed groups, cached for CACHE_SECONDS."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)

    def of(self, job: Job, bot_token: str) -> list[str]:
        """Returns the groups of the job's user, each as ``team/group``.

        Raises SreError if they cannot be determined, because a user must not lose access silently.
        """
        listed = [
            name.strip()
            for name in self.environ.get("SRE_SLACK_GROUPS", "").split(",")
            if name.strip()
        ]
        if not all(map(_GROUP.match, listed)):
            raise UsageError(
                "SRE_SLACK_GROUPS has an invalid group ID",
                do="List IDs of user groups (S…), separated by commas.",
            )
        if listed and not bot_token:
            raise GroupsUnknown(
                "user groups cannot be read", why="there is no bot token", do="See docs/slack.md."
            )
        return [
            f"{job.team}/{group}" for group in listed if job.user in self._members(group, bot_token)
        ]

    def _members(self, group: str, bot_token: str) -> frozenset[str]:
        until, members = self._known.get(group, (0.0, frozenset()))
        if self.now() >= until:
            members = _fetch(group, bot_token)
            self._known[group] = (self.now() + CACHE_SECONDS, members)
        return members


def _fetch(group: str, bot_token: str) -> frozenset[str]:
    """Returns the members of a group.

    https://docs.slack.dev/reference/methods/usergroups.users.list
    """
    answer = call("usergroups.users.list", bot_token, usergroup=group)
    users = answer.values.get("users")
    if not isinstance(users, list):
        do = "Check that the app has the scope usergroups:read."
        raise GroupsUnknown(
            f"the members of the Slack group {group} cannot be read", why=answer.error, do=do
        )
    return frozenset(user for user in users if isinstance(user, str))
