"""The last sound listing of each shard in earlier snapshots, and what is absent from a new one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from sre_findings.model.snapshots.scan_plan import Plan
from sre_findings.model.snapshots.shard_completeness import doubts
from sre_findings.model.snapshots.shard_facts import ENDED, Part, ShardFacts
from sre_findings.store.snapshots.reader import Commit, Snapshots
from sre_scanner.spool.owners import Key
from sre_scanner.spool.rows import Keys, Tails, arn_keys, digests_of, tails_of
from sre_scanner.spool.spool import Spool

MOST_ASKED = 5_000
"""Most findings that a shard requests by ARN: 500 requests."""
_OLDEST = timedelta(days=30)
_KEY = ("account_id", "resource_type", "resource_id")


@dataclass(frozen=True, slots=True)
class EarlierListing:
    """The findings of one shard in an earlier snapshot."""

    commit: Commit
    parts: Sequence[Part]


@dataclass(slots=True)
class Absent:
    """The ARNs of absent findings, at most MOST_ASKED, and how many others there are."""

    arns: dict[str, None] = field(default_factory=dict)
    others: int = 0

    def add(self, arn: str) -> None:
        """Adds a finding. One on several resources may be added several times."""
        if arn in self.arns:
            return
        if len(self.arns) < MOST_ASKED:
            self.arns[arn] = None
        else:
            self.others += 1


def earlier_listings(snapshots: Snapshots, plan: Plan) -> Mapping[str, EarlierListing]:
    """Returns, by shard, the newest earlier listing that ended and raised no doubts.

    Listings of more than 30 days ago are not used: by then, Inspector has deleted what it closed.
    """
    wanted, found = {shard.name for shard in plan.shards}, dict[str, EarlierListing]()
    oldest = datetime.fromisoformat(plan.created_at) - _OLDEST
    for commit in snapshots.newest_first():
        if not wanted or commit.started_at < oldest:
            break
        for facts in snapshots.manifest(commit).shards:
            if facts.shard in wanted and _sound(facts):
                wanted.discard(facts.shard)
                parts = [part for part in facts.parts if part.key.startswith("findings/")]
                found[facts.shard] = EarlierListing(commit, parts)
    return found


def _sound(facts: ShardFacts) -> bool:
    return facts.findings is not None and facts.findings.outcome == ENDED and not any(doubts(facts))


def absent_findings(
    snapshots: Snapshots,
    earlier: EarlierListing,
    present: Sequence[Spool],
    relevant: Callable[[str, Key], bool],
) -> Absent:
    """Returns the findings of an earlier listing that are in none of the spools.

    Only those with a ``relevant`` status and resource count. The earlier parts are read one row
    group at a time.
    """
    known, absent = _keys_in(present), Absent()
    with tempfile.TemporaryDirectory(prefix="sre-earlier-") as name:
        for part in earlier.parts:
            path = snapshots.part(earlier.commit, part, Path(name))
            for arn, status, key in _missing_rows(path, known):
                if relevant(status, key):
                    absent.add(arn)
    return absent


def _missing_rows(path: Path, known: Keys) -> Iterator[tuple[str, str, Key]]:
    """Yields the ARN, status and resource of each row whose finding is not known."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            arns = file.read_row_group(group, ["finding_arn"], use_threads=False)["finding_arn"]
            missing = _missing(arns.to_pylist(), known)
            if len(missing):
                columns = ["finding_arn", "status", *_KEY]
                rows = file.read_row_group(group, columns, use_threads=False).take(missing)
                for row in rows.to_pylist():
                    yield row["finding_arn"], row["status"] or "", _key(row)


def _key(row: Mapping[str, Any]) -> Key:
    account, kind, name = (row[column] or "" for column in _KEY)
    return account, kind, name


def _missing(arns: Sequence[str], known: Keys) -> list[int]:
    """Returns the positions of the ARNs that are not known.

    A spool stores the digest of an ARN if any ARN of the same block has an unusual form. Both
    forms are therefore checked.
    """
    tails = tails_of(arns)
    places = np.arange(len(arns)) if tails is None else np.flatnonzero(~_among(tails, known))
    others = [int(place) for place in places]
    if not others:
        return []
    unusual = ~_among(digests_of([arns[place] for place in others]), known)
    left = [place for place, gone in zip(others, unusual, strict=True) if gone]
    return left if tails is not None else [one for one in left if not _is_known(arns[one], known)]


def _is_known(arn: str, known: Keys) -> bool:
    tails = tails_of([arn])
    return tails is not None and bool(_among(tails, known)[0])


def _keys_in(spools: Sequence[Spool]) -> Keys:
    """Returns one number for each finding in the spools, sorted."""
    found = [arn_keys(spool.column(rows, "tail")) for spool in spools if len(rows := spool.rows())]
    keys = np.concatenate(found) if found else np.empty(0, np.uint64)
    keys.sort()
    return keys


def _among(tails: Tails, known: Keys) -> npt.NDArray[np.bool_]:
    keys = arn_keys(tails)
    if not len(known):
        return np.zeros(len(keys), np.bool_)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: npt.NDArray[np.bool_] = known[places] == keys
    return found
