"""The number of findings in KEV, which leads the counts of an answer."""

from __future__ import annotations

from sre_findings.model.snapshots.rollup import Rollup


def kev_sentence(rollup: Rollup) -> str:
    """Returns the number in KEV, or that there is no KEV data; empty if none is known to be."""
    known = rollup.to_json()["kev"]
    if known is None:
        return "No KEV data." if rollup.counts.total else ""
    return f":rotating_light: *{known:,} in CISA KEV.*" if known else ""
