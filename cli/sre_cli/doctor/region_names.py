"""Names of regions in answers and settings."""

from __future__ import annotations

from collections.abc import Iterable

from sre_findings.inspector.regions import check_region, known_regions


def checked_regions(regions: Iterable[str]) -> list[str]:
    """Returns the regions. Raises UsageError for one that is not a region with Inspector."""
    known = known_regions()
    return [check_region(region, known) for region in regions]
