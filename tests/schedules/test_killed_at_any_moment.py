"""Three simulated days with the process killed repeatedly: each slot runs exactly once.

The clock runs faster than real time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.clock import session_hour

from sre_findings.clock import clock
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.slots import slot_of
from sre_findings.store.snapshots.pruning import tombstones
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_table
from sre_reports.slack.limits import problems
from sre_schedules.schedule_file import load
from sre_schedules.slots import Slots
from sre_simulator.fleet.replay import replay_fleet
from sre_simulator.inspector.server import Simulator
from sre_simulator.slack.web_api import CHANNEL, TOKEN, Workspace, serving

pytestmark = pytest.mark.slow
KILLS, NIGHTS = 30, 3
SHORTEST_NIGHT = 20.0  # real seconds per day; more if processes start slowly
STARTS_A_NIGHT = 12
SCHEDULES = """schedules:
  - {name: scan, cron: "0 1 * * *", run: scan --region eu-west-1, grace: 7d}
  - {name: report, cron: "15 1 * * *", run: report, after: scan, wait: 20h, grace: 7d}
  - {name: digest, cron: "0 6 * * *", run: digest, after: scan, wait: 20h, grace: 7d}
  - {name: prune, cron: "0 9 * * *", run: snapshots prune --keep-nightly 1 --keep-weekly 0 --keep-monthly 0 --yes, grace: 7d}
"""
FINDING = {
    "findingArn": (
        "arn:aws:inspector2:eu-west-1:111122223333:finding/0123456789abcdef0123456789abcdef"
    ),
    "awsAccountId": "111122223333",
    "type": "PACKAGE_VULNERABILITY",
    "severity": "HIGH",
    "status": "ACTIVE",
    "title": "CVE-2026-1 - openssl",
    "description": "An example.",
    "firstObservedAt": 1.79e9,
    "lastObservedAt": 1.79e9,
    "updatedAt": 1.79e9,
    "remediation": {"recommendation": {"text": "None Provided"}},
    "fixAvailable": "YES",
    "resources": [
        {
            "type": "AWS_EC2_INSTANCE",
            "id": "i-0123456789abcdef0",
            "region": "eu-west-1",
            "tags": {"Name": "web-1"},
        }
    ],
    "packageVulnerabilityDetails": {
        "vulnerabilityId": "CVE-2026-1",
        "source": "NVD",
        "vulnerablePackages": [{"name": "openssl", "version": "3.0.1"}],
    },
}


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(check=problems, channels={CHANNEL: True})


@pytest.fixture
def night() -> float:
    """Real seconds per simulated day.

    Long enough for the day's jobs on this machine under its current load.
    """
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "sre_cli", "schedule", "next"], check=True, capture_output=True
    )
    return max(SHORTEST_NIGHT, STARTS_A_NIGHT * (time.monotonic() - began))


@pytest.fixture
def environ(tmp_path: Path, workspace: Workspace, night: float) -> Iterator[dict[str, str]]:
    """The environment of a scheduler.

    It has its own store, a simulated Inspector and a stand-in for Slack.
    """
    (tmp_path / "findings.jsonl").write_text(json.dumps(FINDING))
    (tmp_path / "schedules.yaml").write_text(SCHEDULES)
    (tmp_path / "channels.yaml").write_text(
        f'channels:\n  - {{channel: {CHANNEL}, owners: ["*"]}}\n'
    )
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ahead = midnight + timedelta(hours=20)  # five hours before the first job: twice a start
    since, speed = datetime.now(UTC), round(86_400 / night)
    with (
        Simulator(replay_fleet(tmp_path / "findings.jsonl", now=session_hour())) as simulator,
        serving(workspace) as slack,
    ):
        yield {
            **os.environ,
            "SRE_CLOCK": f"{speed}@{(since - (ahead - since) / (speed - 1)).isoformat()}",
            "AWS_ENDPOINT_URL_INSPECTOR2": simulator.url,
            "SRE_STORE": str(tmp_path / "store"),
            "SRE_SLACK_API_URL": slack.url,
            "SRE_SLACK_BOT_TOKEN": TOKEN,
            "SRE_SLACK_CHANNELS": str(tmp_path / "channels.yaml"),
        }


@pytest.fixture
def scheduler(
    environ: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts the process, and ends it at the end of the block if it still runs."""
    started: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "log.jsonl").open("ab")

    def start() -> subprocess.Popen[bytes]:
        words = [
            "schedule",
            "run",
            "--file",
            str(tmp_path / "schedules.yaml"),
            "--health",
            str(tmp_path / "health.json"),
        ]
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "sre_cli", *words], env=environ, stdout=log, stderr=log
            )
        )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()
    log.close()


def ended(
    environ: dict[str, str], folder: Path, until: datetime
) -> dict[str, list[tuple[str, bool | None]]]:
    """The state of each slot of each schedule, from its start to ``until``."""
    slots, found = Slots(open_table(f"sqlite:///{folder}/store/table.db"), ""), {}
    for one in load(folder / "schedules.yaml", until):
        fires = list(_until(one.cron.fires(one.zone, slots.begun(one, until)), until))
        states = [slots.state(one, fire) for fire in fires]
        found[one.name] = [
            (slot_of(fire), None if state is None else state.done)
            for fire, state in zip(fires, states, strict=True)
        ]
    return found


def _until(fires: Iterator[datetime], until: datetime) -> Iterator[datetime]:
    for fire in fires:
        if fire > until:
            return
        yield fire


def test_no_slot_runs_twice_or_is_skipped(
    environ: dict[str, str],
    workspace: Workspace,
    scheduler: Callable[[], subprocess.Popen[bytes]],
    tmp_path: Path,
    night: float,
) -> None:
    now, dice = clock(environ)[0], random.Random(20261130)
    began = now()
    last = began + timedelta(days=NIGHTS - 1, hours=15)
    kills = 0
    while kills < KILLS:
        process = scheduler()
        time.sleep(dice.uniform(0.2, 2 * NIGHTS * night / KILLS - 0.2))
        process.kill()
        process.wait()
        kills += 1
    (tmp_path / "health.json").unlink(missing_ok=True)
    process = scheduler()
    deadline = time.monotonic() + 6 * night
    while time.monotonic() < deadline:
        states = ended(environ, tmp_path, last)
        if (
            (tmp_path / "health.json").exists()
            and now() > last
            and all(done is not None for slots in states.values() for _, done in slots)
        ):
            break
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0

    states = ended(environ, tmp_path, last)
    assert all(len(slots) == NIGHTS for slots in states.values()), states
    assert all(done for slots in states.values() for _, done in slots), (
        states,
        (tmp_path / "log.jsonl").read_text(),
    )
    store = FolderBlobs(tmp_path / "store")
    slots = [
        *(one.slot for one in SnapshotWriter(store).commits()),
        *(one.slot for one in tombstones(store)),
    ]
    scanned = Counter(slot.removeprefix("scan/") for slot in slots)
    assert {slot: scanned[slot] for slot, _ in states["scan"]} == dict.fromkeys(
        (slot for slot, _ in states["scan"]), 1
    )
    told = Counter(
        (message["metadata"]["event_payload"]["key"], message["metadata"]["event_payload"]["part"])
        for message in workspace.of(CHANNEL)
        if "metadata" in message
    )
    assert told
    assert max(told.values()) == 1
