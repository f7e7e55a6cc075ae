"""The owner of a resource: from its owner tag, or else from the owners file.

A resource has one owner at a time, though its findings and its coverage each come with tags of
their own: Inspector renews the tags of coverage at every look, and those of a finding only when the
finding changes. So what coverage says goes first, and of the findings the one that was updated
last. A look without any tags does not count.

The file is TOML, read from top to bottom; the first entry that fits wins. Resources go before
accounts, for an account is often shared::

    [[owner]]
    name = "payments"
    resources = ["payments/*", "pay-*"]       # ids, names, ECR repositories; with * and ?

    [[owner]]
    name = "platform"
    accounts = ["111122223333"]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from sre_findings.model.errors import UsageError


def owner_name(text: str | None) -> str:
    """A name without surrounding spaces, which would make two owners of one."""
    return (text or "").strip()


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """One entry of the file."""

    name: str
    resources: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Claim(NamedTuple):
    """What one look at a resource says of whose it is: the owner by its tag, empty for none, and
    its name.

    ``tagged`` tells whether the look saw any tag at all; ``at`` when it was, in epoch seconds.
    """

    tagged: bool = False
    owner: str = ""
    name: str | None = None
    at: float = -math.inf


SILENT = Claim()
"""Nothing was said."""


def newer(one: Claim, other: Claim) -> Claim:
    """The claim that counts of two of a kind: the newer one with tags. Of two at once the first by
    its owner, so that the order in which they come changes nothing."""
    return min(one, other, key=_order)


def _order(claim: Claim) -> tuple[bool, float, str, str]:
    return not claim.tagged, -claim.at, claim.owner, claim.name or ""


@dataclass(frozen=True, slots=True)
class Owners:
    """How owners are found: the tag ``tag``, then ``rules``. None means that it is
    unassigned."""

    tag: str = "team"
    rules: tuple[OwnerRule, ...] = ()

    def claim(self, tags: Mapping[str, str], name: str | None, at: float | None = None) -> Claim:
        """What a look that saw these tags says."""
        return Claim(
            bool(tags),
            owner_name(tags.get(self.tag)),
            name,
            -math.inf if at is None or math.isnan(at) else at,
        )

    def of(
        self, account_id: str, resource_id: str, covered: Claim = SILENT, found: Claim = SILENT
    ) -> str | None:
        """The owner of a resource, by what counts of its coverage and of its findings: its tag, or
        else its id, its name or its ECR repository, or else its account. A resource that coverage
        shows without the tag has lost it, whatever is older."""
        said = covered if covered.tagged else found
        return (
            said.owner
            or self._by_rules(resource_id, covered.name or found.name)
            or self._of_account(account_id)
        )

    def _by_rules(self, resource_id: str, name: str | None) -> str | None:
        if not self.rules:
            return None
        repository = resource_id.partition(":repository/")[2].rpartition("/sha256:")[0]
        texts = [text for text in (resource_id, name, repository) if text]
        fits = (
            rule.name
            for rule in self.rules
            if any(fnmatchcase(t, p) for p in rule.resources for t in texts)
        )
        return next(fits, None)

    def _of_account(self, account_id: str) -> str | None:
        return next((rule.name for rule in self.rules if account_id in rule.accounts), None)


def parse_owners(text: str, tag: str) -> Owners:
    """A file of owners. Raises UsageError that names what is wrong."""
    import tomllib

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(str(error)) from error
    entries = values.get("owner")
    if (
        values.keys() != {"owner"}
        or not isinstance(entries, list)
        or not all(isinstance(one, dict) for one in entries)
    ):
        raise _unreadable("it may only contain [[owner]] tables")
    return Owners(tag, tuple(_rule(number, entry) for number, entry in enumerate(entries, 1)))


def _rule(number: int, entry: Mapping[str, Any]) -> OwnerRule:
    if unknown := sorted(entry.keys() - {"name", "resources", "accounts"}):
        raise _unreadable(f"owner {number}: {unknown[0]!r} is not one of name, resources, accounts")
    name = entry.get("name")
    if not isinstance(name, str) or not owner_name(name):
        raise _unreadable(f"owner {number} has no name")
    resources, accounts = (
        _texts(number, key, entry.get(key, [])) for key in ("resources", "accounts")
    )
    if not resources and not accounts:
        raise _unreadable(f"owner {number} ({name}) has no resources or accounts")
    return OwnerRule(owner_name(name), resources, accounts)


def _texts(number: int, key: str, found: Sequence[Any]) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _unreadable(f"owner {number}: {key} must be a list of strings")
    return tuple(found)


def _unreadable(why: str) -> UsageError:
    return UsageError("the owners file cannot be read", why=why, do="See docs/operations.md.")
