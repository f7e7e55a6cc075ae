"""A folder store that a process leaves in the middle of its work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from sre_findings.store.objects.blobs import FolderBlobs


class Killed(Exception):
    """The process died at this change."""


class MortalBlobs(FolderBlobs):
    """A folder whose process dies after a number of changes: writes, copies and deletes."""

    def __init__(self, folder: Path, changes: int) -> None:
        super().__init__(folder)
        self._left = changes

    def _one_more(self) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1

    @contextlib.contextmanager
    def write(self, *arguments: Any, **options: Any) -> Iterator[BinaryIO]:
        """See Blobs. ``create`` writes too."""
        self._one_more()
        with super().write(*arguments, **options) as file:
            yield file

    def copy(self, key: str, to: str) -> None:
        """See Blobs."""
        self._one_more()
        super().copy(key, to)

    def delete(self, key: str) -> None:
        """See Blobs."""
        self._one_more()
        super().delete(key)
