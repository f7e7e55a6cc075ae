"""Where published reports lie in a store, and how they are read.

reports/index.html                              every night, the newest first
reports/2026-11-22/index.html                   the page of a night, with findings.csv, findings.parquet and summary.json
reports/2026-11-22/owner/payments/index.html    the same for what one owner answers for
reports/2026-11-22/account/111122223333/…       and for one account
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

ROOT, PAGE, SUMMARY, CSV, PARQUET = "reports/", "index.html", "summary.json", "findings.csv", "findings.parquet"
TYPES = {
    PAGE: "text/html; charset=utf-8",
    SUMMARY: "application/json",
    CSV: "text/csv; charset=utf-8; header=present",
    PARQUET: "application/vnd.apache.parquet",
}
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]*")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class View:
    """Of what a page tells: of everything, or of one ``owner`` or ``account`` (its ``kind``)."""

    kind: str = ""
    value: str = ""

    @property
    def folder(self) -> str:
        """Its folder within a night's; empty for everything."""
        return f"{self.kind}/{slug(self.value)}/" if self.kind else ""


WHOLE = View()


def slug(text: str) -> str:
    """A name for a folder: no two texts have the same. Nothing in it needs escaping in a URL, a shell or HTML.

    What is plain stays as it is. Anything else keeps what can be read of it, and ends with ``--`` and its hash.
    """
    if len(text) <= _LONGEST and _PLAIN.fullmatch(text) and "--" not in text:
        return text
    readable = re.sub(r"[^a-z0-9]+", "-", text.lower())[:32].strip("-")
    return f"{readable or 'x'}--{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:16]}"


def is_night(text: str) -> bool:
    """Whether it is a day as folders are named: 2026-11-22."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
