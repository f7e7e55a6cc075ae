"""The images, built from their Dockerfiles once for all workers, and runs of their programs."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from image_replay import BASE, ROOT, Image, replay

AWS = {
    "AWS_ACCESS_KEY_ID": "TESTING",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}
Build = Callable[[str], Image]


class Scanned(NamedTuple):
    """A run of the scanner's image: exit code, last line of output, and written volumes."""

    code: int
    last: Mapping[str, Any]
    volumes: Path


def newest_python() -> Path:
    """The prefix of the newest Python in SRE_PYTHONS, used in place of the base image's."""
    known = [
        Path(one).resolve().parents[1]
        for one in os.environ.get("SRE_PYTHONS", "").split(os.pathsep)
        if one
    ]
    apart = [prefix for prefix in known if prefix not in (Path("/usr"), Path("/usr/local"))]
    return max(
        apart,
        key=lambda prefix: [int(n) for n in prefix.name.split(".") if n.isdigit()],
        default=Path(sys.base_prefix),
    )


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Build:
    """``build("scanner")``: builds the image from that folder's Dockerfile."""
    if not shutil.which("bwrap") or os.getuid() != 0:
        pytest.skip("replaying a Dockerfile needs Linux, root and bubblewrap")
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def built(component: str) -> Image:
        kept, folder = shared / f"image-{component}.pickle", shared / f"image-{component}"
        with (shared / f"image-{component}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(
                    pickle.dumps(
                        replay(
                            ROOT / component / "Dockerfile",
                            folder,
                            newest_python(),
                            {"VERSION": "1.2"},
                        )
                    )
                )
        image: Image = pickle.loads(kept.read_bytes())
        return image

    return built


@pytest.fixture(params=["scanner", "mcp"])
def image(request: pytest.FixtureRequest, build: Build) -> Image:
    return build(request.param)


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    """The URL of a simulated Inspector with the real clock, which the sandboxes also use."""
    command = [sys.executable, "-m", "sre_simulator", "--nights", "1"]
    process = subprocess.Popen(
        command, env={**BASE, "HOME": "/nonexistent"}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture(scope="module")
def scanned(build: Build, simulator: str, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Scans one region with the scanner's entry point into the image's data folder."""
    scanner, volumes = build("scanner"), tmp_path_factory.mktemp("volumes")
    command = [*scanner.entrypoint, "--region", "eu-west-1", "--rate", "5000"]
    words = scanner.sandbox(command, volumes, {**AWS, "AWS_ENDPOINT_URL_INSPECTOR2": simulator})
    done = subprocess.run(words, env=BASE, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr
    return Scanned(done.returncode, json.loads(done.stdout.splitlines()[-1]), volumes)
