"""The interface through which a scan reports progress.

The command line shows a progress bar, a task writes to the log.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the progress of a scan. Shards call it from several threads at once."""

    def expect(self, region: str, findings: int) -> None:
        """Called with the number of findings that the region is expected to return."""
        ...

    def advance(self, region: str, findings: int) -> None:
        """Called with the number of findings read since the last call."""
        ...

    def trouble(self, region: str, message: str) -> None:
        """Called with a problem that makes the snapshot partial."""
        ...


class Silence:
    """Progress that is not shown."""

    def expect(self, region: str, findings: int) -> None:
        """Does nothing."""

    def advance(self, region: str, findings: int) -> None:
        """Does nothing."""

    def trouble(self, region: str, message: str) -> None:
        """Does nothing."""
