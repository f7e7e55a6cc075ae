"""Where published reports lie in a store, and how they are put there and read.

reports/index.html                              every night, the newest first
reports/2026-11-22/index.html                   the page of a night, with findings.csv,
findings.parquet and summary.json reports/2026-11-22/owner/payments/index.html    the same for what
one owner answers for reports/2026-11-22/account/111122223333/…       and for one account
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
from sre_findings.store.blobs import Blobs, FolderBlobs, Missing, Served, Taken

if TYPE_CHECKING:  # who reads a page needs none of what makes one
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
# No cache that several share may keep it, and a reader's own asks each time whether it changed.
CACHE = "private, no-cache"
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

    def __str__(self) -> str:
        return f"{self.kind} {self.value}" if self.kind else "everything"


WHOLE = View()


def slug(text: str) -> str:
    """A name for a folder: no two texts have the same. Nothing in it needs escaping in a URL, a
    shell or HTML.

    What is plain stays as it is. Anything else keeps what can be read of it, and ends with ``--``
    and its hash.
    """
    if len(text) <= _LONGEST and _PLAIN.fullmatch(text) and "--" not in text and ".." not in text:
        return text
    readable = re.sub(r"[^a-z0-9]+", "-", text.lower())[:32].strip("-")
    return (
        f"{readable or 'x'}--{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:16]}"
    )


def is_night(text: str) -> bool:
    """Whether it is a day as folders are named: 2026-11-22."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def key_of(night: str, view: View = WHOLE, name: str = PAGE) -> str:
    """Where a file of a page lies. A night is a day in UTC; the empty one is a folder that holds a
    single night."""
    if night and not is_night(night):
        raise UsageError(f"{night!r} is not a night", do="Use 2026-11-22.")
    if name not in TYPES:
        raise UsageError(f"a report has no file {name!r}", do=f"It has {', '.join(TYPES)}.")
    return f"{ROOT}{night}/{view.folder}{name}" if night else f"{view.folder}{name}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The published reports of a store."""

    blobs: Blobs

    def nights(self) -> list[str]:
        """The nights that something was published of, the oldest first."""
        return [name for name in self.blobs.folders(ROOT) if is_night(name)]

    def has(self, night: str, view: View = WHOLE) -> bool:
        """Whether the page is published: it is the last of its files to be there."""
        key = key_of(night, view)
        return key in self.blobs.keys(key)

    def read(self, night: str, view: View = WHOLE, name: str = PAGE) -> bytes | None:
        """A file of a page; None where it is not there."""
        return self.read_in(key_of(night, view).removesuffix(PAGE), name)

    def pages(self, night: str) -> list[str]:
        """The folder of each page of a night: the whole estate's first, then those of accounts and
        owners."""
        keys = self.blobs.keys(f"{ROOT}{night}/")
        return sorted(key.removesuffix(PAGE) for key in keys if key.endswith(f"/{PAGE}"))

    def read_in(self, folder: str, name: str) -> bytes | None:
        """A file of the page in a folder, as ``pages`` gives it; None where it is not there."""
        try:
            return self.blobs.read(folder + name)
        except Missing:
            return None

    def replace(self, folder: str, name: str, body: bytes) -> None:
        """Replaces a file of a page, whole or not at all."""
        with self.blobs.write(folder + name, Served(TYPES[name], CACHE)) as file:
            file.write(body)

    def refuse(self, night: str, view: View, *, again: bool) -> None:
        """Raises UsageError where the page is there, unless it is published ``again``."""
        if not again and self.has(night, view):
            raise _is_there(night, view)

    def place(self, night: str, view: View = WHOLE) -> str:
        """Where the page is, for people: a path, or ``s3://…``."""
        return _place(self.blobs, key_of(night, view))

    def link(self, night: str, view: View, seconds: int) -> str:
        """A URL by which whoever holds it reads the page, for so long. Raises UsageError where it
        is not published."""
        try:
            return self.blobs.link(key_of(night, view), seconds)
        except Missing:
            raise UsageError(
                f"no report of {view} is published for {night}", do="Run: sre-cli report."
            ) from None

    @contextlib.contextmanager
    def write(
        self, night: str, view: View = WHOLE, *, again: bool = True
    ) -> Iterator[Mapping[str, BinaryIO]]:
        """The files of a page, to be written. Once the block ends without an error they are there,
        the page last.

        Each appears whole, and all were on the disk before the first does: one that fills leaves
        what was there. Unless ``again``, raises UsageError where the page is there by then.
        """
        try:
            with contextlib.ExitStack() as files:
                opened: dict[str, BinaryIO] = {}
                # a stack closes in reverse, so the page, opened first, comes last
                for name, kind in TYPES.items():
                    once = name == PAGE and not again
                    opened[name] = files.enter_context(
                        self.blobs.write(key_of(night, view, name), Served(kind, CACHE), once=once)
                    )
                yield opened
                for file in opened.values():
                    sync(file)
                self.refuse(night, view, again=again)
        except Taken:
            raise _is_there(night, view) from None

    def write_list(self, page: str) -> str:
        """Puts the page that lists every night in its place, and tells where that is."""
        key = ROOT + PAGE
        with self.blobs.write(key, Served(TYPES[PAGE], CACHE)) as file:
            file.write(page.encode())
        return _place(self.blobs, key)


def shelf_of(sources: Sources) -> Shelf:
    """The reports beside the snapshots that are asked."""
    # Sources only read. Reports are the one thing that is written beside the snapshots they tell of.
    return Shelf(cast("Blobs", sources.snapshots.blobs))


def shelf_in(folder: Path) -> Shelf:
    """A folder that holds one night."""
    return Shelf(FolderBlobs(folder.absolute()))


def _place(blobs: Blobs, key: str) -> str:
    parts = urlsplit(blobs.url)
    return str(Path(unquote(parts.path)) / key) if parts.scheme == "file" else f"{blobs.url}/{key}"


def _is_there(night: str, view: View) -> UsageError:
    return UsageError(
        f"the report of {view} is published for {night} already", do="Replace it with --again."
    )
