"""Files in a folder or bucket, behind one small protocol."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sre_findings.files import bounded, draft, mapped_errors, settle, sync
from sre_findings.model.errors import UsageError
from sre_findings.store.objects.blob_keys import checked, checked_prefix, inside


class Missing(Exception):
    """Raised if a blob does not exist."""


class Taken(Exception):
    """Raised if another blob already has the key."""


@dataclass(frozen=True, slots=True)
class Served:
    """HTTP headers of a blob. A bucket stores them; in a folder the file name determines them."""

    content_type: str
    cache_control: str


class BlobReader(Protocol):
    """Named bytes, read-only.

    Keys use ``/``; one that leads out of the store is refused with StoreUnreadable
    (``blob_keys``). I/O errors are raised as StoreUnreadable too.
    """

    @property
    def url(self) -> str:
        """The URL of the store, in the form of SRE_STORE."""
        ...

    def read(self, key: str) -> bytes:
        """Returns the whole blob. Raises Missing if it does not exist."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yields every key with this prefix, in order."""
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """Yields the folder names directly below the prefix, which ends with ``/``, in order."""
        ...

    def fetch(self, key: str, to: Path, size: int | None = None) -> Path:
        """Returns a path at which the blob can be read.

        In a folder this is the blob's own path; otherwise the blob is copied to ``to``, unless
        it has another size than ``size``: then StoreUnreadable is raised and nothing is copied.
        Raises Missing if the blob does not exist.
        """
        ...

    def link(self, key: str, seconds: int) -> str:
        """Returns a URL that allows reading the blob without credentials for ``seconds``.

        Raises Missing if the blob does not exist, and UsageError if the store has no such
        links.
        """
        ...


class Blobs(BlobReader, Protocol):
    """Named bytes that are written once."""

    def write(
        self, key: str, served: Served | None = None, *, once: bool = False
    ) -> AbstractContextManager[BinaryIO]:
        """Opens a file for writing and reading back.

        The blob exists, complete and durable, once the block ends without an error. With
        ``once``, the block raises Taken and changes nothing if the key exists by then.
        """
        ...

    def create(self, key: str, body: bytes) -> bool:
        """Writes the blob if its key is free, atomically among all writers.

        Returns False if the key already exists.
        """
        ...

    def delete(self, key: str) -> None:
        """Removes the blob if it exists."""
        ...

    def copy(self, key: str, to: str) -> None:
        """Copies a blob to another key, replacing any blob there. The copy is complete or absent.

        Raises Missing if the blob does not exist.
        """
        ...


LARGEST = 256 * 1024**2  # bytes of a file that is read as a whole: a manifest has at most a few MB
_UNWRITTEN = "the file was not written"


class FolderBlobs:
    """Blobs in a folder.

    A blob is written to a temporary file next to its target, flushed to disk, and renamed or
    linked. No key and no symbolic link leads out of the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        """The folder's URL, ``file:///…``."""
        return self._folder.as_uri()

    def read(self, key: str) -> bytes:
        """See Blobs."""
        path = self._path(key)
        with mapped_errors(f"cannot read {path}"):
            try:
                return bounded(path, LARGEST)
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
        target = self._path(key, follow=False)
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
        start = inside(self._folder, checked_prefix(prefix).rpartition("/")[0])
        with mapped_errors(f"cannot list {start}"):
            found = [path.relative_to(self._folder).as_posix() for path in _files(start)]
        yield from sorted(k for k in found if k.startswith(prefix))

    def folders(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        start = inside(self._folder, checked_prefix(prefix))
        with mapped_errors(f"cannot list {start}"):
            found = [entry.name for entry in _entries(start) if entry.is_dir()]
        yield from sorted(found)

    def delete(self, key: str) -> None:
        """See Blobs. Folders that become empty are removed too."""
        path = self._path(key, follow=False)
        with mapped_errors(f"cannot delete {path}"):
            path.unlink(missing_ok=True)
            for folder in list(path.parents)[: key.count("/")]:
                try:
                    folder.rmdir()
                except OSError:
                    return

    def copy(self, key: str, to: str) -> None:
        """See Blobs. Creates a hard link, which uses no disk space."""
        source, target = self._path(key), self._path(to, follow=False)
        with mapped_errors(f"cannot write {target}", _UNWRITTEN), draft(target) as path:
            try:
                path.hardlink_to(source)
            except (FileNotFoundError, NotADirectoryError):
                raise Missing(key) from None
            settle(path, target)

    def fetch(self, key: str, to: Path, size: int | None = None) -> Path:  # noqa: ARG002 - a folder needs no copy
        """See Blobs."""
        path = self._path(key)
        with mapped_errors(f"cannot read {path}"):
            if not path.is_file():
                raise Missing(key)
        return path

    def link(self, key: str, seconds: int) -> str:  # noqa: ARG002 - a folder has no links
        """Raises UsageError: a folder has no download links."""
        do = "Open the file itself, or serve it."
        raise UsageError(f"a download link needs a bucket, and {self._folder} is a folder", do=do)

    def _path(self, key: str, *, follow: bool = True) -> Path:
        """Returns the path of a key. Raises StoreUnreadable if it is outside the folder."""
        return inside(self._folder, checked(key), follow=follow)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Returns the entries of the folder, or an empty list if it does not exist."""
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []


def _files(folder: Path) -> Iterator[Path]:
    """Yields every file and symbolic link below the folder, except hidden ones."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif not entry.name.startswith("."):
            yield Path(entry.path)
