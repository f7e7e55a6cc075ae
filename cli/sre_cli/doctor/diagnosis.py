"""All checks of ``sre-cli doctor``, in the order of the output: AWS, store, server, Slack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from sre_cli.doctor import (
    identity,
    inspector_regions,
    permission_checks,
    required_permissions,
    server,
    slack_digest,
    storage,
)
from sre_cli.doctor.aws_calls import Aws
from sre_cli.doctor.check import OFF, UNKNOWN, WARNING, Check
from sre_cli.doctor.identity import Caller
from sre_cli.doctor.required_permissions import EVERYTHING, JOBS, SCAN, Need
from sre_cli.doctor.task_pool import Task, run_tasks
from sre_findings.inspector.credentials import reader_of
from sre_findings.inspector.regions import check_region, configured_region, known_regions
from sre_findings.model.errors import SreError, UsageError
from sre_findings.settings import Settings
from sre_findings.store.snapshots.reader import Snapshots
from sre_findings.store.urls import open_blobs, open_key, open_table

T = TypeVar("T")
_FALLBACK_REGION = "us-east-1"  # has endpoints of all services
_NO_CALLER = "not checked: the AWS identity is unknown"
_SERVER_INSTEAD = "not checked: SRE_SERVER is used instead"


@dataclass(frozen=True, slots=True)
class Request:
    """What to check.

    Inspector must be on in ``regions``; without any, all regions that the account has enabled are
    checked. ``seconds`` limits the whole diagnosis. ``part`` is one of
    ``required_permissions.PARTS`` and selects the permissions to check.
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
        """Whether this machine reads a store or a table in AWS."""
        in_aws = (
            self.settings.store.startswith("s3://"),
            self.settings.table.startswith("dynamodb://"),
        )
        return not self.settings.server and any(in_aws)


def diagnose(request: Request) -> list[Check]:
    """Returns the result of every check. Raises UsageError for a region that does not exist."""
    ends = time.monotonic() + request.seconds
    for region in request.regions:
        check_region(region, known_regions())
    # The AWS checks end earlier, so that available results are not lost with missing ones.
    aws_ends = ends - request.seconds / 20
    tasks = [
        Task("identity", lambda: _aws(request, aws_ends)),
        *_storage(request),
        Task("server", lambda: server.server(request.settings)),
        Task("Slack", lambda: slack_digest.slack(request.settings, request.environ)),
    ]
    return run_tasks(tasks, ends)


def _aws(request: Request, ends: float) -> list[Check]:
    """Checks identity and clock, then all permissions and regions concurrently."""
    seconds = request.seconds / 3  # limit of one call: one that hangs leaves time for the others
    aws = Aws(request.profile, request.environ, seconds)
    home, region_checks = _home(request)
    account = identity.identify(aws, home, request.now, needed=request.needs_aws)
    if (caller := account.caller) is None:
        state = OFF if account.checks[0].state == OFF else UNKNOWN
        return [*account.checks, Check("permissions", state, _NO_CALLER)]
    role = None if request.profile else reader_of(request.settings)
    reader = Aws(role, request.environ, seconds) if role else aws
    reads = request.part != JOBS
    reader_checks = [identity.reader(reader, home)] if role and reads else []
    regions = request.regions or inspector_regions.enabled(reader, home) if reads else ()
    needs = required_permissions.needs(request.settings, caller, home, request.now(), request.part)
    tasks = [
        *_permissions(needs, aws, reader, caller, home),
        *_regions(regions, reader, required=bool(request.regions)),
    ]
    found = run_tasks(tasks, ends)
    first = len(found) - len(regions)
    by_region = inspector_regions.folded(dict(zip(regions, found[first:], strict=True)))
    return [*account.checks, *region_checks, *reader_checks, *found[:first], *by_region]


def _home(request: Request) -> tuple[str, list[Check]]:
    """Returns the configured region. If there is none, returns another region and a warning."""
    try:
        return configured_region(request.profile, request.environ), []
    except UsageError as error:
        region = (request.regions or [_FALLBACK_REGION])[0]
        return region, [Check("region", WARNING, error.reason, error.do)]


def _permissions(
    needs: Sequence[Need], aws: Aws, reader: Aws, caller: Caller, home: str
) -> Iterator[Task]:
    for need in needs:
        if need.asked is not None:
            client = reader if need.as_reader else aws
            yield Task(need.action, partial(permission_checks.called, need, client, home))
    if simulated := [need for need in needs if need.asked is None]:
        check = partial(permission_checks.simulated, simulated, aws, caller, home)
        yield Task(permission_checks.SIMULATE, check)


def _regions(regions: Sequence[str], aws: Aws, *, required: bool) -> Iterator[Task]:
    for region in regions:
        check = partial(inspector_regions.check, aws, region, required=required)
        yield Task(f"Inspector {region}", check)


def _storage(request: Request) -> Iterator[Task]:
    """Yields the checks of store, table and newest snapshot; off if a server is used instead."""
    settings = request.settings
    if settings.server:
        for what in ("store", "table", "snapshot"):
            yield Task(what, partial(Check, what, OFF, _SERVER_INSTEAD))
        return
    blobs = _opened(lambda: open_blobs(settings.store, settings.kms_key))
    rows = _opened(lambda: open_table(settings.table))
    if request.part in (EVERYTHING, SCAN):
        yield Task("store", lambda: storage.store(blobs(), request.now()))
    else:
        yield Task("store", lambda: storage.readable(blobs()))
    yield Task("table", lambda: storage.table(rows(), settings.table, request.now()))
    key = open_key(settings.signing_key)
    yield Task(
        "snapshot", lambda: storage.snapshot(Snapshots(blobs(), key=key), settings, request.now())
    )


def _opened(open_: Callable[[], T]) -> Callable[[], T]:
    """Opens now, and returns a function that returns the result or raises the SreError.

    The clients of the SDK must be created in one thread.
    """
    try:
        found = open_()
    except SreError as error:
        failed = error
    else:
        return lambda: found

    def fail() -> T:
        raise failed

    return fail
