"""The services that answer the product's queries: a local store or a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:  # not imported at run time: a client needs no modules of the store
    from sre_findings.questions.question import Question
    from sre_findings.sources.sources import Sources

A = TypeVar("A")


class Service(Protocol):
    """Answers queries. The same query has the same answer from every service."""

    def ask(self, question: Question[A]) -> A:
        """Returns the answer to a query of ``sre_findings.questions``."""
        ...


class LocalService:
    """Answers queries from a store that this process reads itself."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def ask(self, question: Question[A]) -> A:
        """See Service."""
        from sre_findings.queries import ask

        return ask(question, self.sources)
