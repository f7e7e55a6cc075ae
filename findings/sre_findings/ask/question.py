"""What can be asked. Each question is data, checked where it enters; ``ask`` turns it into an Answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BY = ("account", "region", "owner", "type", "resource", "package", "vulnerability")
CACHED, LIVE, EITHER = "cached", "live", "either"


@dataclass(frozen=True, slots=True)
class AboutResource:
    """How vulnerable is this resource? ``text`` is an id or a name; ``source`` says where the answer may come from.

    ``count`` findings a page (0: all), from ``cursor`` on. Filters narrow the findings listed, never the counts;
    ``suppressed`` lists suppressed ones too. ``context`` asks AWS what it says now of an EC2 instance itself.
    """

    text: str
    severities: Sequence[str] = ()
    count: int = 25
    cursor: str | None = None
    source: str = EITHER
    as_of: str | None = None
    region: str | None = None
    suppressed: bool = False
    context: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """How vulnerable is all of it? With ``by``, one of BY, in groups, the worst ``count`` first (0: all)."""

    by: str | None = None
    count: int = 0
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class CoverageGaps:
    """What does Inspector not scan, and what did the scan not reach?"""

    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Whole findings, for exports: which ones. Empty means all; statuses are those of the findings."""

    text: str | None = None
    severities: Sequence[str] = ()
    statuses: Sequence[str] = ("ACTIVE",)
    types: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    owners: Sequence[str] = ()
    as_of: str | None = None
