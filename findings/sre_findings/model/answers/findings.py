"""The types of the answers to ``FindingList``, ``ExportPage`` and ``ExportFile``: findings."""

from collections.abc import Mapping
from typing import Any, Never, TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.findings.finding_json import FindingJson

FindingsAnswer: TypeAlias = ListAnswer[FindingJson, Never]
"""Findings in the form used by all answers. There are no numbers beside the list."""


class File(TypedDict):
    """A file for download: its reference and path, its URL if known, and its format.

    ``expires_at`` is when the download link expires (ISO 8601).
    """

    reference: str
    path: str
    url: str | None
    format: str
    expires_at: str


class ExportFacts(TypedDict):
    """``file`` is None if the findings are in the answer itself."""

    file: File | None


ExportAnswer: TypeAlias = ListAnswer[Mapping[str, Any], ExportFacts]
"""Findings in the form in which Inspector sent them.

Their keys are Inspector's, including those that this version does not know, so they are not typed.
"""
