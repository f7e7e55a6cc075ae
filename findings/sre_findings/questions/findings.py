"""Queries for lists of findings and for complete findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sre_findings.model.sql_parameters import parameters
from sre_findings.questions.filters import EVERYWHERE, Filters
from sre_findings.questions.question import ListQuestion, Question

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.answer import FindingAnswer
    from sre_findings.model.answers.findings import ExportAnswer, FindingsAnswer


@dataclass(frozen=True, slots=True)
class ExportFilters(Filters):
    """Filters for exports of complete findings. Empty means all.

    ``statuses`` are those of the findings. ``reachable`` selects findings whose code Inspector
    saw in use.
    """

    text: str | None = None
    severities: Sequence[str] = ()
    statuses: Sequence[str] = ("ACTIVE",)
    types: Sequence[str] = ()
    as_of: str | None = None
    reachable: bool = False

    def parameters(self) -> dict[str, list[str] | None]:
        """See Filters."""
        return Filters.parameters(self) | parameters(
            severities=self.severities, statuses=self.statuses, types=self.types
        )


_OPEN = ExportFilters()


@dataclass(frozen=True, slots=True)
class FindingList(ListQuestion["FindingsAnswer"]):
    """Findings of all resources, worst first.

    ``count`` findings are returned (0: all) after skipping ``skip``. Empty filters mean all.
    """

    name = "findings"
    list_name = "findings"

    count: int = 25
    skip: int = 0
    severities: Sequence[str] = ()
    statuses: Sequence[str] = ("ACTIVE",)
    types: Sequence[str] = ()
    filters: Filters = EVERYWHERE
    fixable: bool = False
    exploitable: bool = False
    reachable: bool = False
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class ExportPage(Question["ExportAnswer"]):
    """A page of an export: ``count`` findings (0: all) of ``rows`` after skipping ``skip``."""

    name = "export"

    rows: ExportFilters = _OPEN
    count: int = 25
    skip: int = 0

    def without_snapshot(self) -> ExportAnswer:
        """See Question."""
        from sre_findings.model.answers.list_answer import no_snapshot

        return no_snapshot("findings", {"file": None})


@dataclass(frozen=True, slots=True)
class ExportFile(Question["ExportAnswer"]):
    """Complete findings in one file.

    ``form`` is the name of an export format, and ``options`` are options of that format.
    """

    name = "file"

    rows: ExportFilters = _OPEN
    form: str = "csv"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OneFinding(Question["FindingAnswer"]):
    """One complete finding, by ARN or by resource (ID or name) and vulnerability ID."""

    name = "finding"

    finding_arn: str | None = None
    resource: str | None = None
    vulnerability_id: str | None = None
    as_of: str | None = None

    def without_snapshot(self) -> FindingAnswer:
        """See Question."""
        from sre_findings.model.answers.answer import NO_PROOF, FindingAnswer
        from sre_findings.model.answers.verdict import WITHOUT_SNAPSHOT

        return FindingAnswer(None, None, WITHOUT_SNAPSHOT.explanation, NO_PROOF)
