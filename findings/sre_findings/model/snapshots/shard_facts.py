"""The facts that a scan records while it reads: listings, parts and accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Listing:
    """How one paged operation went.

    ``outcome`` is ``ended`` only if a page without a next token was read; otherwise ``denied``,
    ``credentials_invalid``, ``throttled``, ``unreachable`` or ``rejected``, with an explanation in
    ``detail``.
    """

    outcome: str
    detail: str = ""
    pages: int = 0
    items: int = 0
    empty_pages: int = 0
    throttles: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a snapshot: its key in the snapshot, rows, bytes and SHA-256 (hex)."""

    key: str
    rows: int
    bytes: int
    sha256: str

    @property
    def shard(self) -> str:
        """The part's shard: eu-west-1 for ``findings/part-eu-west-1-00000.parquet``."""
        name = self.key.rpartition("/part-")[2].removesuffix(".parquet")
        head, _, number = name.rpartition("-")
        return head if len(number) == 5 and number.isdecimal() else name


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """BatchGetAccountStatus for one account: its status, and that of each switch (SWITCHES)."""

    account_id: str
    status: str
    switches: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recheck:
    """Findings of an earlier snapshot that this listing does not have, requested by ARN.

    ``snapshot_id`` is the earlier snapshot. ``absent`` findings were open in it, on resources that
    are still scanned, and are neither listed nor CLOSED. Of these, ``unasked`` were not requested,
    because they were too many. The items of ``listing`` are those that Inspector still returned;
    they are findings of this snapshot.
    """

    snapshot_id: str
    absent: int
    unasked: int
    listing: Listing


@dataclass(frozen=True, slots=True)
class Shortage:
    """A group of findings of which fewer are ``known`` than Inspector ``counted``.

    ``severity`` is ``all`` for every severity, and ``resource_type`` is empty for every type.
    """

    account_id: str
    resource_type: str
    severity: str
    known: int
    counted: int


@dataclass(frozen=True, slots=True)
class ShardFacts:
    """What one shard of the plan read. Every field is a recorded fact, not a conclusion.

    ``named`` are the accounts that occur in findings, coverage, the member list or an earlier
    snapshot of the region. ``recheck`` is None if there is no earlier snapshot to compare with.

    ``aggregated`` are Inspector's counts before and after the listing, and ``known`` the numbers of
    findings that are known to have been ACTIVE at these times. ``short`` are the shortages by
    account and resource type. ``changed`` and ``ended`` are the listings of findings that changed
    and that were closed since the scan of the shard began; None if the counts agreed without them.
    """

    shard: str
    region: str
    started_at: str
    ended_at: str = ""
    findings: Listing | None = None
    coverage: Listing | None = None
    status: Listing | None = None
    closed: Listing | None = None
    recheck: Recheck | None = None
    changed: Listing | None = None
    ended: Listing | None = None
    accounts: Sequence[AccountStatus] = ()
    named: Sequence[str] = ()
    parts: Sequence[Part] = ()
    distinct: int = 0
    duplicates: int = 0
    listed: Mapping[str, int] = field(default_factory=dict)
    aggregated: Sequence[Mapping[str, int]] = ()
    known: Sequence[Mapping[str, int]] = ()
    short: Sequence[Shortage] = ()
    changed_meanwhile: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    covered: int = 0  # distinct resources in coverage
    uncovered: int = 0
    doubtful: int = 0
    proven: int = 0
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON for the shard's file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ShardFacts:
        """The reverse of :meth:`to_json`."""
        listings = {
            k: Listing(**one) if (one := values.get(k)) else None
            for k in ("findings", "coverage", "status", "closed", "changed", "ended")
        }
        again = values.get("recheck")  # missing in files of earlier versions
        recheck = Recheck(**{**again, "listing": Listing(**again["listing"])}) if again else None
        lists = {
            "accounts": tuple(AccountStatus(**a) for a in values["accounts"]),
            "parts": tuple(Part(**p) for p in values["parts"]),
            "aggregated": tuple(values["aggregated"]),
            # missing in files of earlier versions
            "known": tuple(values.get("known", ())),
            "short": tuple(Shortage(**one) for one in values.get("short", ())),
            "named": tuple(values.get("named", ())),
            "notes": tuple(values["notes"]),
        }
        return cls(**{**values, **listings, **lists, "recheck": recheck})
