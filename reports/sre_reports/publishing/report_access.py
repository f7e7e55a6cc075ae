"""Which published reports a client may read.

Addresses have a few valid forms; all others are rejected. A client with access to everything reads
every report. Others read the report of an owner if they have access to it in all accounts, and the
report of an account if they have access to all owners.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sre_findings.model.access import Access
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import Missing
from sre_reports.publishing.report_files import (
    PAGE,
    ROOT,
    TYPES,
    is_day,
    slug,
)

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Address:
    """A published file: the index, or a file of a report.

    ``day`` is empty for the index. ``kind`` and ``folder`` select the report of an owner or
    account; without them, the address is of the report for all resources.
    """

    day: str
    kind: str
    folder: str
    name: str

    @property
    def key(self) -> str:
        """The key of the file in the store."""
        return (
            ROOT
            + "".join(f"{part}/" for part in (self.day, self.kind, self.folder) if part)
            + self.name
        )

    @property
    def media_type(self) -> str:
        """The media type of the file."""
        return TYPES[self.name]

    def is_open_to(self, access: Access) -> bool:
        """Returns whether the access covers everything in the file."""
        if self.kind == "owner":
            return access.all_accounts and (
                access.all_owners or self.folder in map(slug, access.owners)
            )
        if self.kind == "account":
            return access.all_owners and access.allows_account(self.folder)
        return access.everything


def address(path: str) -> Address | None:
    """Parses a path below ``reports/`` such as ``2026-11-22/owner/payments/findings.csv``.

    A path to a folder means its page. Returns None for any other path. Each part must match its own
    grammar, and none of them allows ``..``.
    """
    *folders, name = path.split("/")
    day, kind, folder = (*folders, "", "", "")[:3]
    found = Address(day, kind, folder, name or PAGE)
    known = found.name in TYPES if day else found.name == PAGE
    fits = not folders or (
        is_day(day) and (len(folders) == 1 or (len(folders) == 3 and _is_view(kind, folder)))
    )
    return found if known and fits else None


def _is_view(kind: str, folder: str) -> bool:
    form = {"owner": _SLUG, "account": _ACCOUNT}.get(kind)
    return bool(form and form.fullmatch(folder))


def fetched(place: Address, sources: Sources, to: Path) -> Path | None:
    """Returns the path of the file: its own in a folder store, else ``to``.

    From any other store, the file is copied to ``to``. Returns None if the file does not exist or
    the client has no access. The store is not accessed without access.
    """
    if not place.is_open_to(sources.caller.access):
        return None
    try:
        return sources.stores.snapshots.blobs.fetch(place.key, to)
    except Missing:
        return None
