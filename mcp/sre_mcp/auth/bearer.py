"""The holder of a verified token: name, scopes and access scope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sre_findings.model.access import Access
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.errors import Forbidden
from sre_findings.model.resources.aws_context import Context, Note
from sre_findings.model.resources.resource import Resource
from sre_findings.model.text import phrase
from sre_findings.questions.catalogue import Vulnerabilities
from sre_findings.sources.sources import LiveSources, Sources

FINDINGS, LIVE, OPERATIONS = "findings:read", "live:query", "operations:read"
CLAIMS = "claims:write"
SCOPES = (FINDINGS, LIVE, OPERATIONS, CLAIMS)
SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Bearer:
    """The holder of a valid token.

    If ``acts_for`` is not None, it makes requests for the users of that chat. Such a token has no
    access by itself: see ``Tokens.acting_for``. ``by`` identifies the holder for claims, and
    ``shown`` is the name for them.
    """

    name: str
    scopes: frozenset[str]
    access: Access
    acts_for: str | None = None
    by: str = ""
    shown: str = ""

    def need(self, scope: str) -> None:
        """Raises Forbidden if the token lacks the scope."""
        if scope not in self.scopes:
            raise Forbidden(
                phrase("this token lacks the scope {}", scope),
                do=phrase("Use a token that has it."),
            )

    def sources(self, sources: Sources) -> Sources:
        """Returns the sources limited to the access scope.

        Without the scope live:query, live queries raise Forbidden. Raises Forbidden for a token
        that acts for users, if no user is named.
        """
        if self.acts_for:
            raise Forbidden(
                phrase("this token acts for {} users, but the request names none", self.acts_for)
            )
        seen = sources.seen_by(self.access)
        by, shown = self.by or f"token:{self.name}", self.shown or self.name
        seen = replace(seen, caller=seen.caller._replace(by=by, name=shown))
        if LIVE in self.scopes:
            return seen
        return replace(seen, live=LiveSources(self._no_live, _no_context))

    def claims(self) -> dict[str, Any]:
        """Returns the claims that the SDK keeps for the request; the reverse of ``of_claims``."""
        return {
            "name": self.name,
            "scopes": sorted(self.scopes),
            "access": self.access.to_json(),
            "acts_for": self.acts_for,
        }

    def _no_live(
        self,
        _question: Vulnerabilities,
        _cached: ResourceAnswer | None,
        _access: Access,
        _completed: object,
    ) -> ResourceAnswer:
        self.need(LIVE)
        raise AssertionError("a bearer with the scope has live sources")


def of_claims(claims: dict[str, Any]) -> Bearer:
    """Returns the bearer with these claims."""
    access = Access(**{name: frozenset(some) for name, some in claims["access"].items()})
    return Bearer(claims["name"], frozenset(claims["scopes"]), access, claims["acts_for"])


def _no_context(_question: Vulnerabilities, _resource: Resource) -> Context:
    return Context(remarks=(Note(f"context was not queried: this token lacks the scope {LIVE}"),))
