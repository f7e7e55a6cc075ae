"""A user's groups: read from Slack, cached for minutes, never guessed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.http_server import json_response

from sre_findings.model.errors import SreError, UsageError
from sre_slack.groups import CACHE_SECONDS, Groups, GroupsUnknown


def test_groups_of_the_user_are_read_and_cached_for_minutes(slack: Any, make_job: Any) -> None:
    clock = [0.0]
    groups = Groups({"SRE_SLACK_GROUPS": "S1, S2"}, lambda: clock[0])
    for users in (["U0123456"], ["U9"]):
        slack.responses.append(json_response({"ok": True, "users": users}))
    assert groups.of(make_job(), "xoxb-1") == groups.of(make_job(), "xoxb-1") == ["T0123456/S1"]
    assert [asked.body for asked in slack.requests] == [b"usergroup=S1", b"usergroup=S2"]
    clock[0] = CACHE_SECONDS
    assert (
        groups.of(make_job(), "xoxb-1") == []
    )  # the user left the groups: the last response is used for both
    assert Groups({}).of(make_job(), "") == []


@pytest.mark.parametrize(
    ("listed", "token", "body", "error"),
    [("S1", "", "", GroupsUnknown), ("S1", "xoxb-1", '{"ok": false}', GroupsUnknown), ("U1", "xoxb-1", "", UsageError),
     ("S1", "xoxb-1", '{"ok": true, "users": "U0123456"}', GroupsUnknown)],
)  # fmt: skip
def test_unknown_membership_is_an_error(
    slack: Any, make_job: Any, listed: str, token: str, body: str, error: type[SreError]
) -> None:
    slack.will(200, body)
    with pytest.raises(error):
        Groups({"SRE_SLACK_GROUPS": listed}).of(make_job(), token)
