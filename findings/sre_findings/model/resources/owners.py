"""The owner of a resource: from its owner tag, or else from the owners file.

A resource has one owner at a time, but its findings and its coverage have separate tags. Inspector
updates the tags in coverage at every scan, and those of a finding only when the finding changes. So
coverage has precedence, and among findings the one updated last. A source without any tags is
ignored.

The file is TOML, read from top to bottom; the first entry that matches wins. Resources have
precedence over accounts, because accounts are often shared::

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
from sre_findings.model.text import phrase
from sre_findings.model.toml_text import parse_toml


def owner_name(text: str | None) -> str:
    """A name without surrounding spaces, so that spelling variants are one owner."""
    return (text or "").strip()


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """One entry of the owners file."""

    name: str
    resources: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Claim(NamedTuple):
    """The owner and name of a resource according to one source: a finding or its coverage.

    ``owner`` is the value of the owner tag, empty if it is not set. ``tagged`` is true if the
    source has any tags. ``at`` is its time in epoch seconds.
    """

    tagged: bool = False
    owner: str = ""
    name: str | None = None
    at: float = -math.inf


SILENT = Claim()
"""A claim without information."""


def newer(one: Claim, other: Claim) -> Claim:
    """The claim with precedence: the newer one with tags.

    With equal times, the first by owner, so that the order of the arguments does not matter.
    """
    return min(one, other, key=_order)


def _order(claim: Claim) -> tuple[bool, float, str, str]:
    return not claim.tagged, -claim.at, claim.owner, claim.name or ""


@dataclass(frozen=True, slots=True)
class Owners:
    """The ownership rules: the tag named ``tag``, then ``rules``."""

    tag: str = "team"
    rules: tuple[OwnerRule, ...] = ()

    def claim(self, tags: Mapping[str, str], name: str | None, at: float | None = None) -> Claim:
        """The claim of a source with these tags. ``at`` is in epoch seconds."""
        return Claim(
            bool(tags),
            owner_name(tags.get(self.tag)),
            name,
            -math.inf if at is None or math.isnan(at) else at,
        )

    def of(
        self, account_id: str, resource_id: str, covered: Claim = SILENT, found: Claim = SILENT
    ) -> str | None:
        """The owner of a resource, or None if it is unassigned.

        The tag has precedence, then a rule for its ID, name or ECR repository, then a rule for its
        account. If coverage shows tags without the owner tag, the tag was removed, and an owner tag
        in findings is ignored.
        """
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
    """Parses an owners file. Raises UsageError that names what is wrong."""
    try:
        values = parse_toml(text)
    except ValueError as error:
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
    return UsageError(
        phrase("the owners file cannot be read"), why=why, do=phrase("See docs/operations.md.")
    )
