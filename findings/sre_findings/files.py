"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def draft(target: Path) -> Iterator[Path]:
    """A path beside the target's own that no reader lists, gone afterwards whatever happens. Makes
    the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.parent / f".draft-{uuid.uuid4().hex}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """A file to write; it is at ``target``, durable, once the block ends without an error, and not
    before."""
    with draft(target) as path:
        with path.open("xb") as file:
            yield file
            sync(file)
        settle(path, target)


def settle(path: Path, target: Path, *, once: bool = False) -> None:
    """Moves a draft into its place, durably. With ``once`` FileExistsError says that something is
    there, and nothing moves.

    A hard link is the atomic "only if absent" that every POSIX file system keeps.
    """
    if once:
        target.hardlink_to(path)
    else:
        path.replace(target)
    sync_folder(target.parent)


def sync(file: BinaryIO) -> None:
    """Makes what was written durable."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes a rename or link durable: it lives in the folder, not in the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
