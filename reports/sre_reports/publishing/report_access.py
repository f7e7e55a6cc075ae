"""Published reports as a caller may read them: an address is one of a few forms, or it is nothing.

Who sees everything reads every page. Others read the pages of an owner or an account that they see
whole: of an owner in every account, of an account whoever owns what is in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sre_findings.model.access import Access
from sre_findings.sources.sources import Sources
from sre_findings.store.blobs import Missing
from sre_reports.publishing.report_files import (
    PAGE,
    ROOT,
    TYPES,
    is_night,
    slug,
)

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Address:
    """A published file: of every night (the empty ``night``), of one, or of one's owner or account
    (``kind`` and ``folder``)."""

    night: str
    kind: str
    folder: str
    name: str

    @property
    def key(self) -> str:
        """Where it lies in a store."""
        return (
            ROOT
            + "".join(f"{part}/" for part in (self.night, self.kind, self.folder) if part)
            + self.name
        )

    @property
    def media_type(self) -> str:
        """What it is."""
        return TYPES[self.name]

    def is_open_to(self, access: Access) -> bool:
        """Whether all that it tells may be seen."""
        if self.kind == "owner":
            return access.all_accounts and (
                access.all_owners or self.folder in map(slug, access.owners)
            )
        if self.kind == "account":
            return access.all_owners and access.allows_account(self.folder)
        return access.everything


def address(path: str) -> Address | None:
    """The file that ``2026-11-22/owner/payments/findings.csv`` names below the reports; a folder
    means its page.

    None for everything else: of no part is more taken than its own grammar has, and none of these
    has a way up.
    """
    *folders, name = path.split("/")
    night, kind, folder = (*folders, "", "", "")[:3]
    found = Address(night, kind, folder, name or PAGE)
    known = found.name in TYPES if night else found.name == PAGE
    fits = not folders or (
        is_night(night) and (len(folders) == 1 or (len(folders) == 3 and _is_view(kind, folder)))
    )
    return found if known and fits else None


def _is_view(kind: str, folder: str) -> bool:
    form = {"owner": _SLUG, "account": _ACCOUNT}.get(kind)
    return bool(form and form.fullmatch(folder))


def fetched(place: Address, sources: Sources, to: Path) -> Path | None:
    """Where the file can be read: its own path in a folder, else ``to``, written in full. None
    where it is not there, or not for this caller: the store is not asked about what they may not
    read."""
    if not place.is_open_to(sources.access):
        return None
    try:
        return sources.snapshots.blobs.fetch(place.key, to)
    except Missing:
        return None
