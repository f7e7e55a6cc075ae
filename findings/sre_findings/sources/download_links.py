"""Files that a server hands out: what was asked, kept for a while under a reference that nobody can
guess.

A reference is 32 random bytes, and what it stands for lies in the table. It could have been a
signed text instead; but every server behind a load balancer would then need one more secret, and
the question would stand in addresses, and so in logs.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sre_findings.model.access import Access, parse_access
from sre_findings.questions.findings import ExportFile, ExportFilters
from sre_findings.store.records import download_links as kept
from sre_findings.store.records.table import Table

GOOD_FOR = timedelta(minutes=15)
FOLDER = "/exports/"  # of a server: the reference stands behind it
REFERENCE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """What a file holds: the question, of one snapshot as of one moment, as a caller of this access
    sees it."""

    question: ExportFile
    snapshot_id: str
    asked_at: datetime
    access: Access

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        moment = {"snapshot_id": self.snapshot_id, "asked_at": self.asked_at.isoformat()}
        return {**asdict(self.question), **moment, "access": self.access.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DownloadRequest:
        """The reverse of :meth:`to_json`."""
        question = ExportFile(_rows(values["rows"]), values["form"], values["options"])
        moment = datetime.fromisoformat(values["asked_at"])
        return cls(question, values["snapshot_id"], moment, parse_access(values["access"]))


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """By what a file is fetched, until when, and where: ``url`` is None where the server does not
    know its own address."""

    reference: str
    expires_at: datetime
    path: str
    url: str | None


IssueLink = Callable[[DownloadRequest], DownloadLink]
"""Keeps what a file is to hold. Who has the reference, and sees what the asker saw, fetches it."""


class DownloadLinks:
    """The handouts of a table. ``base`` is the server's own address without its ``/mcp``, empty
    where it is not known."""

    def __init__(self, table: Table, good_for: timedelta = GOOD_FOR, base: str = "") -> None:
        self._table, self._good_for, self._base = table, good_for, base

    def __call__(self, handout: DownloadRequest) -> DownloadLink:
        """See IssueLink."""
        reference, until = secrets.token_urlsafe(32), handout.asked_at + self._good_for
        kept.write(self._table, reference, handout.to_json(), until)
        path = FOLDER + reference
        return DownloadLink(reference, until, path, f"{self._base}{path}" if self._base else None)

    def find(self, reference: str, access: Access, now: datetime) -> DownloadRequest | None:
        """What a reference stands for; None where nobody has it, where it is too old, and where the
        caller's access is not the one that it was asked with: these are not told apart."""
        values = kept.read(self._table, reference, now) if REFERENCE.fullmatch(reference) else None
        handout = DownloadRequest.from_json(values) if values else None
        return handout if handout and handout.access == access else None


def _rows(values: Mapping[str, Any]) -> ExportFilters:
    """The rows as they were asked: JSON has lists where a question has tuples."""
    given: dict[str, Any] = {one.name: values[one.name] for one in fields(ExportFilters)}
    tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return ExportFilters(**tuples)
