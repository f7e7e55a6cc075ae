"""Everything that is looked at, in the order in which it is told: AWS, then the store, then what is
asked of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from sre_cli.doctor import account, needs, outside, permissions, places, regions
from sre_cli.doctor.account import Account, Caller
from sre_cli.doctor.calls import Aws
from sre_cli.doctor.check import OFF, UNKNOWN, WARNING, Check
from sre_cli.doctor.needs import EVERYTHING, JOBS, SCAN, Need
from sre_cli.doctor.together import Task, together
from sre_findings.inspector.credentials import reader_of
from sre_findings.inspector.regions import check_region, configured_region, known_regions
from sre_findings.model.errors import SreError, UsageError
from sre_findings.settings import Settings
from sre_findings.store.snapshots import Snapshots
from sre_findings.store.urls import open_blobs, open_table

T = TypeVar("T")
_NOBODY = Caller("arn:aws:sts::000000000000:assumed-role/unknown/unknown", "000000000000")
_ANYWHERE = "us-east-1"  # has an endpoint of every service


@dataclass(frozen=True, slots=True)
class Where:
    """What to look at: the settings, the environment they came from, the regions that must have
    Inspector on (none: all that are enabled), how many seconds all of it may take, and for which
    part's role: one of ``needs.PARTS``.
    """

    settings: Settings
    environ: Mapping[str, str]
    now: Callable[[], datetime]
    regions: Sequence[str] = ()
    profile: str | None = None
    seconds: float = 30.0
    part: str = EVERYTHING

    @property
    def needs_aws(self) -> bool:
        """Whether the store or the table lie in AWS, and are read from here."""
        places = (
            self.settings.store.startswith("s3://"),
            self.settings.table.startswith("dynamodb://"),
        )
        return not self.settings.server and any(places)


def look(where: Where) -> list[Check]:
    """Every check. Raises UsageError for a region that does not exist."""
    ends = time.monotonic() + where.seconds
    for region in where.regions:
        check_region(region, known_regions())
    beside = [*_kept(where), Task("server", lambda: outside.server(where.settings)),
              Task("Slack", lambda: outside.slack(where.settings, where.environ))]  # fmt: skip
    inner = ends - where.seconds / 20  # what is found by then must not be lost with what is not
    return together([Task("identity", lambda: _aws(where, inner)), *beside], ends)


def _aws(where: Where, ends: float) -> list[Check]:
    """Identity and clock, then every permission and region at once."""
    each = where.seconds / 3  # so that one that hangs leaves time for the rest
    aws = Aws(where.profile, where.environ, each)
    home, unset = _home(where)
    seen = account.look(aws, home, where.now, needed=where.needs_aws)
    if (caller := _who(seen)) is None:
        state = OFF if seen.checks[0].state == OFF else UNKNOWN
        return [*seen.checks, Check("permissions", state, "not asked: nobody is known to ask for")]
    who = None if where.profile else reader_of(where.settings)
    there = Aws(who, where.environ, each) if who else aws
    taken = [account.reader(there, home)] if who and where.part != JOBS else []
    wanted = needs.needs(where.settings, caller, home, where.now(), where.part)
    looked = () if where.part == JOBS else where.regions or regions.enabled(there, home)
    tasks = [
        *_permissions(wanted, aws, there, caller, home),
        *_regions(looked, there, required=bool(where.regions)),
    ]
    found = together(tasks, ends)
    first = len(found) - len(looked)
    return [*seen.checks, *unset, *taken, *found[:first], *regions.folded(found[first:])]


def _who(seen: Account) -> Caller | None:
    """Whose permissions to look at; of a caller whom STS was not asked about, nobody's name."""
    left_alone = seen.checks[0].state == OFF and seen.checks[0].detail != account.NOT_USED
    return _NOBODY if left_alone else seen.caller


def _home(where: Where) -> tuple[str, list[Check]]:
    """The configured region; where there is none, another, and a check that says so."""
    try:
        return configured_region(where.profile, where.environ), []
    except UsageError as error:
        return (where.regions or [_ANYWHERE])[0], [Check("region", WARNING, error.reason, error.do)]


def _permissions(
    wanted: Sequence[Need], aws: Aws, there: Aws, caller: Caller, home: str
) -> Iterator[Task]:
    for need in wanted:
        if need.asked is not None:
            yield Task(
                need.action,
                partial(permissions.asked, need, there if need.as_reader else aws, home),
            )
    if unasked := [need for need in wanted if need.asked is None]:
        yield Task(permissions.SIMULATE, partial(permissions.simulated, unasked, aws, caller, home))


def _regions(looked: Sequence[str], aws: Aws, *, required: bool) -> Iterator[Task]:
    for region in looked:
        yield Task(f"Inspector {region}", partial(regions.look, aws, region, required=required))


def _kept(where: Where) -> Iterator[Task]:
    """The store, the table and the newest snapshot; with a server in their place, they are not this
    machine's."""
    settings = where.settings
    if settings.server:
        why = "not looked at: SRE_SERVER answers in its place"
        yield from (
            Task(what, partial(Check, what, OFF, why)) for what in ("store", "table", "snapshot")
        )
        return
    blobs = _opened(lambda: open_blobs(settings.store, settings.kms_key))
    rows = _opened(lambda: open_table(settings.table))
    if where.part in (EVERYTHING, SCAN):
        yield Task("store", lambda: places.store(blobs(), where.now()))
    else:
        yield Task("store", lambda: places.readable(blobs()))
    yield Task("table", lambda: places.table(rows(), settings.table, where.now()))
    yield Task("snapshot", lambda: places.snapshot(Snapshots(blobs()), settings, where.now()))


def _opened(opening: Callable[[], T]) -> Callable[[], T]:
    """What it opens, or the error that it raised, raised again: clients of the SDK are to be made
    in one thread."""
    try:
        found = opening()
    except SreError as error:
        failed = error
    else:
        return lambda: found

    def fail() -> T:
        raise failed

    return fail
