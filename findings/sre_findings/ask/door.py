"""The one door to every answer, wherever it opens: onto the store here, or onto a server that has
one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # who asks a server needs none of what the store needs
    from sre_findings.ask.questions.estate import CoverageGaps, Summary
    from sre_findings.ask.questions.resource import AboutResource
    from sre_findings.ask.sources import Sources
    from sre_findings.model.answers.answer import CoverageAnswer, ResourceAnswer, SummaryAnswer
    from sre_findings.model.answers.list_answer import ListAnswer


class Door(Protocol):
    """Questions in, answers out; the same question has the same answer through every door."""

    def about_resource(self, question: AboutResource) -> ResourceAnswer:
        """How vulnerable one resource is."""
        ...

    def summary(self, question: Summary) -> SummaryAnswer:
        """How vulnerable all of it is."""
        ...

    def coverage(self, question: CoverageGaps) -> CoverageAnswer:
        """What is not scanned."""
        ...

    def ask(self, name: str, question: Any) -> ListAnswer:
        """A question of DOORS."""
        ...


class Here:
    """The door onto a store that this process reads itself."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def about_resource(self, question: AboutResource) -> ResourceAnswer:
        """See Door."""
        from sre_findings.ask.ask import about_resource

        return about_resource(question, self.sources)

    def summary(self, question: Summary) -> SummaryAnswer:
        """See Door."""
        from sre_findings.ask.summaries import summary

        return summary(question, self.sources)

    def coverage(self, question: CoverageGaps) -> CoverageAnswer:
        """See Door."""
        from sre_findings.ask.ask import coverage

        return coverage(question, self.sources)

    def ask(self, name: str, question: Any) -> ListAnswer:
        """See Door."""
        from sre_findings.ask.doors import ask

        return ask(name, question, self.sources)
