"""The plan of a scan: regions, statuses, and what a scope file requires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sre_findings.model.errors import UsageError
from sre_findings.model.timestamps import iso_date
from sre_findings.model.toml_text import parse_toml

DEFAULT_STATUSES: tuple[str, ...] = ()  # every status except CLOSED, including unknown ones


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of a scan that reads one region sequentially. It can be repeated independently."""

    name: str
    region: str


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """A gap accepted by an owner until a date. ``*`` means every account or every region."""

    account_id: str
    region: str
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scan must read, recorded before it reads anything.

    ``statuses`` are those of the findings; if empty, every status except CLOSED.
    ``required_regions`` were named by the user: if Inspector is off in one of them, that is a gap,
    and elsewhere it is not. ``closed_since`` is the time from which closed findings are read as
    evidence, empty without a previous snapshot. ``slot`` is the scheduled time that this scan is
    for, empty if a user started it. ``caller`` is the identity that scans, and ``account_names``
    has the names from Organizations; both are empty if AWS did not return them, which ``notes``
    explain. ``known_accounts`` are those of earlier snapshots, by region: an account is not
    forgotten because no list names it any more. ``unplanned_regions`` are in the previous snapshot
    and not in this plan.
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
    caller: str = ""
    closed_since: str = ""
    account_names: Mapping[str, str] = field(default_factory=dict)
    slot: str = ""
    known_accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unplanned_regions: tuple[str, ...] = ()

    @property
    def counts_active(self) -> bool:
        """Whether ACTIVE findings are requested, so that Inspector's own counts can be compared."""
        return not self.statuses or "ACTIVE" in self.statuses

    def accepts(self, account_id: str, region: str) -> bool:
        """Whether Inspector may be off there: region not required, or gap accepted."""
        return region not in self.required_regions or self.excuses(account_id, region)

    def excuses(self, account_id: str, region: str) -> bool:
        """Whether a gap there is accepted on the day of the scan."""
        today = self.created_at[:10]
        return any(
            gap.account_id in ("*", account_id)
            and gap.region in ("*", region)
            and gap.expires >= today
            for gap in self.accepted
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON for the plan's file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Plan:
        """The reverse of :meth:`to_json`."""
        shards = tuple(Shard(**s) for s in values["shards"])
        accepted = tuple(AcceptedGap(**g) for g in values["accepted"])
        lists = {
            name: tuple(values.get(name, ()))
            for name in (
                "statuses",
                "required_regions",
                "expected_accounts",
                "notes",
                "unplanned_regions",
            )
        }
        known = {region: tuple(some) for region, some in values.get("known_accounts", {}).items()}
        return cls(
            **{
                **values,
                **lists,
                "shards": shards,
                "accepted": accepted,
                "known_accounts": known,
            }
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """A scope file: the expected accounts and regions, and the accepted gaps."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    accepted: tuple[AcceptedGap, ...] = ()


def parse_expectation(text: str) -> Expectation:
    """Parses a scope file in TOML: ``accounts``, ``regions``, and ``[[accepted]]`` tables.

    Raises UsageError that names the invalid line or key.
    """
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise _unreadable(str(error)) from error
    _refuse_unknown(values, ("accounts", "regions", "accepted"), "")
    gaps = values.get("accepted", [])
    if not isinstance(gaps, list) or not all(isinstance(gap, dict) for gap in gaps):
        raise _unreadable("accepted must be tables, each under [[accepted]]")
    return Expectation(
        _texts(values, "accounts"), _texts(values, "regions"), tuple(map(_accepted, gaps))
    )


def _unreadable(why: str) -> UsageError:
    return UsageError("the scope file cannot be read", why=why, do="See docs/operations.md.")


def _refuse_unknown(values: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Raises UsageError for an unknown key, because a mistyped key would have no effect."""
    if unknown := sorted(values.keys() - set(known)):
        raise _unreadable(f"{where}{unknown[0]!r} is not one of {', '.join(known)}")


def _accepted(gap: Mapping[str, Any]) -> AcceptedGap:
    names = ("account", "region", "owner", "reason")
    _refuse_unknown(gap, (*names, "expires"), "accepted: ")
    texts = {"account": "*", "region": "*"} | {name: gap[name] for name in names if name in gap}
    for name in names:
        if not isinstance(texts.get(name), str):
            raise _unreadable(f"accepted.{name} must be {'a string' if name in gap else 'given'}")
    expires = gap.get("expires")
    if not isinstance(expires, date):
        raise _unreadable("accepted.expires must be a date such as 2027-01-31")
    return AcceptedGap(
        texts["account"], texts["region"], texts["owner"], texts["reason"], iso_date(expires)
    )


def _texts(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found: Sequence[Any] = values.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise UsageError(
            f"{key} in the scope file must be a list of strings",
            do='Example: accounts = ["111122223333"].',
        )
    return tuple(found)
