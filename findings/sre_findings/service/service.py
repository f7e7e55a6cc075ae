"""What answers the product's questions: the store here, or a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:  # a client of a server needs none of what the store needs
    from sre_findings.questions.question import Question
    from sre_findings.sources.sources import Sources

A = TypeVar("A")


class Service(Protocol):
    """Questions in, answers out. The same question has the same answer from every service."""

    def ask(self, question: Question[A]) -> A:
        """The answer to a question of ``sre_findings.questions``."""
        ...


class LocalService:
    """Answers from a store that this process reads itself."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def ask(self, question: Question[A]) -> A:
        """See Service."""
        from sre_findings.queries import ask

        return ask(question, self.sources)
