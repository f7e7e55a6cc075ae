"""Download links for files: each request is stored for a while under a random reference.

A reference is 32 random bytes, and its request is stored in the table. A signed text would also
work, but every server behind a load balancer would then need one more secret, and the query would
be part of URLs and logs.
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
FOLDER = "/exports/"  # path on the server, followed by the reference
REFERENCE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """The content of a file: a query on one snapshot at one time, with the access of one client."""

    question: ExportFile
    snapshot_id: str
    asked_at: datetime
    access: Access

    def to_json(self) -> dict[str, Any]:
        """The request as plain data, for the table."""
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
    """How to download a file, and until when.

    ``url`` is None if the server does not know its own address.
    """

    reference: str
    expires_at: datetime
    path: str
    url: str | None


IssueLink = Callable[[DownloadRequest], DownloadLink]
"""Stores a request and returns its link.

A client can use the link only with the access that the request was made with.
"""


class DownloadLinks:
    """The download links in a table.

    ``base`` is the server's address without ``/mcp``; empty if it is not known.
    """

    def __init__(self, table: Table, good_for: timedelta = GOOD_FOR, base: str = "") -> None:
        self._table, self._good_for, self._base = table, good_for, base

    def __call__(self, handout: DownloadRequest) -> DownloadLink:
        """Stores the request and returns its link (see IssueLink)."""
        reference, until = secrets.token_urlsafe(32), handout.asked_at + self._good_for
        kept.write(self._table, reference, handout.to_json(), until)
        path = FOLDER + reference
        return DownloadLink(reference, until, path, f"{self._base}{path}" if self._base else None)

    def find(self, reference: str, access: Access, now: datetime) -> DownloadRequest | None:
        """The request of a reference.

        Returns None if the reference is unknown or has expired, or if the access differs from that
        of the request. The client cannot distinguish these cases.
        """
        values = kept.read(self._table, reference, now) if REFERENCE.fullmatch(reference) else None
        handout = DownloadRequest.from_json(values) if values else None
        return handout if handout and handout.access == access else None


def _rows(values: Mapping[str, Any]) -> ExportFilters:
    """The filters from JSON, with lists converted to tuples."""
    given: dict[str, Any] = {one.name: values[one.name] for one in fields(ExportFilters)}
    tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return ExportFilters(**tuples)
