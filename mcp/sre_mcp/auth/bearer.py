"""Who asks, once it is known: a name, the scopes of their token, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sre_findings.ask.question import AboutResource
from sre_findings.ask.sources import Sources
from sre_findings.model.access import Access
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.errors import Forbidden
from sre_findings.model.resources.aws_context import Context
from sre_findings.model.resources.resource import Resource

FINDINGS, LIVE, OPERATIONS = "findings:read", "live:query", "operations:read"
SCOPES = (FINDINGS, LIVE, OPERATIONS)
SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who holds a valid token. ``acts_for`` names the chat whose people it asks for, None where it
    asks for itself.

    A token that acts for others sees nothing on its own: see ``Tokens.acting_for``.
    """

    name: str
    scopes: frozenset[str]
    access: Access
    acts_for: str | None = None

    def need(self, scope: str) -> None:
        """Raises Forbidden that names the scope where the token lacks it."""
        if scope not in self.scopes:
            raise Forbidden(
                f"this token lacks the scope {scope}",
                do="Ask whoever gave it to you for one that has it.",
            )

    def sources(self, sources: Sources) -> Sources:
        """The sources as this caller may see them; AWS itself is asked only with the scope for it.

        Raises Forbidden for a token that acts for others, as long as nobody said for whom.
        """
        if self.acts_for:
            raise Forbidden(
                f"this token acts for people of {self.acts_for}, and the request names none"
            )
        seen = sources.seen_by(self.access)
        return (
            seen if LIVE in self.scopes else replace(seen, live=self._no_live, context=_no_context)
        )

    def claims(self) -> dict[str, Any]:
        """What the SDK keeps beside the token while it is answered; the reverse of
        ``of_claims``."""
        return {
            "name": self.name,
            "scopes": sorted(self.scopes),
            "access": self.access.to_json(),
            "acts_for": self.acts_for,
        }

    def _no_live(
        self, _question: AboutResource, _cached: ResourceAnswer | None, _access: Access
    ) -> ResourceAnswer:
        self.need(LIVE)
        raise AssertionError("who has the scope is not asked here")


def of_claims(claims: dict[str, Any]) -> Bearer:
    """The bearer whose claims these are."""
    access = Access(**{name: frozenset(some) for name, some in claims["access"].items()})
    return Bearer(claims["name"], frozenset(claims["scopes"]), access, claims["acts_for"])


def _no_context(_question: AboutResource, _resource: Resource) -> Context:
    return Context(remarks=(f"context was not asked: this token lacks the scope {LIVE}",))
