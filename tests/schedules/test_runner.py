from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.records.table import Row, Table
from sre_schedules.cron import parse_cron
from sre_schedules.jobs import Outcome, arguments
from sre_schedules.runner import Runner
from sre_schedules.schedule import Schedule
from sre_schedules.slots import LEASE, Attempt, Later, Slots

MIDNIGHT = datetime(2026, 11, 30, tzinfo=UTC)


def nightly(name: str = "scan", cron: str = "0 1 * * *", **rest: Any) -> Schedule:
    return Schedule(
        name, parse_cron(cron), ZoneInfo("Etc/UTC"), (rest.pop("command", "scan"),), **rest
    )


@dataclass
class World:
    """A runner with the test's clock, jobs and log.

    Each run takes the next of ``outcomes``; the last one is repeated.
    """

    table: Table
    schedules: tuple[Schedule, ...] = (nightly(),)
    moment: datetime = MIDNIGHT + timedelta(hours=1)
    began: datetime = MIDNIGHT
    outcomes: list[Outcome] = field(default_factory=lambda: [Outcome(0, "fine")])
    ran: list[tuple[str, datetime, datetime | None]] = field(default_factory=list)
    said: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    reported: list[tuple[str, datetime, Outcome]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for one in self.schedules:
            Slots(self.table, "first").begun(one, self.began)

    def runner(self, owner: str = "one") -> Runner:
        return Runner(
            {one.name: one for one in self.schedules},
            Slots(self.table, owner),
            self.run,
            lambda event, fields: self.said.append((event, fields)),
            lambda schedule, fire, outcome: self.reported.append((schedule.name, fire, outcome)),
            _Skipping(self),
            lambda: self.moment,
            wall=lambda: self.moment,
        )

    def run(self, schedule: Schedule, fire: datetime, followed: datetime | None) -> Outcome:
        self.ran.append((schedule.name, fire, followed))
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.said]


class _Skipping(threading.Event):
    """An event whose waits return at once and advance the clock instead."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        self._world.moment += timedelta(seconds=timeout or 0)
        return self.is_set()


def tomorrow(hour: int) -> datetime:
    return MIDNIGHT + timedelta(days=1, hours=hour)


def test_a_slot_runs_once_however_often_it_is_requested(table: Table) -> None:
    world = World(table)
    for owner in ("one", "two", "three"):
        world.runner(owner).catch_up("scan")
    assert world.ran == [("scan", MIDNIGHT + timedelta(hours=1), None)]
    assert world.events == ["started", "done"]


def test_the_next_night_is_another_slot(table: Table) -> None:
    world = World(table)
    world.runner().catch_up("scan")
    world.moment = tomorrow(1)
    world.runner().catch_up("scan")
    assert [fire for _, fire, _ in world.ran] == [MIDNIGHT + timedelta(hours=1), tomorrow(1)]


def test_a_slot_that_becomes_due_during_a_job_runs_after_it(table: Table) -> None:
    world = World(table)

    def long_job(schedule: Schedule, fire: datetime, followed: datetime | None) -> Outcome:
        world.moment = max(world.moment, tomorrow(2))
        return World.run(world, schedule, fire, followed)

    runner = world.runner()
    Runner(
        **{**{name: getattr(runner, name) for name in Runner.__slots__}, "run": long_job}
    ).catch_up("scan")
    assert [fire for _, fire, _ in world.ran] == [MIDNIGHT + timedelta(hours=1), tomorrow(1)]


def test_a_failed_job_is_retried_after_its_pause_and_then_reported(table: Table) -> None:
    world = World(table, outcomes=[Outcome(4, "denied")])
    began = world.moment
    world.runner().catch_up("scan")
    assert world.events == ["started", "failed"] * 3
    assert world.moment - began >= 2 * timedelta(minutes=5)
    assert world.reported == [("scan", MIDNIGHT + timedelta(hours=1), Outcome(4, "denied"))]
    world.runner().catch_up("scan")
    assert len(world.ran) == 3
    assert len(world.reported) == 1


def test_a_job_that_works_on_its_second_try_is_done(table: Table) -> None:
    world = World(table, outcomes=[Outcome(4, "throttled"), Outcome(0, "fine")])
    world.runner().catch_up("scan")
    assert world.events == ["started", "failed", "started", "done"]
    assert world.reported == []


def test_a_partial_scan_is_not_retried(table: Table) -> None:
    world = World(table, outcomes=[Outcome(3, "partial")])
    world.runner().catch_up("scan")
    assert world.events == ["started", "done"]


def test_an_expired_attempt_is_taken_over_and_does_not_count_as_a_failure(
    table: Table,
) -> None:
    world = World(table)
    schedule, fire = world.schedules[0], MIDNIGHT + timedelta(hours=1)
    slots = Slots(table, "dead")
    for number in range(1, 6):
        taken = slots.take(schedule, fire, world.moment)
        assert isinstance(taken, Attempt)
        assert (taken.number, taken.failures) == (number, 0)
        assert isinstance(slots.take(schedule, fire, world.moment), Later)
        world.moment += LEASE
    world.runner().catch_up("scan")
    assert world.events == ["started", "done"]


def test_an_attempt_that_is_renewed_is_not_taken_over(table: Table) -> None:
    world, slots = World(table), Slots(table, "alive")
    taken = slots.take(world.schedules[0], MIDNIGHT, world.moment)
    assert isinstance(taken, Attempt)
    slots.renew(taken, world.moment + LEASE / 2)
    assert isinstance(slots.take(world.schedules[0], MIDNIGHT, world.moment + LEASE), Later)


def test_a_slot_older_than_its_grace_is_missed_and_reported_once(table: Table) -> None:
    world = World(table)
    world.runner().catch_up("scan")
    world.moment = tomorrow(8)
    for _ in range(3):
        world.runner().catch_up("scan")
    assert len(world.ran) == 1
    assert world.events[2:] == ["missed"]
    assert [(fire, outcome.detail[:6]) for _, fire, outcome in world.reported] == [
        (tomorrow(1), "missed")
    ]


def test_slots_missed_while_stopped_run_in_order_within_their_grace(
    table: Table,
) -> None:
    world = World(
        table,
        (nightly(cron="0 * * * *", grace=timedelta(hours=3)),),
        moment=MIDNIGHT + timedelta(hours=9, minutes=30),
    )
    world.runner().catch_up("scan")
    assert [fire.hour for _, fire, _ in world.ran] == [7, 8, 9]
    assert world.events == ["missed", *["started", "done"] * 3]


def test_a_new_schedule_has_no_missed_slots(table: Table) -> None:
    world = World(table, began=MIDNIGHT + timedelta(hours=2), moment=MIDNIGHT + timedelta(hours=2))
    world.runner().catch_up("scan")
    world.moment = MIDNIGHT + timedelta(hours=20)
    world.runner().catch_up("scan")
    assert (world.ran, world.said, world.reported) == ([], [], [])


def test_a_stopping_process_gives_its_slot_back(table: Table) -> None:
    world = World(table, outcomes=[Outcome(130, "interrupted"), Outcome(0, "fine")])
    runner = world.runner()

    def stopped(schedule: Schedule, fire: datetime, followed: datetime | None) -> Outcome:
        runner.stop.set()
        return world.run(schedule, fire, followed)

    Runner(
        **{**{name: getattr(runner, name) for name in Runner.__slots__}, "run": stopped}
    ).catch_up("scan")
    assert world.events == ["started", "given_back"]
    world.runner("two").catch_up("scan")  # at once, without waiting for a lease
    assert world.events[2:] == ["started", "done"]
    assert world.reported == []


def test_a_following_schedule_waits_for_the_slot_to_end(table: Table) -> None:
    scan, digest = nightly(), nightly("digest", "30 1 * * *", after="scan", command="digest")
    world = World(table, (scan, digest), moment=MIDNIGHT + timedelta(hours=1, minutes=30))
    taken = Slots(table, "other").take(scan, MIDNIGHT + timedelta(hours=1), world.moment)
    assert isinstance(taken, Attempt)
    runner = world.runner()
    waits = 0

    def scan_ends(timeout: float | None = None) -> bool:
        nonlocal waits
        waits += 1
        world.moment += timedelta(seconds=timeout or 0)
        if waits == 5:
            Slots(table, "other").done(taken, world.moment, "")
        return False

    runner.stop.wait = scan_ends  # type: ignore[method-assign]  # pyright: ignore[reportAttributeAccessIssue]
    runner.catch_up("digest")
    assert waits == 5
    assert world.ran == [
        ("digest", MIDNIGHT + timedelta(hours=1, minutes=30), MIDNIGHT + timedelta(hours=1))
    ]
    assert world.events == ["started", "done"]


def test_a_following_schedule_runs_after_its_wait_and_reports_it(
    table: Table,
) -> None:
    scan, digest = nightly(), nightly("digest", "30 1 * * *", after="scan", command="digest")
    world = World(table, (scan, digest), moment=MIDNIGHT + timedelta(hours=1, minutes=30))
    world.runner().catch_up("digest")
    assert world.moment >= MIDNIGHT + timedelta(hours=4, minutes=30)
    assert world.events == ["not_waited_for", "started", "done"]


def test_a_table_outage_delays_the_slot_and_loses_nothing(table: Table) -> None:
    world = World(table)
    there = world.moment + timedelta(hours=1)

    class Gone:
        def __getattr__(self, name: str) -> Any:
            if world.moment < there:
                raise StoreUnreadable("cannot use the table", why="it is gone")
            return getattr(table, name)

    gone: Any = Gone()
    world.table = gone
    world.runner().catch_up("scan")
    assert world.moment >= there
    assert set(world.events[:-2]) == {"table_unreadable"}
    assert world.events[-2:] == ["started", "done"]


def test_a_clock_that_jumps_back_repeats_no_slot(table: Table) -> None:
    world = World(table)
    world.runner().catch_up("scan")
    world.moment = tomorrow(1)
    world.runner().catch_up("scan")
    world.moment = MIDNIGHT + timedelta(hours=3)
    world.runner().catch_up("scan")
    assert len(world.ran) == 2


@pytest.mark.parametrize(
    ("command", "followed", "words"),
    [
        (("scan", "--rate", "5"), None, ["scan", "--rate", "5", "--slot", "job/2026-11-30T00:00Z"]),
        (("report", "--views"), MIDNIGHT, ["report", "--views", "--since", "2026-11-30T00:00Z"]),
        (("digest",), MIDNIGHT, ["digest", "--since", "2026-11-30T00:00Z"]),
        (("digest",), None, ["digest"]),
        (("snapshots", "prune", "--yes"), MIDNIGHT, ["snapshots", "prune", "--yes"]),
    ],
)
def test_a_job_gets_its_slot_or_the_one_it_follows(
    command: tuple[str, ...], followed: datetime | None, words: list[str]
) -> None:
    one = Schedule("job", parse_cron("0 0 * * *"), ZoneInfo("Etc/UTC"), command)
    assert arguments(one, MIDNIGHT, followed) == words


@pytest.mark.parametrize(
    ("claimed", "committed", "waits"),
    [(False, True, False), (False, False, True), (True, True, True)],
)
def test_a_scan_in_a_separate_task_is_followed_by_its_snapshot(
    table: Table, claimed: bool, committed: bool, waits: bool
) -> None:
    """In AWS a separate task runs the scan, which claims no slot here.

    If a slot is claimed, the runner waits for it, even if a snapshot exists.
    """
    scan, digest = nightly(), nightly("digest", "30 1 * * *", after="scan", command="digest")
    world = World(table, (scan, digest), moment=MIDNIGHT + timedelta(hours=1, minutes=30))
    fire = MIDNIGHT + timedelta(hours=1)
    if claimed:
        Slots(table, "another").take(scan, fire, world.moment)
    asked: list[datetime] = []

    def is_there(since: datetime) -> bool:
        asked.append(since)
        return committed

    runner = replace(world.runner(), is_there=is_there)
    runner.do(digest, MIDNIGHT + timedelta(hours=1, minutes=30))
    assert world.ran == [("digest", MIDNIGHT + timedelta(hours=1, minutes=30), fire)]
    assert ("not_waited_for" in world.events) is waits
    assert set(asked) <= {fire}


def test_of_two_concurrent_claims_one_succeeds(table: Table) -> None:
    class Late:
        """A table that answers as before the claim."""

        def query(self, *_: Any, **__: Any) -> Iterable[Row]:
            return iter(())

        def create(self, row: Row) -> bool:
            return table.create(row)

    schedule = nightly()
    late: Any = Late()
    first, second = (
        Slots(late, owner).take(schedule, MIDNIGHT, MIDNIGHT) for owner in ("one", "two")
    )
    assert isinstance(first, Attempt)
    assert isinstance(second, Later)
