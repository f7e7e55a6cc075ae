"""For whom a request is made whose token acts for people: somebody of a chat, where they asked, and
who will read the answer.

It stands in the request's ``_meta``: ``{"user": "T…/U…", "channel": "T…/C…", "groups": ["T…/S…"],
"shared": true}``, or the user alone as a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from sre_findings.model.errors import Forbidden

_LONGEST = 128  # characters of an id
_MANY = 100  # groups of one person


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and in which channel, empty where that is not known. ``groups`` are those that the
    asker belongs to.

    ``shared``: everybody in the channel reads the answer.
    """

    user: str
    channel: str = ""
    shared: bool = False
    groups: Sequence[str] = ()


def person_of(said: Any) -> Person | None:
    """The person that a request names; None where it names none. Raises Forbidden for what says
    neither."""
    if said is None:
        return None
    values = {"user": said} if isinstance(said, str) else said
    if not isinstance(values, Mapping):
        raise _nobody()
    user, channel, shared = (
        values.get("user"),
        values.get("channel", ""),
        values.get("shared", False),
    )
    groups = values.get("groups", [])
    if not _is_id(user) or not user or not _is_id(channel) or not isinstance(shared, bool):
        raise _nobody()
    if not isinstance(groups, list) or len(groups) > _MANY or not all(map(_is_id, groups)):
        raise _nobody()
    return Person(user, channel, shared, tuple(groups))


def _is_id(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= _LONGEST


def _nobody() -> Forbidden:
    return Forbidden(
        "the request does not name a person as it should",
        do="Send user, channel, groups and shared.",
    )
