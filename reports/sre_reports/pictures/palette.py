"""The colours of reports, cards and charts.

They were chosen by a search for contrast and for distance between severities with any colour
vision. Every colour has a contrast of at least 3:1 on its backgrounds, and severities darken in
order, so that they print in grey. A test checks this.
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "ground": "#f6f7f9",
    "card": "#ffffff",
    "ink": "#14181f",
    "muted": "#55606e",
    "line": "#dfe3e8",
    "control": "#7b8794",
    "link": "#1858b8",
    "good": "#136c3a",
    "bad": "#a8122b",
    "warn": "#ad411c",
    "critical": "#75061c",
    "high": "#ad411c",
    "medium": "#ba7f14",
    "low": "#3977a8",
    "info": "#6b7280",
    "on-critical": "#ffffff",
    "on-high": "#ffffff",
    "on-medium": "#14181f",
    "on-low": "#ffffff",
    "on-info": "#ffffff",
    "shade-1": "#eef3f9",
    "shade-2": "#dbe6f2",
    "shade-3": "#c3d6ea",
    "shade-4": "#a6c3e0",
    "shade-5": "#88aed4",
}
DARK: Mapping[str, str] = {
    "ground": "#0f1318",
    "card": "#171c23",
    "ink": "#e8ecf1",
    "muted": "#a3adba",
    "line": "#2c343e",
    "control": "#6f7b88",
    "link": "#8ab8ff",
    "good": "#6fd39a",
    "bad": "#ff8a9c",
    "warn": "#f39523",
    "critical": "#f94178",
    "high": "#f39523",
    "medium": "#efd95f",
    "low": "#6c95c9",
    "info": "#9aa4b2",
    "on-critical": "#0f1318",
    "on-high": "#0f1318",
    "on-medium": "#0f1318",
    "on-low": "#0f1318",
    "on-info": "#0f1318",
    "shade-1": "#1c2530",
    "shade-2": "#22303f",
    "shade-3": "#293d53",
    "shade-4": "#324c69",
    "shade-5": "#3d5d80",
}


def variables(colours: Mapping[str, str]) -> str:
    """Returns the colours as CSS variables."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
