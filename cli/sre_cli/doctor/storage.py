"""Checks of the store, the table and the newest snapshot. Test data that they write is removed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from sre_cli.doctor.check import FAILED, OK, UNKNOWN, WARNING, Check
from sre_findings.model.errors import SreError
from sre_findings.model.snapshots.freshness import IN_FUTURE, age
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.settings import Settings
from sre_findings.store.objects.blobs import Blobs, Missing
from sre_findings.store.records.table import Row, Table
from sre_findings.store.snapshots.keys import COMMITS, TRIALS
from sre_findings.store.snapshots.reader import Commit, Snapshots
from sre_reports import wording

T = TypeVar("T")
STAMP = "%Y%m%dT%H%M%SZ"
_ABANDONED = timedelta(minutes=10)  # older test blobs were left by a run that could not remove them
_EXPIRY = timedelta(hours=1)  # of the test row, if it cannot be removed
_NOT_YET = "The first scan creates it: sre-cli scan."
_NOT_S3 = "Is this S3, or another system in its place?"
_ONE_WRITER = "Commits need If-None-Match: use S3, or a system that supports it."
_CLOCK = "Set the clock of the machine that scans, or of this one, then scan again."


_S3 = {
    "list": "s3:ListBucket",
    "write": "s3:PutObject",
    "read": "s3:GetObject",
    "remove": "s3:DeleteObject",
}
_DYNAMODB = {
    "write": "dynamodb:PutItem",
    "read": "dynamodb:Query",
    "remove": "dynamodb:BatchWriteItem",
}


class _RoundTrip:
    """The steps of a round trip through the store or the table.

    ``actions`` has the AWS permission of each step that needs one; each is a check. Any other step
    is a check only if it fails.
    """

    def __init__(self, what: str, actions: Mapping[str, str]) -> None:
        self._what, self._actions = what, actions
        self._found: dict[str, Check] = {}

    def run(self, name: str, step: Callable[[], T]) -> T | None:
        """Returns the result of the step; None and a failed check if it raised SreError."""
        what = self._actions.get(name, self._what)
        try:
            found = step()
        except SreError as error:
            self._found[what] = Check(what, FAILED, error.reason, error.do)
            return None
        if name in self._actions:
            self._found.setdefault(what, Check(what, OK, "allowed: the call succeeded"))
        return found

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return any(one.state == FAILED for one in self._found.values())

    def checks(self, whole: Check | None = None) -> list[Check]:
        """Returns the check of the whole round trip, if it ended, then one for each permission.

        The latter include the permissions of steps that were not tried.
        """
        first = [whole] if whole else [self._found[self._what]] if self._what in self._found else []
        untried = "not tried: an earlier step failed"
        return [
            *first,
            *(self._found.get(one, Check(one, UNKNOWN, untried)) for one in self._actions.values()),
        ]


def store(blobs: Blobs, now: datetime) -> list[Check]:
    """Writes a blob twice (the second must be refused), reads, lists and removes it."""
    remote = blobs.url.startswith("s3://")
    if not remote and not _folder(blobs.url).is_dir():
        return [Check("store", WARNING, f"{blobs.url} does not exist yet", _NOT_YET)]
    trip = _RoundTrip("store", _S3 if remote else {})
    abandoned = _abandoned(trip.run("list", lambda: list(blobs.keys(TRIALS))) or (), now)
    for left in abandoned:
        trip.run("remove", partial(blobs.delete, left))
    if abandoned and trip.failed:  # do not add to blobs that cannot be removed
        return trip.checks()
    key, body = f"{TRIALS}{now:{STAMP}}-{secrets.token_hex(8)}", secrets.token_bytes(32)
    if not trip.run("write", lambda: blobs.create(key, body)):
        return trip.checks()
    again = trip.run("", lambda: blobs.create(key, b"another"))
    read = trip.run("read", lambda: _read(blobs, key))
    trip.run("remove", lambda: blobs.delete(key))
    if trip.failed:
        return trip.checks()
    return trip.checks(_written(blobs.url, intact=read == body, once=again is False))


def readable(blobs: Blobs) -> list[Check]:
    """Lists the commits and reads the newest one, for roles that do not write commits."""
    remote = blobs.url.startswith("s3://")
    trip = _RoundTrip("store", {one: _S3[one] for one in ("list", "read")} if remote else {})
    keys = trip.run("list", lambda: list(blobs.keys(COMMITS))) or [f"{COMMITS}none"]
    trip.run("read", lambda: _read(blobs, keys[-1]))
    if trip.failed:
        return trip.checks()
    return trip.checks(Check("store", OK, f"{blobs.url}: listed and read"))


def _read(blobs: Blobs, key: str) -> bytes:
    try:
        return blobs.read(key)
    except Missing:
        return b""


def _written(url: str, *, intact: bool, once: bool) -> Check:
    """Returns the check of a store to which a blob was written twice."""
    if not intact:
        return Check("store", FAILED, f"{url} does not return what was written", _NOT_S3)
    if not once:
        return Check("store", FAILED, f"{url} lets a second writer replace a blob", _ONE_WRITER)
    return Check("store", OK, f"{url}: written once, read, listed and removed")


def _abandoned(keys: Iterable[str], now: datetime) -> list[str]:
    names = ((key, key.removeprefix(TRIALS)) for key in keys)
    return [
        key
        for key, name in names
        if re.match(r"\d{8}T\d{6}Z-", name) and name < f"{now - _ABANDONED:{STAMP}}"
    ]


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def table(place: Table, url: str, now: datetime) -> list[Check]:
    """Writes a row twice (the second must be refused), reads it and removes it.

    A row that cannot be removed expires within an hour.
    """
    remote = url.startswith("dynamodb://")
    if not remote and not Path(url.removeprefix("sqlite:///")).exists():
        return [Check("table", WARNING, f"{url} does not exist yet", _NOT_YET)]
    trip = _RoundTrip("table", _DYNAMODB if remote else {})
    row = Row(
        "doctor",
        f"{now:{STAMP}}-{secrets.token_hex(8)}",
        {"at": now.isoformat()},
        int((now + _EXPIRY).timestamp()),
    )
    made = trip.run("write", lambda: place.create(row))
    again = trip.run("", lambda: place.create(row)) if made else None
    read = trip.run("read", lambda: list(place.query(row.partition, row.sort, row.sort)))
    trip.run("remove", lambda: place.remove(row.partition, row.sort))
    if trip.failed:
        return trip.checks()
    if read != [row] or again is not False:
        detail = f"{url} does not return the row that was written once"
        return trip.checks(Check("table", FAILED, detail, "Is this DynamoDB?"))
    return trip.checks(Check("table", OK, f"{url}: written once, read and removed"))


def snapshot(snapshots: Snapshots, settings: Settings, now: datetime) -> list[Check]:
    """Checks the newest snapshot: its age, and whether it is complete."""
    commits = snapshots.commits()
    if not commits:
        return [
            Check("snapshot", WARNING, f"no snapshot yet in {settings.store}", "Run: sre-cli scan")
        ]
    newest, passed = commits[-1], age(commits[-1].started_at, now)
    if passed is None:
        future = f"{newest.snapshot_id}: {IN_FUTURE}"
        return [Check("snapshot", WARNING, future, _CLOCK)]
    detail = _described(newest, now)
    if newest.state != COMPLETE:
        return [_partial(commits, detail, now)]
    if passed > settings.max_age:
        stale = f"{detail}; stale: the limit is {_age(settings.max_age)}"
        remedy = "Did the nightly scan run? See sre-cli schedule list."
        return [Check("snapshot", WARNING, stale, remedy)]
    return [Check("snapshot", OK, detail)]


def _partial(commits: list[Commit], detail: str, now: datetime) -> Check:
    complete = [one for one in commits if one.state == COMPLETE]
    other = f"; the newest complete one is {_described(complete[-1], now)}" if complete else ""
    why = "; ".join(commits[-1].reasons[:3])
    remedy = "Fix what the reasons name, then scan again."
    return Check("snapshot", WARNING, f"{detail}: {why}{other}", remedy)


def _described(commit: Commit, now: datetime) -> str:
    claim = f" {commit.claim}" if commit.state == COMPLETE else ""
    return f"{commit.snapshot_id}, {_age(now - commit.started_at)} old, {commit.state}{claim}"


def _age(age: timedelta) -> str:
    return wording.age(int(age.total_seconds()))
