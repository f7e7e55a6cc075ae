"""Assigns one owner to each resource in live answers, by the same rule as a scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sre_findings.inspector.owner_tags import by_coverage, by_finding
from sre_findings.inspector.resource_metadata import described
from sre_findings.inspector.wire.coverage import WireCoverage
from sre_findings.inspector.wire.finding_parts import WireResource
from sre_findings.model.access import Access
from sre_findings.model.resources.owners import SILENT, Claim, Owners, newer

Key = tuple[str, str, str]
"""A resource of a region: its account, type and ID."""


@dataclass(slots=True)
class OwnerTally:
    """Determines the owner of each resource from rows of coverage and findings."""

    owners: Owners
    _covered: dict[Key, Claim] = field(default_factory=dict)
    _found: dict[Key, Claim] = field(default_factory=dict)

    def covered(self, row: WireCoverage) -> None:
        """Adds a row of coverage."""
        key = (row.accountId, row.resourceType, row.resourceId)
        claim = by_coverage(
            self.owners, row, described(row.resourceId, bytes(row.resourceMetadata))
        )
        self._covered[key] = newer(self._covered.get(key, claim), claim)

    def found(self, account_id: str, resource: WireResource, updated_at: float | None) -> None:
        """Adds a resource of a finding."""
        key = (account_id, resource.type, resource.id)
        claim = by_finding(self.owners, resource, updated_at)
        self._found[key] = newer(self._found.get(key, claim), claim)

    def of(self, key: Key) -> str | None:
        """Returns the owner of a resource, from the rows added so far."""
        return self.owners.of(
            key[0], key[2], self._covered.get(key, SILENT), self._found.get(key, SILENT)
        )

    def all_of(self, access: Access) -> bool:
        """Returns whether the access allows every resource added so far.

        If it did not, the allowed rest alone could look clean.
        """
        return all(access.allows(account, owner) for account, owner in self._known())

    def _known(self) -> Iterator[tuple[str, str | None]]:
        return ((key[0], self.of(key)) for key in self._covered.keys() | self._found.keys())
