"""Plays a world: scans each night, and collects what is not so."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from tests.worlds import callers, counts, days, verdicts
from tests.worlds.check import Check, Untruth
from tests.worlds.events import Ledger
from tests.worlds.house import Died, House, house
from tests.worlds.inspector import Inspector
from tests.worlds.truth import Night, night_of
from tests.worlds.world import World

import sre_scanner.history.writer
import sre_scanner.scan
import sre_scanner.shard
from sre_findings.store.snapshots.reader import Commit

CHECKERS = (
    verdicts.completeness,
    counts.summaries,
    counts.resources,
    counts.lists,
    counts.coverage,
    days.trends,
    days.ages,
    callers.access,
)


@dataclass
class Played:
    """What came of a world."""

    untruths: list[Untruth] = field(default_factory=list)
    nights: int = 0
    questions: int = 0

    @property
    def kinds(self) -> set[str]:
        """The kinds of its untruths."""
        return {one.kind for one in self.untruths}


def play(world: World, until: str = "") -> Played:
    """Scans every night of a world and checks each, or until there is an untruth of a kind."""
    played, past, ledger = Played(), [], Ledger()
    with house() as home, cheap():
        for number in range(world.nights):
            try:
                _night(world, number, home, past, ledger, played)
            except Exception as error:  # noqa: BLE001 - a crash is an untruth too
                where = error.__traceback__
                while where and where.tb_next:
                    where = where.tb_next
                at = (
                    f"{where.tb_frame.f_code.co_filename.rpartition('/')[2]}:{where.tb_lineno}"
                    if where
                    else ""
                )
                played.untruths.append(
                    Untruth(
                        f"crash {type(error).__name__} {at}",
                        number,
                        "",
                        str(error)[:300],
                        "no crash",
                    )
                )
                break
            if until in played.kinds:
                break
    return played


def _night(
    world: World, number: int, home: House, past: list[Night], ledger: Ledger, played: Played
) -> None:
    inspector = Inspector(world, number)
    commit: Any = home.scan(world, inspector)
    latest = home.snapshots.latest()
    if not isinstance(commit, Commit):
        commit = (
            latest
            if isinstance(commit, Died | Exception)
            and latest
            and latest.started_at == inspector.now
            else None
        )
    if commit is None:
        return
    night = night_of(inspector, past)
    night.snapshot_id = commit.snapshot_id
    check = Check(night, past, commit, home.sources())
    played.nights += 1
    for checker in CHECKERS:
        played.untruths += checker(check)
    played.untruths += ledger.pass_night(check)
    played.questions += check.asked
    past.append(night)


@contextmanager
def cheap() -> Iterator[None]:
    """Without what a scan of a few findings does not need: returning memory to the system."""
    gc.freeze()
    with (
        mock.patch.object(sre_scanner.scan, "release_memory"),
        mock.patch.object(sre_scanner.shard, "release_memory"),
        mock.patch.object(sre_scanner.history.writer, "release_memory"),
    ):
        yield
