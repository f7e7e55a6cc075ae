"""Views of the snapshots and the table for a client with limited access.

A commit is reduced to the client's accounts. The existence, ID and time of a snapshot are the same
for every client. Rows of the table are totals and cannot be split by account, so only rows within
the access are returned. Any other query is refused, because a wrong zero would look like an answer.
Claims can be read and written in the client's accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sre_findings.model.access import NOTHING, Access
from sre_findings.model.errors import Forbidden
from sre_findings.model.snapshots.gaps import ANY
from sre_findings.model.snapshots.partial_reasons import visible
from sre_findings.model.snapshots.states import COMPLETE, PARTIAL
from sre_findings.model.text import phrase
from sre_findings.store.records.claims import PARTITION as CLAIMS
from sre_findings.store.records.rollups import MARKERS, value_of
from sre_findings.store.records.table import LAST, Row, Table
from sre_findings.store.snapshots.reader import Commit, Manifest, Snapshots

CLAIM = "for everything that you may see"


@dataclass(frozen=True, slots=True)
class SeenSnapshots(Snapshots):
    """The snapshots of a store, with each commit reduced to what ``access`` allows."""

    access: Access = NOTHING

    def commits(self) -> list[Commit]:
        """See Snapshots."""
        return [seen_of(commit, self.access) for commit in self._all.commits()]

    def latest(self) -> Commit | None:
        """See Snapshots."""
        commit = self._all.latest()
        return None if commit is None else seen_of(commit, self.access)

    def manifest(self, commit: Commit) -> Manifest:  # noqa: ARG002 - required by the protocol
        """Raises Forbidden: a manifest covers all accounts."""
        raise _refused("the completeness check")

    @property
    def _all(self) -> Snapshots:
        return Snapshots(self.blobs, key=self.key)


def seen_of(commit: Commit, access: Access) -> Commit:
    """Returns the commit reduced to the accounts of an access.

    Totals are omitted, because they cover all accounts.
    """
    causes = visible(commit.causes, access)
    return replace(
        commit,
        state=PARTIAL if causes and commit.state != COMPLETE else COMPLETE,
        claim=CLAIM,
        causes=causes,
        totals={},
        gaps=tuple(
            gap
            for gap in commit.gaps
            if gap.account_id == ANY or access.allows_account(gap.account_id)
        ),
        account_names={
            one: name for one, name in commit.account_names.items() if access.allows_account(one)
        },
    )


class SeenTable:
    """A table with the rollups within an access, the list of snapshots, and claims.

    The rollups are by account and resource if the access limits only accounts, or by owner if
    it limits only owners. Claims are those of the allowed accounts. Any other query raises
    Forbidden.
    """

    def __init__(self, table: Table, access: Access) -> None:
        self._table, self._access = table, access

    def put(self, rows: Iterable[Row]) -> None:  # noqa: ARG002 - required by the protocol
        """Raises Forbidden: the table is read-only."""
        raise _refused("writing")

    def create(self, row: Row) -> bool:
        """See Table. Raises Forbidden for anything but a claim in an allowed account."""
        self._check_claim(row)
        return self._table.create(row)

    def replace(self, old: Row, new: Row) -> bool:
        """See Table. Raises Forbidden for anything but a claim in an allowed account."""
        self._check_claim(old)
        self._check_claim(new)
        return self._table.replace(old, new)

    def remove(self, partition: str, sort: str) -> None:  # noqa: ARG002
        """Raises Forbidden: the table is read-only."""
        raise _refused("writing")

    def query(
        self, partition: str, first: str = "", last: str = LAST, *, newest: int | None = None
    ) -> Iterator[Row]:
        """See Table. Rows of other accounts or owners are omitted."""
        _, scoped, kind = partition.partition("#")
        if not scoped and partition == MARKERS:
            return self._table.query(partition, first, last, newest=newest)
        if partition == CLAIMS:
            rows = self._table.query(partition, first, last, newest=newest)
            return (row for row in rows if self._access.allows_account(row.values["account_id"]))
        if kind not in summable(self._access):
            raise _refused("this answer")
        return (
            row
            for row in self._table.query(partition, first, last, newest=newest)
            if self._is_seen(kind, value_of(row))
        )

    def query_each(
        self, partition: str, ranges: Sequence[tuple[str, str]], *, newest: int | None = None
    ) -> Iterator[list[Row]]:
        """See Table. Supports only scopes. Rows of other accounts or owners are omitted."""
        _, _, kind = partition.partition("#")
        if kind not in summable(self._access):
            raise _refused("this answer")
        found = self._table.query_each(partition, ranges, newest=newest)
        return ([row for row in rows if self._is_seen(kind, value_of(row))] for rows in found)

    def _check_claim(self, row: Row) -> None:
        """Raises Forbidden unless the row is a claim in an allowed account.

        Its owner is checked where the finding is found: see ``queries/claims``.
        """
        if row.partition != CLAIMS or not self._access.allows_account(row.values["account_id"]):
            raise _refused("writing")

    def _is_seen(self, kind: str, value: str) -> bool:
        if kind == "owner":
            return value in self._access.owners
        return self._access.allows_account(value.partition("|")[0])


def summable(access: Access) -> tuple[str, ...]:
    """Returns the kinds of scopes of which each is entirely inside or outside the access."""
    if access.all_owners:
        return ("account", "resource")
    return ("owner",) if access.all_accounts else ()


def _refused(what: str) -> Forbidden:
    return Forbidden(
        phrase("{} covers all accounts", what),
        why=phrase("your access is limited to a part of them"),
        do=phrase("Query a summary instead."),
    )
