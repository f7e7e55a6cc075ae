"""The filters of queries, and the parameters of SQL queries that they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sre_findings.model.resources.resource import Resource


def parameters(**filters: Sequence[str]) -> dict[str, list[str] | None]:
    """Returns the SQL parameters of these filters, with None for an empty one."""
    return {name: list(values) or None for name, values in filters.items()}


def resource_parameters(one: Resource) -> dict[str, str]:
    """Returns the SQL parameters that select one resource."""
    return {
        "resource_id": one.resource_id,
        "resource_type": one.resource_type,
        "account_id": one.account_id,
        "region": one.region,
    }


@dataclass(frozen=True, slots=True)
class Filters:
    """The owners, accounts and regions that a query covers. Empty means all."""

    owners: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()

    def parameters(self) -> dict[str, list[str] | None]:
        """Returns the SQL parameters of these filters."""
        return parameters(owners=self.owners, accounts=self.accounts, regions=self.regions)

    def words(self) -> str:
        """Returns the filters as text: `` of payments, in eu-west-1``. Empty without filters."""
        of = [*self.owners, *self.accounts]
        return (f" of {', '.join(of)}" if of else "") + (
            f" in {', '.join(self.regions)}" if self.regions else ""
        )


EVERYWHERE = Filters()
