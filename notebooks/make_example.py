"""Generates the example store notebooks/example.tar.xz: a small simulated fleet over some nights,
the same on every machine.

.venv/bin/python notebooks/make_example.py

Four teams fix at different paces; one has a patch day. One night is missing, as can happen.
Everything is invented except the names of vulnerabilities and packages.
"""

from __future__ import annotations

import math
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_table
from sre_scanner.scan import Request, scan
from sre_simulator.fleet.cell import GeneratedCell
from sre_simulator.fleet.exposures import open_ports
from sre_simulator.fleet.lifecycle import DAY, Event, Happening
from sre_simulator.fleet.organization import Fleet, enabled
from sre_simulator.fleet.resource import Drawn, Life, Resource, Scan
from sre_simulator.fleet.resource_kinds import Wanted, instance
from sre_simulator.inspector.server import Simulator
from sre_simulator.randomness import Dice
from sre_simulator.vulnerabilities.catalog import Catalogue
from sre_simulator.vulnerabilities.vulnerability import Weakness

ARCHIVE = Path(__file__).parent / "example.tar.xz"
REGION, PLATFORM = "eu-west-1", "AMAZON_LINUX_2023"
LAST = datetime(2026, 11, 22, 1, tzinfo=UTC)
NIGHTS = tuple(LAST - timedelta(days=back) for back in range(13, -1, -1) if back != 6)
# days until a team of pace 1 fixes it; 90 for lower severities
MEDIAN_DAYS = {"CRITICAL": 12, "HIGH": 30, "MEDIUM": 60}
WATCHED = 120  # days before the last night in which findings were opened
KINDS = 72  # distinct vulnerabilities, which make up most of a store's size


class Host(NamedTuple):
    """An instance: its team, how slow the team is, whether it is internet-facing, and its patch
    day."""

    account: str
    name: str
    team: str
    pace: float
    public: bool = False
    patched_on: int | None = None  # days before the last night


HOSTS = (
    Host("111122223333", "prod-web-01", "payments", 0.5, public=True, patched_on=5),
    Host("111122223333", "prod-web-02", "payments", 0.5, public=True, patched_on=5),
    Host("111122223333", "prod-ledger-03", "payments", 0.6, patched_on=4),
    Host("111122223333", "prod-refund-11", "payments", 0.8),
    Host("111122223333", "prod-search-04", "search", 1.0, public=True),
    Host("111122223333", "prod-index-05", "search", 1.0),
    Host("111122223333", "prod-suggest-12", "search", 1.2),
    Host("444455556666", "data-etl-06", "data", 1.6),
    Host("444455556666", "data-lake-07", "data", 1.6),
    Host("444455556666", "data-airflow-08", "data", 1.3),
    Host("444455556666", "build-runner-09", "platform", 3.0, public=True),
    Host("444455556666", "build-cache-13", "platform", 3.0),
    Host("444455556666", "legacy-ftp-10", "", 6.0),
)


def fleet() -> Fleet:
    """The fleet with all its nights."""
    catalogue = Catalogue()
    known = catalogue.known_on(PLATFORM)
    userland = catalogue.on(PLATFORM, Dice("kinds").shuffled(known.userland)[: KINDS - 12])
    kernel = list(catalogue.on(PLATFORM, known.kernel))
    unrated = [one for one in kernel if one.severity == "UNTRIAGED"]
    weaknesses = [*userland, *kernel[:11], *unrated[:1]]
    cells = {}
    for account in sorted({host.account for host in HOSTS}):
        resources = [_resource(host, weaknesses) for host in HOSTS if host.account == account]
        cells[REGION, account] = GeneratedCell(account, REGION, resources, 1)
    accounts = tuple(account for _, account in cells)
    return Fleet(
        accounts,
        (REGION,),
        accounts[0],
        NIGHTS,
        cells,
        {account: enabled() for account in accounts},
    )


def _resource(host: Host, weaknesses: list[Weakness]) -> Resource:
    begins = LAST.timestamp() - 300 * DAY
    tags = {"Name": host.name, "env": "prod"} | ({"team": host.team} if host.team else {})
    drawn = instance(Wanted(host.account, REGION, PLATFORM, host.name, tags, begins))
    own = open_ports(drawn, 1) if host.public else _without_public_address(drawn)
    some = [one for one in weaknesses if Dice("has", host.name, one.body).chance(0.75)]
    lives = [_life(host, one) for one in [*own, *some]]
    scans = (Scan("PACKAGE", mode="EC2_SSM_AGENT_BASED"), Scan("NETWORK"))
    return Resource(
        host.account,
        REGION,
        drawn,
        scans,
        begins,
        own=own,
        shared=some,
        lives=lives,
        size=len(lives),
    )


def _without_public_address(drawn: Drawn) -> list[Weakness]:
    for name in ("awsEc2Instance", "vm"):
        drawn.details[name]["ipV4Addresses"] = drawn.details[name]["ipV4Addresses"][:1]
    return []


def _life(host: Host, weakness: Weakness) -> Life:
    """Opened on some day, and fixed after an exponentially distributed time around the team's
    median, or on its patch day."""
    dice = Dice("life", host.name, weakness.body)
    last = LAST.timestamp()
    opened = last - dice.between(0, WATCHED) * DAY
    median = MEDIAN_DAYS.get(weakness.severity, 90) * host.pace
    fixed = opened + max(0.2, -math.log(dice.between(1e-9, 1)) * median / math.log(2)) * DAY
    if (
        host.patched_on is not None
        and opened < (day := last - host.patched_on * DAY - 7200)
        and dice.chance(0.55)
    ):
        fixed = min(fixed, day)
    return Event(round(opened, 3), Happening.OPEN), Event(round(fixed, 3), Happening.CLOSE)


def main() -> None:
    """Scans every night, like the nightly task, and packs the store."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "example"
        with simulated() as simulator:
            for night in _scanned(simulator, place):
                print(night)
        _packed(place)
    print(f"{ARCHIVE}: {ARCHIVE.stat().st_size // 1024} KB")


@contextmanager
def simulated() -> Iterator[Simulator]:
    """Serves the fleet on the loopback, with AWS settings that lead only there."""
    with Simulator(fleet()) as simulator:
        os.environ |= {
            "AWS_ENDPOINT_URL_INSPECTOR2": simulator.url,
            "AWS_ACCESS_KEY_ID": "SIMULATED",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        yield simulator


def _scanned(simulator: Simulator, place: Path) -> Iterator[str]:
    snapshots, table = SnapshotWriter(FolderBlobs(place)), open_table(f"sqlite:///{place}/table.db")
    request = Request(regions=(REGION,), required=(REGION,), rate=1000.0)
    for night in NIGHTS:
        simulator.clock = night
        yield scan(request, snapshots, table, now=lambda: simulator.clock).snapshot_id


def _packed(place: Path) -> None:
    """Removes times and owners of files, so that the same store gives the same archive."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        return info.replace(
            mtime=0,
            mode=0o755 if info.isdir() else 0o644,
            uid=0,
            gid=0,
            uname="",
            gname="",
            deep=False,
        )

    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        archive.add(place, place.name, filter=plain)


if __name__ == "__main__":
    main()
