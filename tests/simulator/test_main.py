"""The command and the control endpoint, used from another process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sre_simulator import __main__ as command
from sre_simulator.inspector.server import Simulator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator.conftest import Post

    from sre_simulator.fleet import Fleet


@contextmanager
def _running(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sre_simulator", *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline(), process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _control(url: str, name: str, body: Any = None) -> Any:
    sent = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{url}/_simulator/{name}", sent, timeout=10) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_url_and_serves_until_a_signal(
    number: signal.Signals,
) -> None:
    with _running(
        "--findings", "300", "--accounts", "2", "--regions", "eu-west-1,us-east-1", "--nights", "2"
    ) as (line, process):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", line)
        assert _control(line.strip(), "requests") == []
        process.send_signal(number)
        rest, _ = process.communicate(timeout=20)
        assert (process.returncode, rest) == (0, "")


def test_help_shows_how_to_connect(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    options = (
        "--port",
        "--findings",
        "--accounts",
        "--regions",
        "--nights",
        "--seed",
        "--replay",
        "--mode",
        "--rate",
        "--latency",
    )
    assert all(option in text for option in options)
    assert "AWS_ENDPOINT_URL_INSPECTOR2" in text


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Simulator]:
    """The fleet that the command would serve, returned without waiting for a signal."""
    made: list[Simulator] = []

    class Noted(Simulator):
        def __enter__(self) -> Noted:
            made.append(self)
            super().__enter__()
            return self

    class AtOnce:
        def set(self) -> None:
            raise AssertionError("nobody signalled")

        def wait(self) -> None:
            return

    monkeypatch.setattr(command, "Simulator", Noted)
    monkeypatch.setattr(command, "Event", AtOnce)
    monkeypatch.setattr("sre_simulator.__main__.signal.signal", lambda *_: None)

    def run(*arguments: str) -> Simulator:
        command.main(arguments)
        return made[-1]

    return run


def test_the_options_choose_the_fleet(
    asked: Callable[..., Simulator],
    tmp_path: Path,
    shown: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(asked("--nights", "3").fleet.nights) == 3
    large = asked("--findings", "10", "--accounts", "6", "--regions", "eu-north-1").fleet
    assert (len(large.accounts), large.regions, len(list(large.findings()))) == (
        6,
        ("eu-north-1",),
        10,
    )
    recorded = tmp_path / "one.jsonl"
    recorded.write_text(json.dumps(shown[0]))
    assert list(asked("--replay", str(recorded)).fleet.findings()) == [shown[0]]
    assert capsys.readouterr().out.count("http://127.0.0.1:") == 3


def test_another_process_can_set_clock_faults_and_changes(
    simulator: Simulator, post: Post, fleet: Fleet
) -> None:
    first = post(simulator, "/findings/list", {"maxResults": 1}).body["findings"][0]["findingArn"]
    assert _control(simulator.url, "clock", {"now": fleet.at(2).timestamp()}) == {}
    assert simulator.clock == fleet.at(2)
    _control(simulator.url, "faults", [{"kind": "throttle", "call": 2, "retry_after": 3}])
    _control(simulator.url, "changes", [{"kind": "delete", "after": 2, "arn": first}])
    assert post(simulator, "/findings/list", {}).headers["Retry-After"] == "3"
    assert (
        post(simulator, "/findings/list", {"maxResults": 1}).body["findings"][0]["findingArn"]
        != first
    )
    assert [each["status"] for each in _control(simulator.url, "requests")] == [200, 429, 200]
    assert len(simulator.faults) == len(simulator.changes) == 1


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("clock", {"now": "soon"}, 400),
        ("faults", [{"kind": "meteor"}], 400),
        ("faults", {}, 400),
        ("changes", [{"kind": "explode"}], 400),
        ("weather", {}, 404),
        ("clock", None, 404),
    ],
)
def test_the_control_endpoint_rejects_unknown_requests(
    name: str, body: Any, status: int, simulator: Simulator
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        _control(simulator.url, name, body)
    assert refused.value.code == status
    refused.value.close()
