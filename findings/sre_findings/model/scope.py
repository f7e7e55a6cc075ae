"""What a scan is asked for: regions, statuses, and, with a scope file, what must be there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sre_findings.model.errors import UsageError

STATUSES = ("ACTIVE", "SUPPRESSED", "CLOSED")
DEFAULT_STATUSES = ("ACTIVE", "SUPPRESSED")


@dataclass(frozen=True, slots=True)
class Shard:
    """One sequential reading of one region: what can be done, repeated or resumed on its own."""

    name: str
    region: str


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """A hole that somebody answers for until a day; ``*`` means every account or every region."""

    account_id: str
    region: str
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scan has promised to read, written down before it reads anything.

    ``required_regions`` are those that somebody named: Inspector being off there is a hole. Elsewhere it is a choice.
    """

    snapshot_id: str
    sequence: int
    created_at: str
    statuses: tuple[str, ...]
    shards: tuple[Shard, ...]
    required_regions: tuple[str, ...] = ()
    expected_accounts: tuple[str, ...] = ()
    accepted: tuple[AcceptedGap, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counts_active(self) -> bool:
        """Whether ACTIVE findings were asked for, so that they can be compared with Inspector's own counts."""
        return "ACTIVE" in self.statuses

    def accepts(self, account_id: str, region: str) -> bool:
        """Whether a switched-off Inspector is no surprise there: not required, or accepted and not expired."""
        if region not in self.required_regions:
            return True
        today = self.created_at[:10]
        return any(
            gap.account_id in ("*", account_id) and gap.region in ("*", region) and gap.expires >= today for gap in self.accepted
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for the plan's file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Plan:
        """The reverse of :meth:`to_json`."""
        shards = tuple(Shard(**s) for s in values["shards"])
        accepted = tuple(AcceptedGap(**g) for g in values["accepted"])
        lists = {name: tuple(values[name]) for name in ("statuses", "required_regions", "expected_accounts", "notes")}
        return cls(**{**values, **lists, "shards": shards, "accepted": accepted})


@dataclass(frozen=True, slots=True)
class Expectation:
    """A scope file: the accounts and regions that must be in every snapshot, and the gaps that are accepted."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    accepted: tuple[AcceptedGap, ...] = ()


def parse_expectation(text: str) -> Expectation:
    """A scope file in TOML: ``accounts``, ``regions``, and ``[[accepted]]`` tables.

    Raises UsageError that names the line or the key which is wrong.
    """
    try:
        values = tomllib.loads(text)
        accepted = tuple(_accepted(gap) for gap in values.get("accepted", ()))
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise UsageError("the scope file cannot be read", why=str(error), do="See docs/operations.md.") from error
    return Expectation(_texts(values, "accounts"), _texts(values, "regions"), accepted)


def _accepted(gap: Mapping[str, Any]) -> AcceptedGap:
    expires = gap["expires"]
    if not isinstance(expires, date):
        raise TypeError("accepted.expires must be a date such as 2027-01-31")
    return AcceptedGap(
        str(gap.get("account", "*")), str(gap.get("region", "*")), gap["owner"], gap["reason"], expires.isoformat()[:10]
    )


def _texts(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found: Sequence[Any] = values.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise UsageError(f"{key} in the scope file must be a list of strings", do='Example: accounts = ["111122223333"].')
    return tuple(found)


def parse_status(text: str) -> str:
    """A finding status as people write it, in any case."""
    value = text.strip().upper()
    if value not in STATUSES:
        raise UsageError(f"{text!r} is not a finding status", do=f"Use one of: {', '.join(STATUSES)}.")
    return value
