"""The files of published reports in a store, and how they are written and read.

reports/index.html                              the index of all reports, newest first
reports/2026-11-22/index.html                   the report of a date, with findings.csv,
                                                findings.parquet and summary.json
reports/2026-11-22/owner/payments/index.html    the same for one owner
reports/2026-11-22/account/111122223333/…       and for one account
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from sre_findings.files import sync
from sre_findings.model.errors import UsageError
from sre_findings.store.objects.blobs import Blobs, FolderBlobs, Missing, Served, Taken

if TYPE_CHECKING:  # readers of reports need none of these imports
    from sre_findings.sources.sources import Sources

ROOT, PAGE, SUMMARY, CSV, PARQUET = (
    "reports/",
    "index.html",
    "summary.json",
    "findings.csv",
    "findings.parquet",
)
TYPES = {
    PAGE: "text/html; charset=utf-8",
    SUMMARY: "application/json",
    CSV: "text/csv; charset=utf-8; header=present",
    PARQUET: "application/vnd.apache.parquet",
}
# No shared cache may keep a report, and browsers revalidate it each time.
CACHE = "private, no-cache"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]*")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class View:
    """The scope of a report: all resources, or one ``owner`` or ``account`` (its ``kind``)."""

    kind: str = ""
    value: str = ""

    @property
    def folder(self) -> str:
        """The folder of the view within that of a date; empty for all resources."""
        return f"{self.kind}/{slug(self.value)}/" if self.kind else ""

    def __str__(self) -> str:
        return f"{self.kind} {self.value}" if self.kind else "all resources"


WHOLE = View()


def slug(text: str) -> str:
    """Returns a unique folder name for a text, which needs no escaping in URLs, shells or HTML.

    A plain text is its own name. Any other text becomes its readable part, ``--`` and its hash.
    """
    if len(text) <= _LONGEST and _PLAIN.fullmatch(text) and "--" not in text and ".." not in text:
        return text
    readable = re.sub(r"[^a-z0-9]+", "-", text.lower())[:32].strip("-")
    return (
        f"{readable or 'x'}--{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:16]}"
    )


def is_day(text: str) -> bool:
    """Returns whether the text is a date as in folder names: ``2026-11-22``."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def key_of(day: str, view: View = WHOLE, name: str = PAGE) -> str:
    """Returns the key of a file of a report.

    ``day`` is a date in UTC, or empty for a folder with a single report. Raises UsageError for
    any other date or name.
    """
    if day and not is_day(day):
        raise UsageError(f"{day!r} is not a date", do="Use 2026-11-22.")
    if name not in TYPES:
        raise UsageError(f"a report has no file {name!r}", do=f"Use one of: {', '.join(TYPES)}.")
    return f"{ROOT}{day}/{view.folder}{name}" if day else f"{view.folder}{name}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The published reports of a store."""

    blobs: Blobs

    def days(self) -> list[str]:
        """Returns the dates with published reports, oldest first."""
        return [name for name in self.blobs.folders(ROOT) if is_day(name)]

    def has(self, day: str, view: View = WHOLE) -> bool:
        """Returns whether a report is published. Its page is the last file to be written."""
        key = key_of(day, view)
        return key in self.blobs.keys(key)

    def read(self, day: str, view: View = WHOLE, name: str = PAGE) -> bytes | None:
        """Returns a file of a report; None if it does not exist."""
        return self.read_in(key_of(day, view).removesuffix(PAGE), name)

    def pages(self, day: str) -> list[str]:
        """Returns the folder of each report of a date: all resources, then accounts and owners."""
        keys = self.blobs.keys(f"{ROOT}{day}/")
        return sorted(key.removesuffix(PAGE) for key in keys if key.endswith(f"/{PAGE}"))

    def read_in(self, folder: str, name: str) -> bytes | None:
        """Returns a file of the report in a folder from ``pages``; None if it does not exist."""
        try:
            return self.blobs.read(folder + name)
        except Missing:
            return None

    def replace(self, folder: str, name: str, body: bytes) -> None:
        """Replaces a file of a report atomically."""
        with self.blobs.write(folder + name, Served(TYPES[name], CACHE)) as file:
            file.write(body)

    def refuse(self, day: str, view: View, *, again: bool) -> None:
        """Raises UsageError if the report is already published, unless ``again``."""
        if not again and self.has(day, view):
            raise _is_there(day, view)

    def place(self, day: str, view: View = WHOLE) -> str:
        """Returns the location of a report for display: a path or ``s3://…``."""
        return _place(self.blobs, key_of(day, view))

    def link(self, day: str, view: View, seconds: int) -> str:
        """Returns a download link, valid for some ``seconds`` for anyone with the link.

        Raises UsageError if the report is not published.
        """
        try:
            return self.blobs.link(key_of(day, view), seconds)
        except Missing:
            raise UsageError(
                f"no report for {view} is published for {day}", do="Run: sre-cli report."
            ) from None

    @contextlib.contextmanager
    def write(
        self, day: str, view: View = WHOLE, *, again: bool = True
    ) -> Iterator[Mapping[str, BinaryIO]]:
        """Opens the files of a report for writing.

        They are published when the block ends without an error, the page last. All files are on
        disk before the first one appears, so a full disk leaves the previous report. Unless
        ``again``, raises UsageError if the report is published by then.
        """
        try:
            with contextlib.ExitStack() as files:
                opened: dict[str, BinaryIO] = {}
                # A stack closes in reverse, so the page, opened first, comes last.
                for name, kind in TYPES.items():
                    once = name == PAGE and not again
                    opened[name] = files.enter_context(
                        self.blobs.write(key_of(day, view, name), Served(kind, CACHE), once=once)
                    )
                yield opened
                for file in opened.values():
                    sync(file)
                self.refuse(day, view, again=again)
        except Taken:
            raise _is_there(day, view) from None

    def write_list(self, page: str) -> str:
        """Writes the index of all reports, and returns its location."""
        key = ROOT + PAGE
        with self.blobs.write(key, Served(TYPES[PAGE], CACHE)) as file:
            file.write(page.encode())
        return _place(self.blobs, key)


def shelf_of(sources: Sources) -> Shelf:
    """Returns the published reports in the store of the snapshots."""
    # Sources are read-only; reports are the only files written next to the snapshots.
    return Shelf(cast("Blobs", sources.stores.snapshots.blobs))


def shelf_in(folder: Path) -> Shelf:
    """Returns a folder with the reports of a single date."""
    return Shelf(FolderBlobs(folder.absolute()))


def _place(blobs: Blobs, key: str) -> str:
    parts = urlsplit(blobs.url)
    return str(Path(unquote(parts.path)) / key) if parts.scheme == "file" else f"{blobs.url}/{key}"


def _is_there(day: str, view: View) -> UsageError:
    return UsageError(
        f"the report for {view} is already published for {day}", do="Replace it with --again."
    )
