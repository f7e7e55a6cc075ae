"""Properties of CycloneDX: what it has no field for, under a prefix of our own."""

from __future__ import annotations

from sre_reports.wire_parts import present


def properties(**values: object) -> list[dict[str, str]]:
    """One for each value; what there is not is left out, and true is ``true``."""
    told = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in present(**values).items()
    }
    return [{"name": f"sre:{name}", "value": text} for name, text in told.items()]
