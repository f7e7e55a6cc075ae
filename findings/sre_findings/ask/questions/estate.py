"""Questions about all of it: counts, and what is not scanned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BY = ("account", "region", "owner", "type", "resource", "package", "vulnerability")


@dataclass(frozen=True, slots=True)
class Summary:
    """How vulnerable is all of it? With ``by``, one of BY, in groups, the worst ``count`` first (0:
    all)."""

    by: str | None = None
    count: int = 0
    as_of: str | None = None
    owners: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CoverageGaps:
    """What does Inspector not scan, and what did the scan not reach?"""

    as_of: str | None = None
    owners: Sequence[str] = ()
