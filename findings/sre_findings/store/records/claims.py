"""Claims in the table: one row for each finding that was taken.

    partition    sort key                                     contents
    claim        {hash of the resource}#{hash of its CVE}     a Claim

Each change is a conditional write, so of two people who take a finding at the same time only one
succeeds. Rows expire some time after their last day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sre_findings.model.findings.claim import KEPT, Claim, ClaimKey
from sre_findings.store.records.table import LAST, Row, Table, decoding

PARTITION = "claim"
_RESTORE = "Restore the table, or delete the rows of the partition claim."


@dataclass(frozen=True, slots=True)
class Held:
    """A claim as it was read, to be replaced only if it has not changed since."""

    claim: Claim
    row: Row


def read(table: Table) -> Iterator[Claim]:
    """Yields every claim, also released and expired ones."""
    with decoding(_RESTORE):
        yield from (Claim.from_json(row.values) for row in table.query(PARTITION))


@decoding(_RESTORE)
def of_resource(table: Table, account_id: str, region: str, resource_id: str) -> list[Claim]:
    """Returns the claims of a resource, also released and expired ones."""
    place = _place(account_id, region, resource_id)
    rows = table.query(PARTITION, f"{place}#", f"{place}#{LAST}")
    return [Claim.from_json(row.values) for row in rows]


@decoding(_RESTORE)
def held(table: Table, key: ClaimKey) -> Held | None:
    """Returns the claim of a finding, or None if there is none."""
    sort = _sort(key)
    row = next(iter(table.query(PARTITION, sort, sort)), None)
    return Held(Claim.from_json(row.values), row) if row else None


def write(table: Table, before: Held | None, claim: Claim) -> bool:
    """Writes the claim in the place of the one before. Returns False if that one has changed."""
    new = _row(claim)
    return table.create(new) if before is None else table.replace(before.row, new)


def _row(claim: Claim) -> Row:
    end = datetime.combine(claim.until, time(), UTC) + KEPT + timedelta(days=1)
    return Row(PARTITION, _sort(claim.key), claim.to_json(), int(end.timestamp()))


def _sort(key: ClaimKey) -> str:
    place = _place(key.account_id, key.region, key.resource_id)
    return f"{place}#{_hash(key.vulnerability_id)}"


def _place(*parts: str) -> str:
    return _hash("\0".join(parts))


def _hash(text: str) -> str:
    """Returns a hash: an ARN can be longer than a sort key."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:40]
