"""A demo store for all tests of the command line, and a fixture that runs a command."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import session_hour
from tests.support.shared_stores import copied_demo

from sre_cli.main import main
from sre_simulator.fleet import Fleet, default_fleet
from sre_simulator.inspector.server import Simulator


@dataclass(frozen=True)
class Run:
    """The output of a command and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def any_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is not fitted to a width: workers of a parallel run have COLUMNS in their environment."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """``cli("summary", "--output", "json")`` runs the command in this process."""

    def run(*arguments: str) -> Run:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capfd.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Run(code, printed.out, printed.err)

    return run


@functools.cache
def one_night() -> Fleet:
    """The newest state of the default fleet, shared because creating it takes two seconds."""
    return default_fleet(nights=1, now=session_hour())


@pytest.fixture
def inspector(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[Simulator]]:
    """``with inspector(fleet, faults=[…])``: a simulator that the AWS settings point to."""

    @contextmanager
    def serve(fleet: Fleet | None = None, **options: Any) -> Iterator[Simulator]:
        with Simulator(fleet or one_night(), **options) as simulator:
            monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
            yield simulator

    return serve


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of ``sre-cli demo`` with two snapshots of the default fleet."""
    return copied_demo(tmp_path_factory)


@pytest.fixture
def demo(demo_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo store, with SRE_STORE set to it."""
    monkeypatch.setenv("SRE_STORE", str(demo_store))
    return demo_store
