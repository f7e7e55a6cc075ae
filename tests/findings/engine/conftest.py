"""A Spark cluster on the loopback."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

# Each process runs for about a minute: skip the optimizing compiler.
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# Stops the daemon when this process ends for any reason, because its end of the pipe closes.
_WATCHED = '"$@" & child=$!; cat > /dev/null; kill $child; wait $child'
_ADDRESS = re.compile(r"spark://127\.0\.0\.1:\d+")


def no_spark() -> str:
    """The reason why Spark cannot run here; empty if it can."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed"
    return (
        ""
        if shutil.which("java")
        else "there is no java on this machine (Debian: openjdk-17-jre-headless)"
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a standalone master with two workers, separate processes on 127.0.0.1."""
    if why := no_spark():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as running:
        log = running.enter_context(_daemon(folder, "master", "--webui-port", "0"))
        master = _wait_for(log, _ADDRESS)[0]
        small = ("--cores", "1", "--memory", "600m", "--webui-port", "0", "--work-dir", str(folder))
        logs = [
            running.enter_context(_daemon(folder, "worker", *small, master, number=n))
            for n in (1, 2)
        ]
        for one in logs:
            _wait_for(one, re.compile("Successfully registered with master"))
        yield master


@contextmanager
def _daemon(folder: Path, kind: str, *arguments: str, number: int = 0) -> Iterator[Path]:
    """Runs a Spark daemon, which ends with this process at the latest. Yields its log file."""
    import pyspark

    home = Path(pyspark.__file__).parent
    name = f"org.apache.spark.deploy.{kind}.{kind.capitalize()}"
    command = [
        str(home / "bin" / "spark-class"),
        name,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        *arguments,
    ]
    environment = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": f"{QUICK} -Dspark.master.rest.enabled=false",
    }
    log = folder / f"{kind}-{number}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["sh", "-c", _WATCHED, "sh", *command], stdin=subprocess.PIPE, stdout=file, stderr=file,
            env=os.environ | environment,
        )  # fmt: skip
    try:
        yield log
    finally:
        process.communicate(timeout=30)


def _wait_for(log: Path, expected: re.Pattern[str], seconds: float = 60) -> re.Match[str]:
    """The match in the log that shows that a daemon is ready."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := expected.search(log.read_text()):
            return found
        time.sleep(0.05)
    raise AssertionError(f"Spark did not log {expected.pattern!r}:\n{log.read_text()[-2000:]}")
