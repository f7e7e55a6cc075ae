"""Progress on stderr: of a scan, a bar for people and a line a region for logs; of an export, a
count for people."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from types import TracebackType
from typing import TypeVar

import click

from sre_cli.terminal import printable

S = TypeVar("S", bound=Sized)
_PAUSE = 0.3  # seconds between two words about progress


class Lines:
    """Progress where nobody watches a bar: troubles as they come."""

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def expect(self, region: str, findings: int) -> None:
        """Says nothing."""

    def advance(self, region: str, findings: int) -> None:
        """Says nothing."""

    def trouble(self, region: str, message: str) -> None:
        """One line."""
        click.echo(f"sre-cli: {region}: {printable(message)}", err=True)


class Bars(Lines):
    """A bar a region, with rich, whose 40 ms only a scan in a terminal pays."""

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
        """The length of the region's bar."""
        self._bars.update(self._task(region), total=findings)  # type: ignore[arg-type]  # rich's TaskID is an int

    def advance(self, region: str, findings: int) -> None:
        """Moves the region's bar."""
        self._bars.advance(self._task(region), findings)  # type: ignore[arg-type]  # as above

    def trouble(self, region: str, message: str) -> None:
        """A line above the bars."""
        self._bars.console.print(f"{region}: {printable(message)}", markup=False, highlight=False)

    def _task(self, region: str) -> int:
        if region not in self._tasks:
            self._tasks[region] = self._bars.add_task(region, total=None)
        return self._tasks[region]


def watching() -> Lines:
    """Bars in a terminal, lines elsewhere."""
    return Bars() if sys.stderr.isatty() else Lines()


def counting(batches: Iterable[S], what: str) -> Iterator[S]:
    """The same batches; in a terminal, how much went by, a few times a second, on one line that is
    gone in the end."""
    if not sys.stderr.isatty():
        yield from batches
        return
    done, told = 0, time.monotonic()
    for batch in batches:
        yield batch
        done += len(batch)
        if time.monotonic() - told > _PAUSE:
            told = time.monotonic()
            click.echo(f"\r{done:,} {what} …\x1b[K", nl=False, err=True)
    click.echo("\r\x1b[K", nl=False, err=True)
