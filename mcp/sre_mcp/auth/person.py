"""For whom a request is made whose token acts for people: somebody of a chat, where they asked, and who will read the answer.

It stands in the request's ``_meta``: ``{"user": "T…/U…", "channel": "T…/C…", "shared": true}``, or the user alone as a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sre_findings.model.errors import Forbidden

_LONGEST = 128  # characters of an id


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and in which channel, empty where that is not known. ``shared``: everybody in the channel reads the answer."""

    user: str
    channel: str = ""
    shared: bool = False


def person_of(said: Any) -> Person | None:
    """The person that a request names; None where it names none. Raises Forbidden for what says neither."""
    if said is None:
        return None
    values = {"user": said} if isinstance(said, str) else said
    if not isinstance(values, Mapping):
        raise _nobody()
    user, channel, shared = values.get("user"), values.get("channel", ""), values.get("shared", False)
    if not isinstance(user, str) or not isinstance(channel, str) or not isinstance(shared, bool) or not user:
        raise _nobody()
    if max(len(user), len(channel)) > _LONGEST:
        raise _nobody()
    return Person(user, channel, shared)


def _nobody() -> Forbidden:
    return Forbidden("the request does not name a person as it should", do="Send user, channel and shared.")
