"""The AWS emulator ministack as a process, for tests."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sre_simulator.aws_lambda.function import REGION


@contextmanager
def aws_emulator(folder: Path, **environ: str) -> Iterator[str]:
    """Runs the emulator on the loopback with its files in ``folder``, and returns its URL.

    ``environ`` is added to its environment. Skips the test if the emulator is not installed.
    """
    python = Path(sys.prefix) / "emulator" / "bin" / "python"
    if not python.exists():
        pytest.skip("the emulator of AWS is not installed: make emulator")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "WARNING",
        **environ,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), "-m", "ministack"], cwd=folder, env=variables, stdout=log, stderr=log
        )
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until the emulator listens."""
    for _ in range(3000):
        assert process.poll() is None
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise TimeoutError
