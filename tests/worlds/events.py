"""Holds the events of a night against the truth: their sums in each cell, and their causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.worlds.check import Check, Untruth
from tests.worlds.truth import Cell, Night, Place

from sre_findings.questions.catalogue import Changes


class Thing(NamedTuple):
    """A finding on a resource, whatever its ARN."""

    place: Place
    scan: str
    subject: str


class Ledger:
    """What is known to be open in each cell, from its last reading, over the nights."""

    def __init__(self) -> None:
        self.open: dict[Cell, set[Thing]] = {}
        self.seen: dict[Thing, Night] = {}

    def things(self, check: Check) -> dict[Cell, set[Thing]]:
        """What the night was told, by cell."""
        found: dict[Cell, set[Thing]] = {}
        for one in check.night.open:
            for place in one.places:
                cell = Cell(place.account, place.region, place.type, one.scan)
                found.setdefault(cell, set()).add(Thing(place, one.scan, one.subject))
        return found

    def pass_night(self, check: Check) -> Iterator[Untruth]:
        """Compares the events of a night, and then knows the night."""
        told = self.things(check)
        if not check.past:  # what the first night was told is open, even where it did not end
            self.open.update(told)
        yield from self._events(check, told)
        for cell in {*self.open, *told}:
            if check.was_read(cell):
                self.open[cell] = told.get(cell, set())
        for some in told.values():
            self.seen.update(dict.fromkeys(some, check.night))

    def _events(self, check: Check, told: dict[Cell, set[Thing]]) -> Iterator[Untruth]:
        if not check.past:
            self.open.update(told)  # the first night opens what it was told, read or not
            return
        since = check.past[-1].snapshot_id
        question = Changes(since=since, as_of=check.night.snapshot_id, count=0)
        answer = check.ask(question)
        if answer is None or answer.summary is None:
            yield check.untruth("changes are refused", question, "refused", "two snapshots")
            return
        moved: dict[Cell, Counter[tuple[str, Thing]]] = {}
        for event in answer.items:
            if event["kind"] not in ("opened", "reopened", "resolved"):
                continue
            thing, cell = _named(check, event)
            if thing is None:
                yield check.untruth(
                    "an event of nothing", question, event["vulnerability_id"], "no such finding"
                )
                continue
            moved.setdefault(cell, Counter())[event["kind"], thing] += 1
            yield from self._cause(check, event, thing, cell)
        for cell in {*self.open, *told, *moved}:
            yield from self._sum(check, cell, told.get(cell, set()), moved.get(cell, Counter()))

    def _sum(
        self, check: Check, cell: Cell, told: set[Thing], moved: Counter[tuple[str, Thing]]
    ) -> Iterator[Untruth]:
        before = self.open.get(cell, set())
        came = {thing for kind, thing in moved if kind != "resolved"}
        went = {thing for kind, thing in moved if kind == "resolved"}
        if not check.was_read(cell):
            if went:
                yield check.untruth("resolved in an unread cell", cell, min(went), "not read")
            if came - told:
                yield check.untruth("opened and not told", cell, sorted(came), sorted(told))
            self.open[cell] = before | came
            return
        if any(n > 1 for n in moved.values()):
            yield check.untruth("an event twice", cell, moved, "once")
        if came != told - before:
            yield check.untruth(
                "opened is not what is new",
                cell,
                sorted(came),
                f"{sorted(told - before)}, open before: {sorted(before)}",
            )
        if went != before - told:
            yield check.untruth(
                "resolved is not what is gone",
                cell,
                sorted(went),
                f"{sorted(before - told)}, open before: {sorted(before)}",
            )

    def _cause(
        self, check: Check, event: Mapping[str, Any], thing: Thing, cell: Cell
    ) -> Iterator[Untruth]:
        cause = event["cause"]
        if event["kind"] != "resolved" or cause != "patched":
            return
        last = self.seen.get(thing)
        evidence = closed_since(check, thing, last)
        still = [
            one
            for places, one in check.night.truly_open()
            if thing.place in places and one.finding.subject == thing.subject
        ]
        if still:
            yield check.untruth(
                "patched though open", event["vulnerability_id"], "patched", still[0].arn
            )
        elif thing.place.type == "AWS_ECR_CONTAINER_IMAGE":
            yield check.untruth(
                "an image is patched",
                event["vulnerability_id"],
                "patched",
                "a digest cannot be patched",
            )
        elif not check.night.rows.get(thing.place):
            yield check.untruth(
                "patched though the resource is gone",
                event["vulnerability_id"],
                "patched",
                thing.place,
            )
        elif not evidence and last is not None and (why := unexplained(check, thing, last)):
            yield check.untruth(
                "patched without evidence", event["vulnerability_id"], "patched", why
            )


def closed_since(check: Check, thing: Thing, last: Night | None) -> bool:
    """Whether Inspector told that the finding closed after it was last seen open, on any night since."""
    nights = [one for one in (*check.past, check.night) if last is None or one.number > last.number]
    arns = (
        {one.arn for one in last.open if one.subject == thing.subject and thing.place in one.places}
        if last
        else set()
    )
    closed = [one for night in nights for told in night.told.values() for one in told.closed]
    return any(one.arn in arns and one.finding.subject == thing.subject for one in closed)


def unexplained(check: Check, thing: Thing, last: Night) -> str:
    """Why a finding that is gone without CLOSED must not be called patched; empty if it may be."""
    night = check.night
    before = [one for one in last.open if thing.place in one.places and one.scan == thing.scan]
    now = {one.subject for one in night.open if thing.place in one.places}
    lost = [one for one in before if one.subject not in now]
    if len(before) > 1 and len(lost) * 2 > len(before):
        return f"{len(lost)} of {len(before)} findings of the resource are gone, without CLOSED"
    mine = next((one for one in before if one.subject == thing.subject), None)
    if mine is None or thing.scan != "PACKAGE":
        return ""
    same = [
        o
        for o in night.open
        if thing.place in o.places
        and o.scan == "PACKAGE"
        and o.found.finding.package == mine.found.finding.package
    ]
    if same and all(one.found.version == mine.found.version for one in same):
        return f"its package {mine.found.finding.package} still has its old version, and no CLOSED"
    return ""


def _named(check: Check, event: Mapping[str, Any]) -> tuple[Thing | None, Cell]:
    """The finding of an event."""
    keys = ("account_id", "region", "resource_type", "resource_id")
    place, subject = Place(*(event[key] for key in keys)), event["vulnerability_id"]
    for night in (check.night, *reversed(check.past)):
        for one in night.open:
            if place in one.places and one.subject == subject:
                cell = Cell(place.account, place.region, place.type, one.scan)
                return Thing(place, one.scan, one.subject), cell
    return None, Cell("", "", "", "")
