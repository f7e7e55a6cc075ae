"""All queries in one module. ``ask`` answers a query.

Use it in programs that need many kinds, such as the server. Programs that must start quickly import
the specific module of ``questions``.
"""

from __future__ import annotations

from sre_findings.questions.claims import Claims, Take
from sre_findings.questions.estate import BY, CoverageGaps, Summary
from sre_findings.questions.filters import Filters
from sre_findings.questions.findings import (
    ExportFile,
    ExportFilters,
    ExportPage,
    FindingList,
    OneFinding,
)
from sre_findings.questions.history import (
    KINDS_OF_CHANGE,
    Changes,
    DueDates,
    Sla,
    SurvivalCurves,
    TimeToFix,
    Trend,
)
from sre_findings.questions.records import Operations, SimilarNames, SnapshotList
from sre_findings.questions.remediation import (
    Exposure,
    FixEffects,
    Fixes,
    ImageFixes,
    Priorities,
    SuppressionList,
    VulnerabilityDetails,
    VulnerabilityLife,
)
from sre_findings.questions.resource import (
    CACHED,
    EITHER,
    LIVE,
    ResourceDifferences,
    Vulnerabilities,
)

__all__ = [
    "BY",
    "CACHED",
    "EITHER",
    "KINDS_OF_CHANGE",
    "LIVE",
    "Changes",
    "Claims",
    "CoverageGaps",
    "DueDates",
    "ExportFile",
    "ExportFilters",
    "ExportPage",
    "Exposure",
    "Filters",
    "FindingList",
    "FixEffects",
    "Fixes",
    "ImageFixes",
    "OneFinding",
    "Operations",
    "Priorities",
    "ResourceDifferences",
    "SimilarNames",
    "Sla",
    "SnapshotList",
    "Summary",
    "SuppressionList",
    "SurvivalCurves",
    "Take",
    "TimeToFix",
    "Trend",
    "Vulnerabilities",
    "VulnerabilityDetails",
    "VulnerabilityLife",
]
