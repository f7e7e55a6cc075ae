"""The zip in ministack, a third-party emulator of AWS.

Lambda loads it from S3, behind an HTTP API, with Secrets Manager and DynamoDB.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sre_simulator.aws_lambda.function import REGION
from sre_simulator.fleet import BUSY_INSTANCE


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of ministack with Lambda and API Gateway."""
    python = Path(sys.prefix) / "emulator" / "bin" / "python"
    if not python.exists():
        pytest.skip("the emulator is not installed: make emulator")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("emulator")
    environ = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "WARNING",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), "-m", "ministack"], cwd=folder, env=environ, stdout=log, stderr=log
        )
        try:
            _answers(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(port: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until the emulator listens."""
    for _ in range(3000):
        assert process.poll() is None
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise TimeoutError


def test_a_signed_command_gives_one_message_and_a_forged_one_none(
    on_ministack: Any,
) -> None:
    url = on_ministack.slack.response_url()
    assert on_ministack.types(BUSY_INSTANCE, url, secret="a guess")[0] == 401
    for _ in range(2):
        status, said = on_ministack.types(BUSY_INSTANCE, url, "9.9.same")
        assert (status, said["text"]) == (200, f"Checking `{BUSY_INSTANCE}` …")
    post, *others = on_ministack.slack.wait(url)
    assert "table" in [block["type"] for block in post["blocks"]]
    assert "https://sre.example/reports/" in json.dumps(post["blocks"])
    on_ministack.types(BUSY_INSTANCE, after := on_ministack.slack.response_url())
    on_ministack.slack.wait(after)
    assert others == []
    assert len(on_ministack.slack.posts(url)) == 1
