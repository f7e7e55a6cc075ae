"""What can be asked. Each question is data, checked where it enters; ``ask`` turns it into an
Answer.

For those who ask many kinds, such as the server; who must start quickly takes the one module of
``questions``.
"""

from __future__ import annotations

from sre_findings.questions.estate import BY, CoverageGaps, Summary
from sre_findings.questions.filters import Narrow
from sre_findings.questions.findings import AsFile, Listed, OneFinding, Rows, WholeRows
from sre_findings.questions.history import KINDS_OF_CHANGE, Changes, Sla, TimeToFix, Trend
from sre_findings.questions.records import Near, Nights, Operations
from sre_findings.questions.remediation import Exposure, Fixes, Priorities, Suppressed
from sre_findings.questions.resource import CACHED, EITHER, LIVE, AboutResource

__all__ = [
    "BY",
    "CACHED",
    "EITHER",
    "KINDS_OF_CHANGE",
    "LIVE",
    "AboutResource",
    "AsFile",
    "Changes",
    "CoverageGaps",
    "Exposure",
    "Fixes",
    "Listed",
    "Narrow",
    "Near",
    "Nights",
    "OneFinding",
    "Operations",
    "Priorities",
    "Rows",
    "Sla",
    "Summary",
    "Suppressed",
    "TimeToFix",
    "Trend",
    "WholeRows",
]
