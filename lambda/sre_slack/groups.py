"""Which groups of Slack's somebody belongs to, of those that matter: the server may know what a
group may see."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sre_findings.model.errors import Unreachable, UsageError
from sre_slack.job import Job
from sre_slack.web_api import ask

KEPT = 300.0  # seconds: so long somebody who left a group still belongs to it
_GROUP = re.compile(r"S[A-Z0-9]{1,20}\Z")


class GroupsUnknown(Unreachable):
    """Slack does not tell who belongs to a group that matters."""


@dataclass
class Groups:
    """Members of the groups that ``SRE_SLACK_GROUPS`` lists, as Slack told them within the last
    minutes."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)

    def of(self, job: Job, bot_token: str) -> list[str]:
        """The asker's groups, as ``team/group``. Raises SreError where that cannot be known: nobody
        is taken for a stranger."""
        listed = [
            name.strip()
            for name in self.environ.get("SRE_SLACK_GROUPS", "").split(",")
            if name.strip()
        ]
        if not all(map(_GROUP.match, listed)):
            raise UsageError(
                "SRE_SLACK_GROUPS lists what is no group",
                do="Ids of user groups, S…, with commas between them.",
            )
        if listed and not bot_token:
            raise GroupsUnknown(
                "groups cannot be looked up", why="there is no bot token", do="See docs/slack.md."
            )
        return [
            f"{job.team}/{group}" for group in listed if job.user in self._members(group, bot_token)
        ]

    def _members(self, group: str, bot_token: str) -> frozenset[str]:
        until, members = self._known.get(group, (0.0, frozenset()))
        if self.now() >= until:
            members = _asked(group, bot_token)
            self._known[group] = (self.now() + KEPT, members)
        return members


def _asked(group: str, bot_token: str) -> frozenset[str]:
    """https://docs.slack.dev/reference/methods/usergroups.users.list"""
    answer = ask("usergroups.users.list", bot_token, usergroup=group)
    users = answer.values.get("users")
    if not isinstance(users, list):
        do = "Has the app the scope usergroups:read?"
        raise GroupsUnknown(
            f"Slack did not tell who belongs to the group {group}", why=answer.error, do=do
        )
    return frozenset(user for user in users if isinstance(user, str))
