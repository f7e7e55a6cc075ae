"""The images: only locked packages, an unprivileged user and a read-only file system.

The tests need no container engine: ``containers/image_replay.py`` executes the Dockerfiles in a
sandbox.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from image_replay import BASE, ROOT, Image, context, size

pytestmark = pytest.mark.slow
EACH_MINUTE = 'schedules: [{name: prune, cron: "* * * * *", run: snapshots prune --yes}]'
LOCKS = {"scanner": "requirements-scanner.lock", "mcp": "requirements-server.lock"}
FIRST = """
import json, os, pathlib, subprocess, sys, time, urllib.error, urllib.request
command, check = json.loads(sys.argv[1])
server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
for line in server.stderr:
    if "listening on" in line:
        break
with urllib.request.urlopen("http://127.0.0.1:8080/readyz", timeout=60) as answer:
    ready = answer.status, json.load(answer)
healthy = subprocess.run(check).returncode
server.terminate()
rest = server.communicate(timeout=60)
unhealthy = subprocess.run(check, stderr=subprocess.DEVNULL).returncode
print(json.dumps([*ready, healthy, server.returncode, unhealthy]))
"""
LOOK = """
import json, os, sys
def writes(place):
    try:
        open(place + "/written", "w").close()
    except OSError as error:
        return error.strerror
    return "written"
places = ["/", "/etc", "/opt/sre", "/opt/sre/bin", "/usr/local/bin", "/data", "/tmp"]
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps({"writes": {place: writes(place) for place in places}, "ids": [os.getuid(), os.getgid()],
                  "groups": os.getgroups(), "capabilities": status["CapBnd"], "path": sys.path[1:],
                  "home": os.path.exists(os.path.expanduser("~"))}))
"""


def run(image: Image, volumes: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in the image."""
    words = image.sandbox(command, volumes, env)
    return subprocess.run(words, env=BASE, capture_output=True, text=True, timeout=300, check=False)


def locked(name: str, minor: str) -> dict[str, str]:
    """The versions that a lock file pins for a Python version, by name."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if re.match(r"[a-z0-9]", line)]
    found = [Requirement(line.removesuffix("\\").strip()) for line in lines]
    here = {"python_full_version": f"{minor}.0", "python_version": minor}
    return {
        canonicalize_name(one.name): str(one.specifier)[2:]
        for one in found
        if not one.marker or one.marker.evaluate(here)
    }


def packages(image: Image) -> Path:
    (found,) = (image.root / "opt/sre/lib").glob("python3.*/site-packages")
    return found


@pytest.mark.parametrize("component", LOCKS)
def test_an_image_has_exactly_its_locked_packages_as_its_bill_of_materials_says(
    build: Callable[[str], Image], component: str, tmp_path: Path
) -> None:
    image = build(component)
    pinned = locked(LOCKS[component], packages(image).parent.name.removeprefix("python"))
    infos = (
        path.name.removesuffix(".dist-info").rpartition("-")
        for path in packages(image).glob("*.dist-info")
    )
    ours = {"sre-operations-assistant": "0.1.0"}
    assert {canonicalize_name(name): number for name, _, number in infos} == pinned | ours
    bill = tmp_path / "bill.json"
    command: list[str | Path] = [
        sys.executable,
        ROOT / "containers" / "sbom.py",
        packages(image),
        bill,
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert "file://" not in bill.read_text(), "of whoever built it"
    made = json.loads(bill.read_text())
    assert {
        canonicalize_name(one["name"]): one["version"] for one in made["components"]
    } == pinned | ours
    assert {
        canonicalize_name(one["name"])
        for one in made["components"]
        if one.get("purl", "").startswith("pkg:pypi/")
    } == set(pinned | ours)


def test_an_image_has_no_installers_or_compilers(image: Image) -> None:
    names = {path.name for path in image.root.rglob("*")}
    installers = {
        name
        for name in names
        if re.fullmatch(r"(pip|ensurepip|setuptools|pkg_resources|wheel)([-0-9.].*)?|.*\.whl", name)
    }
    assert installers == set()
    assert not {
        name for name in names if name in ("gcc", "cc", "ld", "make", "git", "curl", "wget")
    }


def test_an_image_is_unprivileged_and_writes_only_to_its_volumes(
    image: Image, tmp_path: Path
) -> None:
    done = run(image, tmp_path, "python", "-c", LOOK)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    refused = "Read-only file system"
    assert found["writes"] == dict.fromkeys(
        ["/", "/etc", "/opt/sre", "/opt/sre/bin", "/usr/local/bin"], refused
    ) | {
        "/data": "written",
        "/tmp": "written",
    }
    assert set(image.volumes) == {"/data", "/tmp"}
    assert (found["ids"], found["groups"], found["capabilities"], found["home"]) == (
        [10001, 10001],
        [],
        "0" * 16,
        False,
    )
    assert all(one.startswith(("/opt/sre/", "/usr/local/")) for one in found["path"])


def test_each_volume_has_its_owner_and_a_file_for_fargate_to_copy(image: Image) -> None:
    """Fargate copies the content of a VOLUME to the task's volume, with owner and mode.

    Amazon ECS developer guide, "Use bind mounts".
    """
    modes = {"/data": 0o700, "/tmp": 0o1777}
    for volume in image.volumes:
        folder = image.root / volume.strip("/")
        assert stat.S_IMODE(folder.stat().st_mode) == modes[volume]
        assert (folder / ".volume").is_file()


def test_the_scanner_image_runs_a_scan(scanned: Any) -> None:
    assert (scanned.code, scanned.last["event"], scanned.last["state"]) == (
        0,
        "committed",
        "complete",
    )
    assert scanned.last["totals"]["findings"] > 1000


def test_the_server_image_starts_becomes_healthy_and_stops(
    build: Callable[[str], Image], scanned: Any
) -> None:
    image = build("mcp")
    words = json.dumps([[*image.entrypoint, *image.command], image.healthcheck])
    tokens = "/data/tokens.json"
    made = run(
        image, scanned.volumes, *image.entrypoint, "tokens", "new", "--name", "ci", "--to", tokens
    )
    assert made.returncode == 0, made.stderr
    command = image.sandbox(
        ["python", "-c", FIRST, words],
        scanned.volumes,
        {"SRE_TOKENS": f"file://{tokens}"},
        network=False,
    )
    done = subprocess.run(
        command, env=BASE, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    status, ready, healthy, ended, unhealthy = json.loads(done.stdout.splitlines()[-1])
    assert (status, ready["ready"], healthy, ended, unhealthy) == (200, True, 0, 0, 1), ready


@pytest.mark.parametrize(
    "command",
    [
        "schedule list",
        "schedule job prune --file /data/schedules.yaml",
        "report -f /data/pages",
        "digest --dry-run",
        "export --format xlsx -f /data/findings.xlsx",
        "export --format parquet -f /data/findings.parquet",
        "snapshots verify",
        "snapshots prune",
    ],
)
def test_the_server_image_runs_schedules(
    build: Callable[[str], Image], scanned: Any, command: str
) -> None:
    image = build("mcp")
    (scanned.volumes / "data" / "schedules.yaml").write_text(EACH_MINUTE)
    done = run(
        image,
        scanned.volumes,
        *image.entrypoint,
        *command.split(),
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or " findings of snapshot " in done.stderr


def test_an_image_has_its_labels(image: Image) -> None:
    said = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in image.labels.items()
    }
    assert set(said) == {"title", "description", "licenses", "version", "revision", "source"}
    assert (said["licenses"], said["version"], said["revision"]) == ("Apache-2.0", "1.2", "unknown")


@pytest.mark.parametrize("component", LOCKS)
def test_every_stage_has_the_same_pinned_base_and_accepts_a_digest(
    component: str,
) -> None:
    steps = DockerfileParser(path=str(ROOT / component / "Dockerfile")).structure
    bases = [one["value"].split()[0] for one in steps if one["instruction"] == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(
        r"public\.ecr\.aws/docker/library/python:3\.13\.\d+-slim-bookworm\$\{BASE_DIGEST\}",
        bases[0],
    )


def test_a_build_sees_only_the_files_of_the_product() -> None:
    seen = list(context())
    assert {path.parts[0] for path in seen if len(path.parts) > 1} == {
        "containers",
        "findings",
        "scanner",
        "reports",
        "mcp",
        "lambda",
        "cli",
        "schedules",
        "simulator",
    }
    assert not [
        path
        for path in seen
        if path.name.startswith(".env") or "tests" in path.parts or path.name == "sre-ops.toml"
    ]


def test_the_scanners_packages_stay_under_300_megabytes(
    build: Callable[[str], Image],
) -> None:
    assert size(build("scanner").root / "opt") < 300e6


@pytest.mark.parametrize("component", LOCKS)
def test_the_documented_sizes_are_current(build: Callable[[str], Image], component: str) -> None:
    page = (ROOT / "docs" / "containers.md").read_text()
    told = re.search(rf"^\| `{component}/Dockerfile` \| (\d+) MB ", page, re.MULTILINE)
    assert told
    assert size(build(component).root / "opt") / 1e6 == pytest.approx(int(told[1]), rel=0.05)
