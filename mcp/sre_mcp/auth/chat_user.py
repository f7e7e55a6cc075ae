"""The chat user of a request that a client makes for the user.

The request's ``_meta`` names the user::

    {"user": "T…/U…", "name": "…", "channel": "T…/C…", "groups": ["T…/S…"], "shared": true}

or only the user as a string.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from sre_findings.model.errors import Forbidden
from sre_findings.model.text import phrase

_LONGEST = 128  # characters of an ID
_MANY = 100  # groups of a user


@dataclass(frozen=True, slots=True)
class ChatUser:
    """A user, the channel (empty if unknown), and the user's groups.

    ``shared`` is whether the whole channel sees the answer. ``name`` is shown for the user; nothing
    is decided by it.
    """

    user: str
    channel: str = ""
    shared: bool = False
    groups: Sequence[str] = ()
    name: str = ""


def parse_chat_user(value: Any) -> ChatUser | None:
    """Returns the user that a request names, or None. Raises Forbidden for any other value."""
    if value is None:
        return None
    values = {"user": value} if isinstance(value, str) else value
    if not isinstance(values, Mapping):
        raise _invalid()
    user, channel, shared = (
        values.get("user"),
        values.get("channel", ""),
        values.get("shared", False),
    )
    groups, name = values.get("groups", []), values.get("name", "")
    if (
        not _is_id(user)
        or not user
        or not _is_id(channel)
        or not isinstance(shared, bool)
        or not _is_id(name)
    ):
        raise _invalid()
    if not isinstance(groups, list) or len(groups) > _MANY or not all(map(_is_id, groups)):
        raise _invalid()
    return ChatUser(user, channel, shared, tuple(groups), name)


def _is_id(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= _LONGEST


def _invalid() -> Forbidden:
    return Forbidden(
        phrase("the request does not name its user correctly"),
        do=phrase("Send user, channel, groups and shared."),
    )
