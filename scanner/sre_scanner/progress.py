"""What a scan tells while it runs. The command line draws a bar from it; a task writes a line now
and then."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told by shards, from several threads at once."""

    def expect(self, region: str, findings: int) -> None:
        """About so many findings will come from the region."""
        ...

    def advance(self, region: str, findings: int) -> None:
        """So many more have come."""
        ...

    def trouble(self, region: str, message: str) -> None:
        """Something went wrong that will stand in the certificate."""
        ...


class Silence:
    """Progress that nobody watches."""

    def expect(self, region: str, findings: int) -> None:
        """Says nothing."""

    def advance(self, region: str, findings: int) -> None:
        """Says nothing."""

    def trouble(self, region: str, message: str) -> None:
        """Says nothing."""
