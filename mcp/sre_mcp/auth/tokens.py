"""Tokens, stored as SHA-256 hashes in a JSON document::

    {"tokens": [{"name": "ci", "sha256": "…", "scopes": ["findings:read"],
                 "accounts": ["111122223333"], "owners": ["*"],
                 "expires": "2027-01-31T00:00:00Z", "acts_for": "slack"}],
     "slack": {"T0123456/U0123456": {"accounts": ["*"], "owners": ["payments"]},
               "T0123456/S0123456": {"accounts": ["*"], "owners": ["data"]},
               "T0123456/C0123456": {"accounts": ["111122223333"], "owners": ["payments"]}}}

A token is 32 random bytes, so a single round of SHA-256 is enough. Access is denied by default.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sre_findings.model.access import NOTHING, Access, parse_access
from sre_findings.model.errors import Forbidden, UsageError
from sre_findings.model.text import phrase
from sre_mcp.auth.bearer import SCOPES, SLACK, Bearer
from sre_mcp.auth.chat_user import ChatUser

LARGEST = 1 << 20  # bytes of a document
_KEYS = {"name", "sha256", "scopes", "accounts", "owners", "expires", "acts_for"}
_TOKEN = re.compile(r"sre_[A-Za-z0-9_-]{43}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
# The team, and the ID of a user, a user group or a channel.
_WHO = re.compile(r"[TE][A-Z0-9]{1,20}/[UWSCGD][A-Z0-9]{1,20}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@/-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """A token in a document: its hash, its expiry, and its holder."""

    sha256: bytes = field(repr=False)
    expires: datetime
    bearer: Bearer


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a document, and the access scopes of Slack users, groups and channels."""

    entries: Sequence[Entry] = ()
    slack: Mapping[str, Access] = field(default_factory=dict)

    def find(self, token: str, now: datetime) -> Entry | None:
        """Returns the entry of a token; None if it is unknown or expired.

        The time does not depend on which entry matches.
        """
        digest, found = hashlib.sha256(token.encode(errors="surrogatepass")).digest(), None
        for entry in self.entries:
            if hmac.compare_digest(entry.sha256, digest):
                found = entry
        return found if found is not None and now < found.expires else None

    def acting_for(self, bearer: Bearer, user: ChatUser | None) -> Bearer:
        """Returns the bearer for a request on behalf of a user, limited to what both may see.

        A user without an entry sees nothing. Raises Forbidden if the token does not act for users.
        """
        if user is None:
            return bearer
        if bearer.acts_for is None:
            raise Forbidden(
                phrase("this token does not act for users"), do=phrase("Do not name a user.")
            )
        access = bearer.access.narrowed(self._of(user))
        return replace(
            bearer,
            name=f"{bearer.name} for {user.user}",
            access=access,
            acts_for=None,
            by=f"{bearer.acts_for}:{user.user}",
            shown=user.name or user.user,
        )

    def _of(self, user: ChatUser) -> Access:
        """Returns the access of the user's entry.

        Without one, returns the access of the first group in the document, or else of the channel.
        A shared answer is also limited to what the channel's entry allows.
        """
        channel = self.slack.get(user.channel, NOTHING)
        group = next((access for who, access in self.slack.items() if who in user.groups), channel)
        own = self.slack.get(user.user, group)
        return own.narrowed(channel) if user.shared else own


def is_token(text: str) -> bool:
    """Returns whether a text has the format of a token."""
    return bool(_TOKEN.match(text))


def parse(text: str) -> Tokens:
    """Parses a document.

    Raises UsageError that names the entry and the problem, without other content of the document.
    """
    values = _object(text)
    if unknown := sorted(values.keys() - {"tokens", "slack"}):
        raise _wrong(f"unknown key {unknown[0][:60]!r}: it must be tokens or slack")
    found = values.get("tokens", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _wrong("tokens must be a list of objects")
    entries = [_entry(number, one) for number, one in enumerate(found, 1)]
    for what, each in (
        ("name", [one.bearer.name for one in entries]),
        ("sha256", [one.sha256.hex() for one in entries]),
    ):
        if len({*each}) < len(each):
            raise _wrong(f"two tokens have the same {what}")
    return Tokens(tuple(entries), _slack(values.get("slack", {})))


def _object(text: str) -> dict[str, Any]:
    if len(text) > LARGEST:
        raise _wrong("it is larger than 1 MB")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # deeply nested brackets
        raise _wrong("it is not JSON") from error
    if not isinstance(values, dict):
        raise _wrong("it is not a JSON object")
    return values


def _entry(number: int, values: Mapping[str, Any]) -> Entry:
    name = values.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise _wrong(
            f"the name of token {number} must have 1 to 64 letters, digits, spaces or . _ @ / -"
        )
    of = f"token {number} ({name})"
    if unknown := sorted(values.keys() - _KEYS):
        raise _wrong(f"{of}: unknown key {unknown[0][:60]!r}: use {', '.join(sorted(_KEYS))}")
    digest = values.get("sha256")
    if not isinstance(digest, str) or not _SHA256.match(digest):
        raise _wrong(f"{of}: sha256 must be 64 lower-case hexadecimal digits")
    if (acts_for := values.get("acts_for")) not in (None, SLACK):
        raise _wrong(f"{of}: acts_for must be {SLACK}")
    bearer = Bearer(name, scopes_of(values, of), parse_access(values, of), acts_for)
    return Entry(bytes.fromhex(digest), _expires(values.get("expires"), of), bearer)


def scopes_of(values: Mapping[str, Any], of: str) -> frozenset[str]:
    """Returns the ``scopes`` of an object. Raises UsageError for an unknown scope."""
    found = values.get("scopes", [])
    if not isinstance(found, list) or not all(
        one in SCOPES for one in found if isinstance(one, str)
    ):
        raise _wrong(f"{of}: scopes must be a list of {', '.join(SCOPES)}")
    if not all(isinstance(one, str) for one in found):
        raise _wrong(f"{of}: scopes must be strings")
    return frozenset(found)


def _expires(text: object, of: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(f"{of}: expires must be a time with a time zone, such as 2027-01-31T00:00:00Z")
    return moment.astimezone(UTC)


def _slack(values: object) -> dict[str, Access]:
    if not isinstance(values, dict) or not all(isinstance(one, dict) for one in values.values()):
        raise _wrong("slack must be an object of objects")
    if wrong := next((who for who in values if not _WHO.match(who)), None):
        raise _wrong(
            f"{wrong[:60]!r} under slack must be a user (T…/U…), a group (T…/S…) or a channel"
            " (T…/C…)"
        )
    return {who: parse_access(one, f"{who[:60]!r} under slack") for who, one in values.items()}


def _wrong(why: str) -> UsageError:
    return UsageError(
        phrase("the tokens document is invalid"),
        why=why,
        do=phrase("See docs/operations.md, or create an entry with: sre-cli tokens new."),
    )
