"""Writes files: atomic and durable, or directly to a device or pipe that a user names."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sre_findings.model.errors import StoreUnreadable, UsageError


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


_UNKNOWN_SIZE = 1 << 16
LARGEST = 1 << 20
"""The maximum size of a file that a user writes: settings, rules, lists; in bytes."""


def bounded(path: Path, largest: int = LARGEST) -> bytes:
    """Returns the content of a regular file with at most ``largest`` bytes.

    Anything else could be endless, or block: a device, a named pipe. Raises OSError for it, as for
    any file that cannot be read.
    """
    # a named pipe without a writer would block
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        # ``read`` allocates what it is asked for. Files of /proc have no size.
        room = min(max(found.st_size, _UNKNOWN_SIZE), largest)
        content = file.read(room + 1)
    if len(content) > room:
        raise OSError(errno.EFBIG, f"it is larger than {largest:,} bytes")
    return content


def user_file(path: Path, do: str = "") -> bytes:
    """Returns the content of a file that a user named (see ``bounded``).

    Raises UsageError, with the advice ``do``, if it cannot be read.
    """
    try:
        return bounded(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{path} cannot be read", why=why, do=do) from error


def user_text(path: Path, do: str = "") -> str:
    """Returns the text of a file that a user named. Raises UsageError also if it is not UTF-8."""
    try:
        return user_file(path, do).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} cannot be read", why="it is not UTF-8", do=do) from error


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


@contextlib.contextmanager
def mapped_errors(doing: str, unwritten: str = "") -> Iterator[None]:
    """Raises StoreUnreadable for an OSError, with its own message for a full disk.

    ``unwritten`` states what was not done because of a full disk, for example "nothing was
    committed".
    """
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        again = "Free some space, then run it again" + (f"; {unwritten}" if unwritten else "")
        do = f"{again}." if full else "Check the path and its permissions."
        why = "the disk is full" if full else (error.strerror or str(error))
        raise StoreUnreadable(doing, why=why, do=do) from error


@contextlib.contextmanager
def output(path: Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """Yields a file to write, for a path that a user gave.

    A regular file, also at the end of symbolic links, is replaced when the block ends without an
    error, and keeps its mode; a new one gets ``mode``. A device or named pipe is written directly.
    Creates no folder. Raises UsageError for any other kind of file, StoreUnreadable if the file
    cannot be written.
    """
    with mapped_errors(f"cannot write {path}", "the file was not written"):
        target, found = _target(path)
        if found and not stat.S_ISREG(found.st_mode):
            # without O_CREAT, and not by the resolved path, which /dev/stdout does not have
            with os.fdopen(os.open(path, os.O_WRONLY), "wb") as file:
                yield file
            return
        kept = stat.S_IMODE(found.st_mode) if found else mode
        draft_path = target.parent / f".draft-{uuid.uuid4().hex}"
        try:
            with draft_path.open("xb") as file:
                if kept is not None:
                    os.fchmod(file.fileno(), kept)
                yield file
                sync(file)
            settle(draft_path, target)
        finally:
            draft_path.unlink(missing_ok=True)


def output_folder(path: Path) -> Path:
    """Returns the folder that a user gave for files, absolute. Creates it, but not its parents.

    Raises UsageError if it is no folder, StoreUnreadable if it cannot be created.
    """
    with mapped_errors(f"cannot create {path}"):
        try:
            path.mkdir(exist_ok=True)
        except FileExistsError:
            raise UsageError(f"cannot write to {path}", why="it is not a folder") from None
    return path.absolute()


def _target(path: Path) -> tuple[Path, os.stat_result | None]:
    """Returns the file at the end of a path's symbolic links, and what it is; None if it is new.

    Raises UsageError for a link to nothing, and for a file that cannot be written like one.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            why = "it is a symbolic link to a file that does not exist"
            raise UsageError(f"cannot write {path}", why=why) from None
        return path.absolute(), None
    if not any(kind(found.st_mode) for kind in (stat.S_ISREG, stat.S_ISCHR, stat.S_ISFIFO)):
        why = "it is not a regular file, a character device or a named pipe"
        raise UsageError(f"cannot write {path}", why=why)
    return Path(os.path.realpath(path)), found
