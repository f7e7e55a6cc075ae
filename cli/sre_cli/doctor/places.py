"""The store, the table and the newest snapshot. What is written is removed again."""

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
from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.model.snapshots.freshness import AHEAD
from sre_findings.settings import Settings
from sre_findings.store.blobs import Blobs, Missing
from sre_findings.store.keys import COMMITS, TRIALS
from sre_findings.store.snapshots import Commit, Snapshots
from sre_findings.store.table import Row, Table
from sre_reports import wording

T = TypeVar("T")
STAMP = "%Y%m%dT%H%M%SZ"
_STALE = timedelta(minutes=10)  # what is older was left by a doctor that could not remove it
_HOUR = timedelta(hours=1)
_NONE_YET = "The first scan makes it: sre-cli scan."


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


class _Steps:
    """Steps of a round trip: each one that a permission of AWS allows is a check of it, and
    whatever fails is one."""

    def __init__(self, what: str, actions: Mapping[str, str]) -> None:
        self._what, self._actions = what, actions
        self._found: dict[str, Check] = {}

    def run(self, name: str, step: Callable[[], T]) -> T | None:
        """What the step gives; None, and a check that failed, where it raised."""
        what = self._actions.get(name, self._what)
        try:
            found = step()
        except SreError as error:
            self._found[what] = Check(what, FAILED, error.reason, error.do)
            return None
        if name in self._actions:
            self._found.setdefault(what, Check(what, OK, "allowed: it was done"))
        return found

    @property
    def failed(self) -> bool:
        """Whether a step did."""
        return any(one.state == FAILED for one in self._found.values())

    def checks(self, whole: Check | None = None) -> list[Check]:
        """The round trip as a whole, where it came to its end; then each permission, those that
        were not tried too."""
        first = [whole] if whole else [self._found[self._what]] if self._what in self._found else []
        untried = "not tried: an earlier step failed"
        return [
            *first,
            *(self._found.get(one, Check(one, UNKNOWN, untried)) for one in self._actions.values()),
        ]


def store(blobs: Blobs, now: datetime) -> list[Check]:
    """Writes a blob once, reads it, lists it and removes it."""
    remote = blobs.url.startswith("s3://")
    if not remote and not _folder(blobs.url).is_dir():
        return [Check("store", WARNING, f"{blobs.url} is not there yet", _NONE_YET)]
    steps = _Steps("store", _S3 if remote else {})
    stale = _stale(steps.run("list", lambda: list(blobs.keys(TRIALS))) or (), now)
    for left in stale:
        steps.run("remove", partial(blobs.delete, left))
    if stale and steps.failed:  # what cannot be removed must not become more
        return steps.checks()
    key, body = f"{TRIALS}{now:{STAMP}}-{secrets.token_hex(8)}", secrets.token_bytes(32)
    if not steps.run("write", lambda: blobs.create(key, body)):
        return steps.checks()
    again = steps.run("", lambda: blobs.create(key, b"another"))
    read = steps.run("read", lambda: _read(blobs, key))
    steps.run("remove", lambda: blobs.delete(key))
    return steps.checks(
        None if steps.failed else _kept(blobs.url, right=read == body, once=again is False)
    )


def readable(blobs: Blobs) -> list[Check]:
    """Lists the commits and reads the newest, for who writes none."""
    steps = _Steps(
        "store",
        {one: _S3[one] for one in ("list", "read")} if blobs.url.startswith("s3://") else {},
    )
    keys = steps.run("list", lambda: list(blobs.keys(COMMITS))) or [f"{COMMITS}none"]
    steps.run("read", lambda: _read(blobs, keys[-1]))
    return steps.checks(
        None if steps.failed else Check("store", OK, f"{blobs.url}: listed and read")
    )


def _read(blobs: Blobs, key: str) -> bytes:
    try:
        return blobs.read(key)
    except Missing:
        return b""


def _kept(url: str, *, right: bool, once: bool) -> Check:
    """What came of the round trip as a whole."""
    if not right:
        return Check(
            "store",
            FAILED,
            f"{url} does not give back what was written",
            "Is this S3, or another system in its place?",
        )
    if not once:
        do = "Commits need If-None-Match: use S3, or a system that honours it."
        return Check("store", FAILED, f"{url} lets two writers take one name", do)
    return Check("store", OK, f"{url}: written once, read, listed and removed")


def _stale(keys: Iterable[str], now: datetime) -> list[str]:
    names = ((key, key.removeprefix(TRIALS)) for key in keys)
    return [
        key
        for key, name in names
        if re.match(r"\d{8}T\d{6}Z-", name) and name < f"{now - _STALE:{STAMP}}"
    ]


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def table(place: Table, url: str, now: datetime) -> list[Check]:
    """Writes a row once, reads it and removes it. Should removing fail, it expires within the
    hour."""
    remote = url.startswith("dynamodb://")
    if not remote and not Path(url.removeprefix("sqlite:///")).exists():
        return [Check("table", WARNING, f"{url} is not there yet", _NONE_YET)]
    steps = _Steps("table", _DYNAMODB if remote else {})
    row = Row(
        "doctor",
        f"{now:{STAMP}}-{secrets.token_hex(8)}",
        {"at": now.isoformat()},
        int((now + _HOUR).timestamp()),
    )
    made = steps.run("write", lambda: place.create(row))
    again = steps.run("", lambda: place.create(row)) if made else None
    read = steps.run("read", lambda: list(place.query(row.partition, row.sort, row.sort)))
    steps.run("remove", lambda: place.remove(row.partition, row.sort))
    if steps.failed:
        return steps.checks()
    if read != [row] or again is not False:
        return steps.checks(
            Check("table", FAILED, f"{url} does not keep what is written once", "Is this DynamoDB?")
        )
    return steps.checks(Check("table", OK, f"{url}: written once, read and removed"))


def snapshot(snapshots: Snapshots, settings: Settings, now: datetime) -> list[Check]:
    """The newest snapshot: its age, and what its certificate says."""
    commits = snapshots.commits()
    if not commits:
        return [Check("snapshot", WARNING, "there is none yet", "Run: sre-cli scan")]
    complete = [one for one in commits if one.state == COMPLETE]
    age = now - commits[-1].started_at
    if age < -AHEAD:
        what = f"{commits[-1].snapshot_id} began in the future, so its age is not known"
        return [
            Check(
                "snapshot",
                WARNING,
                what,
                "Set the clock of the machine that scans, or of this one, then scan again.",
            )
        ]
    detail = _told(commits[-1], age)
    if commits[-1].state != COMPLETE:
        other = (
            f"; the newest complete one is {_told(complete[-1], now - complete[-1].started_at)}"
            if complete
            else ""
        )
        why = "; ".join(commits[-1].reasons[:3])
        return [
            Check(
                "snapshot",
                WARNING,
                f"{detail}: {why}{other}",
                "Mend what the certificate names, then scan again.",
            )
        ]
    if age > settings.max_age:
        limit = wording.age(int(settings.max_age.total_seconds()))
        return [
            Check(
                "snapshot",
                WARNING,
                f"{detail}; older than {limit}",
                "Did the nightly scan run? sre-cli schedule list",
            )
        ]
    return [Check("snapshot", OK, detail)]


def _told(commit: Commit, age: timedelta) -> str:
    claim = f" {commit.claim}" if commit.state == COMPLETE else ""
    return (
        f"{commit.snapshot_id}, {wording.age(int(age.total_seconds()))} old, {commit.state}{claim}"
    )
