"""Atomic and durable file writes."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def draft(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside the target that no reader lists, and removes it afterwards.

    Creates the folder if it is missing.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.parent / f".draft-{uuid.uuid4().hex}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """Yields a file to write, and moves it to ``target`` if the block ends without an error.

    Until then ``target`` does not change. Afterwards the file is durable.
    """
    with draft(target) as path:
        with path.open("xb") as file:
            yield file
            sync(file)
        settle(path, target)


def settle(path: Path, target: Path, *, once: bool = False) -> None:
    """Moves a draft to its target, durably.

    With ``once``, raises FileExistsError and moves nothing if the target exists: a hard link is
    created atomically on every POSIX file system, and only if the name is free.
    """
    if once:
        target.hardlink_to(path)
    else:
        path.replace(target)
    sync_folder(target.parent)


def sync(file: BinaryIO) -> None:
    """Flushes a file's content to disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes a rename or link durable: the folder holds it, not the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
