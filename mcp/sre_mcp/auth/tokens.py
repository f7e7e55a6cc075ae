"""Tokens by their SHA-256, in a JSON document that somebody can rotate. The tokens themselves are
in no file of ours::

    {"tokens": [{"name": "ci", "sha256": "…", "scopes": ["findings:read"], "accounts":
    ["111122223333"], "owners": ["*"],
                 "expires": "2027-01-31T00:00:00Z", "acts_for": "slack"}],
     "slack": {"T0123456/U0123456": {"accounts": ["*"], "owners": ["payments"]},
               "T0123456/S0123456": {"accounts": ["*"], "owners": ["data"]},
               "T0123456/C0123456": {"accounts": ["111122223333"], "owners": ["payments"]}}}

A token is 32 random bytes, so that one round of SHA-256 keeps it: there is nothing to guess. What
is not said is not allowed.
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
from sre_mcp.auth.bearer import SCOPES, SLACK, Bearer
from sre_mcp.auth.chat_user import Person

LARGEST = 1 << 20  # bytes of a document
_KEYS = {"name", "sha256", "scopes", "accounts", "owners", "expires", "acts_for"}
_TOKEN = re.compile(r"sre_[A-Za-z0-9_-]{43}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
# of a workspace: a user, a group of users, or a channel
_WHO = re.compile(r"[TE][A-Z0-9]{1,20}/[UWSCGD][A-Z0-9]{1,20}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@/-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """One token of a document: its hash, until when it is valid, and who holds it."""

    sha256: bytes = field(repr=False)
    expires: datetime
    bearer: Bearer


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a document, and what the people and channels of a chat may see that some of
    them act for."""

    entries: Sequence[Entry] = ()
    slack: Mapping[str, Access] = field(default_factory=dict)

    def find(self, token: str, now: datetime) -> Entry | None:
        """The entry of a token; None for one that nobody has, or that expired. It takes as long
        whichever entry it is."""
        digest, found = hashlib.sha256(token.encode(errors="surrogatepass")).digest(), None
        for entry in self.entries:
            if hmac.compare_digest(entry.sha256, digest):
                found = entry
        return found if found is not None and now < found.expires else None

    def acting_for(self, bearer: Bearer, person: Person | None) -> Bearer:
        """The bearer as they may ask for one person: what both may see. Somebody whom nobody named
        sees nothing.

        Raises Forbidden where a token that acts for nobody names a person.
        """
        if person is None:
            return bearer
        if bearer.acts_for is None:
            raise Forbidden(
                "this token acts for nobody but itself", do="Ask without naming a person."
            )
        access = bearer.access.narrowed(self._of(person))
        return replace(
            bearer, name=f"{bearer.name} for {person.user}", access=access, acts_for=None
        )

    def _of(self, person: Person) -> Access:
        """Their own entry, or else that of the first of their groups in the document, or else the
        channel's.

        What all of a channel read, both must allow: silence of the channel denies.
        """
        channel = self.slack.get(person.channel, NOTHING)
        group = next(
            (access for who, access in self.slack.items() if who in person.groups), channel
        )
        own = self.slack.get(person.user, group)
        return own.narrowed(channel) if person.shared else own


def is_token(text: str) -> bool:
    """Whether a text has the form of our tokens."""
    return bool(_TOKEN.match(text))


def parse(text: str) -> Tokens:
    """A document of tokens. Raises UsageError that names the entry and what is wrong with it, never
    what else is in it."""
    values = _object(text)
    if unknown := sorted(values.keys() - {"tokens", "slack"}):
        raise _wrong(f"{unknown[0][:60]!r} is neither tokens nor slack")
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
        raise _wrong("it is larger than a megabyte")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # brackets without end
        raise _wrong("it is not JSON") from error
    if not isinstance(values, dict):
        raise _wrong("it is no JSON object")
    return values


def _entry(number: int, values: Mapping[str, Any]) -> Entry:
    name = values.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise _wrong(f"token {number} has no name of 1 to 64 letters, digits, and . _ @ / - in it")
    of = f"token {number} ({name})"
    if unknown := sorted(values.keys() - _KEYS):
        raise _wrong(f"{of}: {unknown[0][:60]!r} is not one of {', '.join(sorted(_KEYS))}")
    digest = values.get("sha256")
    if not isinstance(digest, str) or not _SHA256.match(digest):
        raise _wrong(f"{of}: sha256 must have 64 hexadecimal digits in lower case")
    if (acts_for := values.get("acts_for")) not in (None, SLACK):
        raise _wrong(f"{of}: acts_for can be {SLACK} only")
    bearer = Bearer(name, scopes_of(values, of), parse_access(values, of), acts_for)
    return Entry(bytes.fromhex(digest), _expires(values.get("expires"), of), bearer)


def scopes_of(values: Mapping[str, Any], of: str) -> frozenset[str]:
    """The ``scopes`` of an object. Raises UsageError for one that nobody knows."""
    found = values.get("scopes", [])
    if not isinstance(found, list) or not all(
        one in SCOPES for one in found if isinstance(one, str)
    ):
        raise _wrong(f"{of}: scopes must be a list of {', '.join(SCOPES)}")
    if not all(isinstance(one, str) for one in found):
        raise _wrong(f"{of}: scopes must be texts")
    return frozenset(found)


def _expires(text: object, of: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(f"{of}: expires must be a time with its zone, such as 2027-01-31T00:00:00Z")
    return moment.astimezone(UTC)


def _slack(values: object) -> dict[str, Access]:
    if not isinstance(values, dict) or not all(isinstance(one, dict) for one in values.values()):
        raise _wrong("slack must be an object of objects")
    if wrong := next((who for who in values if not _WHO.match(who)), None):
        raise _wrong(
            f"{wrong[:60]!r} of slack is no user, as T…/U…, no group, as T…/S…, and no channel, as"
            " T…/C…"
        )
    return {who: parse_access(one, f"{who[:60]!r} of slack") for who, one in values.items()}


def _wrong(why: str) -> UsageError:
    return UsageError(
        "the tokens cannot be read",
        why=why,
        do="See docs/operations.md, or make an entry with: sre-cli tokens new.",
    )
