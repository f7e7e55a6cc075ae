"""Findings themselves: listed, or whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sre_findings.questions.filters import EVERYWHERE, Filters
from sre_findings.questions.question import Question

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.findings import ExportAnswer, FindingsAnswer


@dataclass(frozen=True, slots=True)
class ExportFilters:
    """Whole findings, for exports: which ones. Empty means all; statuses are those of the findings.
    ``reachable`` leaves those alone that Inspector saw run."""

    text: str | None = None
    severities: Sequence[str] = ()
    statuses: Sequence[str] = ("ACTIVE",)
    types: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    owners: Sequence[str] = ()
    as_of: str | None = None
    reachable: bool = False


_OPEN = ExportFilters()


@dataclass(frozen=True, slots=True)
class FindingList(Question["FindingsAnswer"]):
    """Findings of the whole estate, the worst first: ``count`` of them (0: all) after the first
    ``skip``. Empty means all."""

    name = "findings"

    count: int = 25
    skip: int = 0
    severities: Sequence[str] = ()
    statuses: Sequence[str] = ("ACTIVE",)
    types: Sequence[str] = ()
    narrow: Filters = EVERYWHERE
    fixable: bool = False
    exploitable: bool = False
    reachable: bool = False
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class ExportPage(Question["ExportAnswer"]):
    """A page of an export: ``count`` findings (0: all) of ``rows`` after the first ``skip``."""

    name = "export"

    rows: ExportFilters = _OPEN
    count: int = 25
    skip: int = 0


@dataclass(frozen=True, slots=True)
class ExportFile(Question["ExportAnswer"]):
    """Whole findings in one file: ``form`` is a name of the exports' formats, ``options`` are that
    format's own."""

    name = "file"

    rows: ExportFilters = _OPEN
    form: str = "csv"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OneFinding:
    """One finding whole: by its ARN, or by a resource (id or name) and the vulnerability's id."""

    finding_arn: str | None = None
    resource: str | None = None
    vulnerability_id: str | None = None
    as_of: str | None = None
