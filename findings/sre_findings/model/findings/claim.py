"""A claim: one person takes a finding until a date. It changes nothing else about the finding.

A claim is live until the end of its last day (UTC), then it has lapsed. One that was released, or
whose finding is resolved, is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sre_findings.model.errors import UsageError
from sre_findings.model.text import Text, phrase
from sre_findings.model.timestamps import iso, iso_date

LONGEST = timedelta(days=30)
"""How far ahead the last day of a claim may be."""
KEPT = timedelta(days=30)
"""How long a claim is kept after its last day."""
_DAYS = re.compile(r"(\d{1,3})d\Z")


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """The finding that a claim is about: a vulnerability on a resource."""

    account_id: str
    region: str
    resource_id: str
    vulnerability_id: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim. ``by`` identifies the person, ``name`` is shown.

    ``released_at`` is set once the person has given the finding back.
    """

    key: ClaimKey
    resource_name: str
    by: str
    name: str
    until: date
    taken_at: datetime
    released_at: datetime | None = None

    def is_live(self, today: date) -> bool:
        """Whether the finding is taken on this day."""
        return self.released_at is None and today <= self.until

    def has_lapsed(self, today: date) -> bool:
        """Whether the last day is over and the claim was not released."""
        return self.released_at is None and today > self.until

    def is_kept(self, today: date) -> bool:
        """Whether the claim is still shown; a table may delete expired rows late or never."""
        return self.released_at is None and today - KEPT <= self.until

    def words(self, today: date) -> Text:
        """Who has the finding and until when, as a clause."""
        if self.has_lapsed(today):
            return phrase("the claim of {} lapsed after {}", self.name, self.until)
        return phrase("taken by {} until {}", self.name, self.until)

    def mark(self, today: date) -> dict[str, str]:
        """The ``claim`` of a finding's JSON."""
        return {
            "by": self.by,
            "name": self.name,
            "until": iso_date(self.until),
            "taken_at": iso(self.taken_at),
            "state": "lapsed" if self.has_lapsed(today) else "live",
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the table."""
        key = self.key
        return {
            "account_id": key.account_id,
            "region": key.region,
            "resource_id": key.resource_id,
            "vulnerability_id": key.vulnerability_id,
            "resource_name": self.resource_name,
            "by": self.by,
            "name": self.name,
            "until": iso_date(self.until),
            "taken_at": iso(self.taken_at),
            "released_at": iso(self.released_at),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Claim:
        """The reverse of :meth:`to_json`."""
        key = ClaimKey(
            values["account_id"],
            values["region"],
            values["resource_id"],
            values["vulnerability_id"],
        )
        released = values["released_at"]
        return cls(
            key,
            values["resource_name"],
            values["by"],
            values["name"],
            date.fromisoformat(values["until"]),
            datetime.fromisoformat(values["taken_at"]),
            datetime.fromisoformat(released) if released else None,
        )


def parse_until(text: str, today: date) -> date:
    """Parses the last day of a claim: ``tomorrow``, ``7d`` or ``2026-12-08``.

    Raises UsageError for any other text, and for a day before today or more than LONGEST ahead.
    """
    until = _day(text.strip().lower(), today)
    if until is None:
        raise UsageError(
            phrase("{!r} is not a day", text[:40]),
            do=phrase("Use a date such as {}, 7d or tomorrow.", today + timedelta(days=7)),
        )
    if not today <= until <= today + LONGEST:
        raise UsageError(
            phrase("a claim ends between today and {}", today + LONGEST),
            why=phrase("{} is outside", until),
            do=phrase("Choose another day, and renew the claim later if you need to."),
        )
    return until


def _day(text: str, today: date) -> date | None:
    if text in ("today", "tomorrow"):
        return today + timedelta(days=int(text == "tomorrow"))
    if found := _DAYS.match(text):
        return today + timedelta(days=int(found[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
