"""Access control by account and owner. The default is deny.

A client sees only the accounts and owners that are listed, or all of them with ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sre_findings.model.errors import UsageError
from sre_findings.model.text import phrase

ALL = "*"
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_LONGEST = 256  # maximum length of an owner, the same as of a tag value
_DO = (
    'Give lists such as {"accounts": ["111122223333"], "owners": ["payments"]}; ["*"] means all,'
    " and no list means none."
)


@dataclass(frozen=True, slots=True)
class Access:
    """The accounts and owners whose findings a client may see. Both must allow a finding.

    Each is a set of names, or ``*`` alone for all. Findings without an owner are visible only with
    access to all owners. Without any account, or without any owner, nothing is visible; all such
    values are equal.
    """

    accounts: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in ("accounts", "owners"):
            kept = frozenset({ALL} if ALL in getattr(self, name) else getattr(self, name))
            object.__setattr__(self, name, kept if self.accounts and self.owners else frozenset())

    @property
    def all_accounts(self) -> bool:
        """Whether every account is allowed, including future ones."""
        return ALL in self.accounts

    @property
    def all_owners(self) -> bool:
        """Whether every owner is allowed, and also resources without an owner."""
        return ALL in self.owners

    @property
    def everything(self) -> bool:
        """Whether there are no restrictions."""
        return self.all_accounts and self.all_owners

    def allows(self, account_id: str | None, owner: str | None) -> bool:
        """Whether a finding of this account and owner is visible."""
        return self.allows_account(account_id) and (self.all_owners or owner in self.owners)

    def allows_account(self, account_id: str | None) -> bool:
        """Whether any finding of the account can be visible."""
        return self.all_accounts or account_id in self.accounts

    def narrowed(self, other: Access) -> Access:
        """The access that both allow."""
        return Access(_both(self.accounts, other.accounts), _both(self.owners, other.owners))

    def to_json(self) -> dict[str, list[str]]:
        """The reverse of :func:`parse_access`."""
        return {"accounts": sorted(self.accounts), "owners": sorted(self.owners)}


EVERYTHING = Access(frozenset({ALL}), frozenset({ALL}))
NOTHING = Access()


def _both(some: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    if ALL in some:
        return others
    return some if ALL in others else some & others


def parse_access(values: Mapping[str, Any], of: str = "the access") -> Access:
    """Parses the keys ``accounts`` and ``owners`` of a JSON object; other keys are ignored.

    Raises UsageError if a value is invalid; ``of`` names the source in its message.
    """
    return Access(*(_names(values.get(key, []), key, of) for key in ("accounts", "owners")))


def _names(found: Any, key: str, of: str) -> frozenset[str]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _wrong(of, f"{key} must be a list of strings")
    if ALL in found and len(found) > 1:
        raise _wrong(of, f"{key} contains * and other names")
    if wrong := next((one for one in found if one != ALL and not _is_name(one, key)), None):
        raise _wrong(of, f"{key} contains {wrong[:60]!r}, which is not an {key.removesuffix('s')}")
    if "" in found:
        raise _wrong(of, f"{key} contains an empty string")
    return frozenset(found)


def _is_name(text: str, key: str) -> bool:
    """Whether it is a valid account (twelve digits) or owner (a name, not a pattern)."""
    if key == "accounts":
        return bool(_ACCOUNT.match(text))
    return len(text) <= _LONGEST and text.isprintable() and ALL not in text


def _wrong(of: str, why: str) -> UsageError:
    return UsageError(phrase("{} cannot be read", of), why=why, do=_DO)
