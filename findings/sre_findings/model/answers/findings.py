"""The types of the answers to ``FindingList``, ``ExportPage`` and ``ExportFile``: findings."""

from collections.abc import Mapping
from typing import Any, Never, TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.findings.finding_json import FindingJson

FindingsAnswer: TypeAlias = ListAnswer[FindingJson, Never]
"""Findings as every answer shows them; there are no numbers beside the list."""


class File(TypedDict):
    """A file that a server offers: its reference and path, its address if that is known, its
    format, and until when it can be downloaded (ISO 8601)."""

    reference: str
    path: str
    url: str | None
    format: str
    expires_at: str


class ExportFacts(TypedDict):
    """The file, None if the findings are in the answer itself."""

    file: File | None


ExportAnswer: TypeAlias = ListAnswer[Mapping[str, Any], ExportFacts]
"""Whole findings as Inspector sent them. Their keys are Inspector's, also those that this version
does not know, so they have no type here."""
