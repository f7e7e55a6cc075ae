"""The form of every key that a store reads, writes or deletes, and its place in a folder.

``store/snapshots/keys.py`` has the stricter grammar of each kind of file. This form is a second
wall: whatever a key was made of, it stays inside the store.
"""

from __future__ import annotations

import os
from pathlib import Path

from sre_findings.model.errors import StoreUnreadable

_VERIFY = "Run: sre-cli snapshots verify --all."
_ELSEWHERE = ("", ".", "..")


def checked(key: str) -> str:
    """Returns the key. Raises StoreUnreadable if it is absolute or has a part like ``..``."""
    if "\0" in key or any(part in _ELSEWHERE for part in key.split("/")):
        raise StoreUnreadable(f"{key!r} is not a key of a store", do=_VERIFY)
    return key


def checked_prefix(prefix: str) -> str:
    """Returns the prefix of keys, which can be empty or end with ``/``. See ``checked``."""
    if folder := prefix.rpartition("/")[0]:
        checked(folder)
    if prefix.startswith("/") or prefix.rpartition("/")[2] in (".", ".."):
        raise StoreUnreadable(f"{prefix!r} is not a key of a store", do=_VERIFY)
    return prefix


def inside(folder: Path, key: str, *, follow: bool = True) -> Path:
    """Returns the path of a key in a folder.

    Raises StoreUnreadable if a symbolic link leads out of the folder. The folder itself can be
    a link. With ``follow`` false the last part is not resolved, for calls that replace or remove
    a link instead of following it.
    """
    path = folder / key
    resolved = path if follow else path.parent
    if _has_link(folder, key if follow else key.rpartition("/")[0]) and not Path(
        os.path.realpath(resolved)
    ).is_relative_to(os.path.realpath(folder)):
        raise StoreUnreadable(
            f"{path} is not in the store",
            why="a symbolic link leads out of it",
            do="Replace the link with the files themselves.",
        )
    return path


def _has_link(folder: Path, key: str) -> bool:
    """Returns whether a part of the key is a symbolic link: ten times faster than resolving it."""
    place = str(folder)
    for part in key.split("/"):
        place = f"{place}/{part}"
        if os.path.islink(place):  # noqa: PTH114 - a Path would take three times as long
            return True
    return False
