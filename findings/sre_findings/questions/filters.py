"""The owners, accounts and regions that a question is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filters:
    """The owners, accounts and regions that a question is about. Empty means all."""

    owners: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()

    def filters(self) -> dict[str, list[str] | None]:
        """The parameters of a query; None where nothing is narrowed."""
        return {
            name: list(getattr(self, name)) or None for name in ("owners", "accounts", "regions")
        }

    def words(self) -> str:
        """`` of payments, in eu-west-1``; empty for everything."""
        of = [*self.owners, *self.accounts]
        return (f" of {', '.join(of)}" if of else "") + (
            f" in {', '.join(self.regions)}" if self.regions else ""
        )


EVERYWHERE = Filters()
