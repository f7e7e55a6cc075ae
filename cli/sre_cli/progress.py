"""Progress on stderr.

A scan has bars in a terminal and lines in a log. An export has a counter in a terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from types import TracebackType
from typing import TypeVar

import click

from sre_cli.render.terminal import printable

S = TypeVar("S", bound=Sized)
_PAUSE = 0.3  # seconds between two updates of the counter


class Lines:
    """Progress in a log: only problems, one line each."""

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def expect(self, region: str, findings: int) -> None:
        """Does nothing."""

    def advance(self, region: str, findings: int) -> None:
        """Does nothing."""

    def trouble(self, region: str, message: str) -> None:
        """Prints a problem of a region."""
        click.echo(f"sre-cli: {region}: {printable(message)}", err=True)


class Bars(Lines):
    """Progress in a terminal: one bar for each region. Importing rich takes 40 ms."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("findings"),
            TimeElapsedColumn(),
        )
        self._bars = Progress(*columns, console=Console(stderr=True))
        self._tasks: dict[str, int] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def expect(self, region: str, findings: int) -> None:
        """Sets the length of the region's bar."""
        self._bars.update(self._task(region), total=findings)  # type: ignore[arg-type]  # rich's TaskID is an int

    def advance(self, region: str, findings: int) -> None:
        """Moves the region's bar."""
        self._bars.advance(self._task(region), findings)  # type: ignore[arg-type]  # as above

    def trouble(self, region: str, message: str) -> None:
        """Prints a problem of a region above the bars."""
        self._bars.console.print(f"{region}: {printable(message)}", markup=False, highlight=False)

    def _task(self, region: str) -> int:
        if region not in self._tasks:
            self._tasks[region] = self._bars.add_task(region, total=None)
        return self._tasks[region]


def watching() -> Lines:
    """Returns bars in a terminal, otherwise lines."""
    return Bars() if sys.stderr.isatty() else Lines()


def counting(batches: Iterable[S], what: str) -> Iterator[S]:
    """Yields the batches unchanged.

    In a terminal, shows the number of items so far, a few times a second, on one line that is
    cleared at the end.
    """
    if not sys.stderr.isatty():
        yield from batches
        return
    done, shown = 0, time.monotonic()
    for batch in batches:
        yield batch
        done += len(batch)
        if time.monotonic() - shown > _PAUSE:
            shown = time.monotonic()
            click.echo(f"\r{done:,} {what} …\x1b[K", nl=False, err=True)
    click.echo("\r\x1b[K", nl=False, err=True)
