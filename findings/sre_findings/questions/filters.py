"""The owners, accounts and regions that a query covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.sql_parameters import parameters
from sre_findings.model.text import Text, joined, phrase


@dataclass(frozen=True, slots=True)
class Filters:
    """The owners, accounts and regions that a query covers. Empty means all."""

    owners: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()

    def parameters(self) -> dict[str, list[str] | None]:
        """Returns the SQL parameters of these filters."""
        return parameters(owners=self.owners, accounts=self.accounts, regions=self.regions)

    def words(self) -> Text:
        """Returns the filters as text: `` of payments, in eu-west-1``. Empty without filters."""
        of = [*self.owners, *self.accounts]
        return (phrase(" of {}", joined(", ", of)) if of else phrase("")) + (
            phrase(" in {}", joined(", ", self.regions)) if self.regions else phrase("")
        )


EVERYWHERE = Filters()
