"""Files in a folder or a bucket, behind one small protocol."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sre_findings.files import draft, settle, sync
from sre_findings.model.errors import StoreUnreadable, UsageError


class Missing(Exception):
    """No blob has this key."""


class Taken(Exception):
    """Another blob has this key already."""


@dataclass(frozen=True, slots=True)
class Served:
    """HTTP headers of a blob. A bucket stores them; for a file in a folder its name decides."""

    content_type: str
    cache_control: str


class BlobReader(Protocol):
    """Named bytes, for reading. Keys use ``/``. Errors of the medium arrive as StoreUnreadable."""

    @property
    def url(self) -> str:
        """Where this is, as SRE_STORE writes it."""
        ...

    def read(self, key: str) -> bytes:
        """The whole blob. Raises Missing."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins so, in order."""
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """The names that follow the prefix up to the next ``/``, in order; a prefix ends with ``/``
        itself."""
        ...

    def fetch(self, key: str, to: Path) -> Path:
        """A path where the blob can be read: its own in a folder, else ``to``, written in full.
        Raises Missing."""
        ...

    def link(self, key: str, seconds: int) -> str:
        """A URL that reads the blob without credentials for so many seconds. Raises Missing, and
        UsageError if the medium has no such links."""
        ...


class Blobs(BlobReader, Protocol):
    """Named bytes that are written once."""

    def write(
        self, key: str, served: Served | None = None, *, once: bool = False
    ) -> AbstractContextManager[BinaryIO]:
        """A file to write and to read back; the blob exists, whole and durable, once the block ends
        without an error.

        With ``once`` the block ends with Taken, and nothing changes, where another has the key by
        then.
        """
        ...

    def create(self, key: str, body: bytes) -> bool:
        """Writes the blob if no other has the key, atomically among all writers; False if one
        has."""
        ...

    def delete(self, key: str) -> None:
        """Removes the blob, if it is there."""
        ...

    def copy(self, key: str, to: str) -> None:
        """Gives the bytes of a blob a second key, whole or not at all; what has that key is
        replaced. Raises Missing."""
        ...


@contextlib.contextmanager
def mapped_errors(doing: str, unwritten: str = "") -> Iterator[None]:
    """Raises StoreUnreadable for an OSError; a full disk is named as such.

    ``unwritten`` is what a full disk left undone, for example "nothing was committed".
    """
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        again = "Free some space, then run it again" + (f"; {unwritten}" if unwritten else "")
        do = f"{again}." if full else "Check the path and its permissions."
        why = "the disk is full" if full else (error.strerror or str(error))
        raise StoreUnreadable(doing, why=why, do=do) from error


_UNWRITTEN = "the file was not written"


class FolderBlobs:
    """A folder. A blob is written beside its place, flushed to the disk, and renamed or linked into
    it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        """``file:///…``."""
        return self._folder.as_uri()

    def read(self, key: str) -> bytes:
        """See Blobs."""
        with mapped_errors(f"cannot read {self._folder / key}"):
            try:
                return (self._folder / key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                raise Missing(key) from None

    @contextlib.contextmanager
    def write(
        self,
        key: str,
        served: Served | None = None,  # noqa: ARG002 - only S3 serves files
        *,
        once: bool = False,
    ) -> Iterator[BinaryIO]:
        """See Blobs."""
        target = self._folder / key
        with mapped_errors(f"cannot write {target}", _UNWRITTEN), draft(target) as path:
            with path.open("x+b") as file:
                yield file
                sync(file)
            try:
                settle(path, target, once=once)
            except FileExistsError:
                raise Taken(key) from None

    def create(self, key: str, body: bytes) -> bool:
        """See Blobs."""
        try:
            with self.write(key, once=True) as file:
                file.write(body)
        except Taken:
            return False
        return True

    def keys(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        start = self._folder / prefix.rpartition("/")[0]
        with mapped_errors(f"cannot list {start}"):
            found = [path.relative_to(self._folder).as_posix() for path in _files(start)]
        yield from sorted(k for k in found if k.startswith(prefix))

    def folders(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        start = self._folder / prefix
        with mapped_errors(f"cannot list {start}"):
            found = [entry.name for entry in _entries(start) if entry.is_dir()]
        yield from sorted(found)

    def delete(self, key: str) -> None:
        """See Blobs. Folders that become empty go too."""
        path = self._folder / key
        with mapped_errors(f"cannot delete {path}"):
            path.unlink(missing_ok=True)
            for folder in list(path.parents)[: key.count("/")]:
                try:
                    folder.rmdir()
                except OSError:
                    return

    def copy(self, key: str, to: str) -> None:
        """See Blobs. A hard link: it takes no room."""
        target = self._folder / to
        with mapped_errors(f"cannot write {target}", _UNWRITTEN), draft(target) as path:
            try:
                path.hardlink_to(self._folder / key)
            except (FileNotFoundError, NotADirectoryError):
                raise Missing(key) from None
            settle(path, target)

    def fetch(self, key: str, to: Path) -> Path:  # noqa: ARG002 - a folder needs no copy
        """See Blobs."""
        path = self._folder / key
        with mapped_errors(f"cannot read {path}"):
            if not path.is_file():
                raise Missing(key)
        return path

    def link(self, key: str, seconds: int) -> str:  # noqa: ARG002 - a folder signs nothing
        """See Blobs. Refused."""
        do = "Open the file itself, or serve it."
        raise UsageError(f"a download link needs a bucket, and {self._folder} is a folder", do=do)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in the folder; nothing where there is none. One that may not be read is an
    error."""
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []


def _files(folder: Path) -> Iterator[Path]:
    """Every file below the folder but hidden ones."""
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _files(Path(entry.path))
        elif not entry.name.startswith("."):
            yield Path(entry.path)
