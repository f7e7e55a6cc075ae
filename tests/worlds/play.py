"""Plays a world: scans each night, and collects what is not so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.worlds import callers, counts, days, verdicts
from tests.worlds.alive import live
from tests.worlds.check import Check, Untruth
from tests.worlds.commands import commands
from tests.worlds.events import Ledger
from tests.worlds.house import House, house
from tests.worlds.inspector import Inspector
from tests.worlds.memory import Memory
from tests.worlds.speed import shared_databases
from tests.worlds.truth import Night, night_of
from tests.worlds.world import World

from sre_findings.store.snapshots.reader import Commit

Checker = Callable[[Check], Iterator[Untruth]]


@dataclass
class Played:
    """What came of a world. ``by`` has the name of the checker that found each kind."""

    untruths: list[Untruth] = field(default_factory=list)
    by: dict[str, str] = field(default_factory=dict)
    nights: int = 0
    questions: int = 0

    @property
    def kinds(self) -> set[str]:
        """The kinds of its untruths."""
        return set(self.by)

    def first(self, kind: str) -> Untruth:
        """The first untruth of a kind."""
        return next(one for one in self.untruths if one.kind == kind)

    def add(self, name: str, untruth: Untruth) -> None:
        self.untruths.append(untruth)
        self.by.setdefault(untruth.kind, name)


def play(world: World, *, until: str = "", only: str = "", share: float = 1.0) -> Played:
    """Scans every night of a world and checks each, or until there is an untruth of a kind.

    ``only`` is the name of the only checker that runs. A ``share`` of the questions is asked.
    """
    played = Played()
    with house() as home, shared_databases():
        course = _Course(world, home, played, only, share)
        for number in range(world.nights):
            if not course.pass_night(number) or until in played.kinds:
                break
    return played


class _Course:
    """A world in the course of its nights."""

    def __init__(self, world: World, home: House, played: Played, only: str, share: float) -> None:
        self.world, self.home, self.played, self.share = world, home, played, share
        self.past: list[Night] = []
        checkers: dict[str, Checker] = {
            "completeness": verdicts.completeness,
            "summaries": counts.summaries,
            "resources": counts.resources,
            "lists": counts.lists,
            "coverage": counts.coverage,
            "trends": days.trends,
            "ages": days.ages,
            "access": callers.access,
            "events": Ledger().pass_night,
            "memory": Memory().pass_night,
            "live": live,
            "commands": commands,
        }
        self.checkers = {name: one for name, one in checkers.items() if only in ("", name)}

    def pass_night(self, number: int) -> bool:
        """Scans a night and checks it. False if the product crashed."""
        name = "scan"
        try:
            inspector = Inspector(self.world, number)
            commit = self.home.scan(self.world, inspector)
            if commit is None:
                return True
            check = self._check(inspector, commit)
            for name, checker in self.checkers.items():
                for untruth in checker(check):
                    self.played.add(name, untruth)
            self.played.questions += check.asked
        except Exception as error:  # noqa: BLE001 - a crash is an untruth too
            self.played.add(name, crash(error, number))
            return False
        self.past.append(check.night)
        return True

    def _check(self, inspector: Inspector, commit: Commit) -> Check:
        night = night_of(inspector, self.past)
        night.snapshot_id = commit.snapshot_id
        self.played.nights += 1
        rng = random.Random(self.world.seed * 100 + inspector.night)
        # The last night has all of the past, so more is asked then.
        last = inspector.night == self.world.nights - 1
        share = self.share if last or self.share == 1 else self.share / 2
        return Check(
            night,
            self.past,
            commit,
            self.home.sources(Inspector(self.world, inspector.night)),
            0,
            share,
            rng,
        )


def crash(error: Exception, night: int) -> Untruth:
    """The untruth of a crash, whose kind is where it happened."""
    where = error.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    file = where.tb_frame.f_code.co_filename.rpartition("/")[2] if where else ""
    at = f"{file}:{where.tb_frame.f_code.co_name}" if where else ""
    return Untruth(f"crash {type(error).__name__} {at}", night, "", str(error)[:300], "no crash")
