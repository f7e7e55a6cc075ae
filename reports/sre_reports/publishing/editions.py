"""The reports of one snapshot, which is pinned so that all views have the same data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sre_findings.model.access import ALL, Access
from sre_findings.model.answers.answer import Proof
from sre_findings.model.errors import UsageError
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.timestamps import iso_date
from sre_findings.nightly import report
from sre_findings.queries.export import rows as rows_of
from sre_findings.queries.summary import summarize
from sre_findings.questions.estate import Summary
from sre_findings.questions.findings import ExportFilters
from sre_findings.sources.places import check_owners, within
from sre_findings.sources.sources import Found, Sources, find
from sre_reports.publishing.report_files import WHOLE, View


@dataclass(frozen=True, slots=True)
class Editions:
    """The reports of one snapshot. ``as_of`` is how it was selected."""

    sources: Sources
    found: Found
    as_of: str | None

    @property
    def day(self) -> str:
        """The date of the snapshot in UTC. Two snapshots of a date share a report."""
        return iso_date(self.found.commit.started_at)

    @property
    def snapshot_id(self) -> str:
        """The snapshot of all reports."""
        return self.found.commit.snapshot_id

    def views(self) -> list[View]:
        """Returns all resources, then each owner, then each account with findings."""
        owners = [str(row["owner"]) for row in self.found.engine.rows("owners")]
        views = [View("owner", owner) for owner in owners] + [
            View("account", account) for account in self._accounts()
        ]
        # An empty value, of resources without an owner, and ALL would mean all resources.
        return [WHOLE, *(view for view in views if view.value not in ("", ALL))]

    def check(self, view: View) -> None:
        """Raises UsageError for an unknown owner or account.

        Otherwise a typo would look like an owner or account without findings.
        """
        if view.kind and view.value in ("", ALL):
            raise UsageError(
                f"{view.value!r} is not an {view.kind}", do="Leave it out for all resources."
            )
        if view.kind == "owner":
            check_owners(self.found, [view.value])
        elif view.kind:
            within(self.found, Place(accounts=(view.value,)))

    def material(self, view: View, rows: int) -> report.Material:
        """Returns the material of the report of a view, with at most ``rows`` findings."""
        named = {view.kind: view.value} if view.kind else {}
        return report.gather(self.sources, self.as_of, rows, **named)

    def rows(self, view: View) -> tuple[Proof, Iterator[list[dict[str, Any]]]]:
        """Returns the provenance of a view, and batches of rows of all its open findings."""
        owner, account = (view.value if view.kind == kind else ALL for kind in ("owner", "account"))
        seen = self.sources.seen_by(Access(frozenset({account}), frozenset({owner})))
        return rows_of(ExportFilters(as_of=self.as_of), seen.pinned(self.found.commit))

    def _accounts(self) -> list[str]:
        groups = summarize(Summary(by="account"), self.found, self.sources).groups
        return sorted(group.value for group in groups)


def open_editions(sources: Sources, as_of: str | None) -> Editions:
    """Returns the reports of the snapshot of ``as_of``, by default the newest.

    Later commits do not affect it. Raises UsageError if there is no snapshot.
    """
    found = find(sources, as_of)
    return Editions(sources.pinned(found.commit), found, as_of)
