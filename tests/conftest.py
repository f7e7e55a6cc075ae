"""Fixtures for all tests: no AWS except simulators, and none of the user's settings."""

from __future__ import annotations

import gc
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from socketserver import BaseServer
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, settings
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer

# A test that needs more or fewer examples uses a multiple of the profile's, so that
# SRE_HYPOTHESIS=long increases all of them.
settings.register_profile(
    "quick",
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=100)
settings.load_profile(os.environ.get("SRE_HYPOTHESIS", "quick"))

REAL_FINDINGS = Path(
    os.environ.get(
        "SRE_REAL_FINDINGS", Path(__file__).resolve().parents[2] / "shared" / "real-findings"
    )
)

NO_RECORDINGS = "no recorded findings"


# Settings of the user, which no test may see: fixtures of a session start before the isolation.
THEIRS = (
    "AWS_",
    "SRE_STORE",
    "SRE_TABLE",
    "SRE_MAX",
    "SRE_OWNER",
    "SRE_ENGINE",
    "SRE_COPIES",
    "SRE_SMTP",
    "SRE_MAIL",
    "SRE_KMS",
    "SRE_SLACK",
    "SRE_PUBLIC",
)
for name in [name for name in os.environ if name.startswith(THEIRS)]:
    del os.environ[name]

# Folders of tests of the whole product. They run the code that the other folders test by itself.
UNMEASURED = {"containers", "deploy", "docs", "layout", "notebooks", "upgrades"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs slow tests first, and measures the coverage of fast tests of single components only.

    A slow test at the end would keep one worker busy while the others have nothing left to do.
    Measuring costs two thirds of a test's CPU time again. The figure can only become lower.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in UNMEASURED or item.get_closest_marker("slow"):
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """Excludes everything loaded so far from garbage collection.

    A scan collects garbage four times. Without this, each time would visit half a million objects
    of the collected tests, which takes longer than the rest of a small scan.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New home folders.

    They have a folder of their own, because mktemp lists all folders beside the new one.
    """
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def nowhere_else(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]
) -> None:
    """Isolates tests from AWS and from the user's credentials, configuration and home folder."""
    if request.node.get_closest_marker("no_cover"):  # its processes are not measured either
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    for name in [name for name in os.environ if name.startswith(THEIRS)]:
        monkeypatch.delenv(name)
    home = next(homes)
    home.mkdir()
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "TESTING")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    # the discard port, which refuses connections, unless a test starts a service
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def real_findings() -> list[Path]:
    """The folder of the recorded findings.

    SRE_REAL_FINDINGS sets it; the default is ``shared/real-findings`` beside the checkout.
    """
    files = sorted(REAL_FINDINGS.glob("*.jsonl"))
    if not files:
        pytest.skip(f"{NO_RECORDINGS} in {REAL_FINDINGS}; set SRE_REAL_FINDINGS")
    return files


@pytest.fixture(scope="session")
def slack_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip that ``make zip`` builds."""
    path = tmp_path_factory.mktemp("zip") / "sre-slack.zip"
    build = Path(__file__).resolve().parents[1] / "lambda" / "build_zip.py"
    subprocess.run([sys.executable, str(build), str(path)], check=True, capture_output=True)
    return path


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The URL of moto on the loopback with S3, DynamoDB, STS, EC2 and Organizations.

    It serves one request at a time: moto checks a condition and writes in two steps, so two
    concurrent requests could both succeed.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

    server = make_server(
        "127.0.0.1",
        0,
        DomainDispatcherApplication(create_backend_app),
        threaded=False,
        request_handler=Quiet,
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sets the AWS settings for an empty ``moto``, and returns its URL."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.setenv(name, moto)
    urlopen(Request(f"{moto}/moto-api/reset", method="POST")).close()
    return moto


class Service(HttpServer):
    """An AWS service with scripted answers that records the operations.

    An operation without an answer fails. ``before`` is called with the operation's name before each
    response, and may block.
    """

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()
        self.forget()

    def forget(self) -> None:
        """Releases threads that wait for ``over``, and resets all answers."""
        self.over.set()
        self.over = threading.Event()
        self.asked: list[str] = []
        self.before: Callable[[str], object] = lambda _: None
        self._answers: dict[str, list[tuple[int, bytes]]] = {}

    def tell(self, operation: str, *answers: object, status: int = 200) -> None:
        """Sets an operation's answers in order; the last one is repeated.

        Bytes and text are sent unchanged, other values as JSON.
        """
        bodies = [
            a if isinstance(a, bytes) else (a if isinstance(a, str) else json.dumps(a)).encode()
            for a in answers
        ]
        self._answers[operation] = [(status, body) for body in bodies]

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        target = request.headers.get("x-amz-target", "").rpartition(".")[2]
        operation = target or parse_qs(request.body.decode())["Action"][0]
        self.asked.append(operation)
        self.before(operation)
        answers = self._answers.get(operation, [(500, b"no answer was set")])
        return HttpResponse(*(answers.pop(0) if len(answers) > 1 else answers[0]))


Running = Callable[[BaseServer], AbstractContextManager[None]]


@contextmanager
def _running(server: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def running() -> Running:
    """Runs a server in a thread until the end of the block: ``with running(server):``."""
    return _running


@pytest.fixture(scope="module")
def service_of_module(running: Running) -> Iterator[Service]:
    """The server behind ``service``."""
    with running(server := Service()):
        yield server


@pytest.fixture
def service(service_of_module: Service) -> Iterator[Service]:
    """A service on the loopback with an answer per operation.

    For operations that moto does not support, and for faults.
    """
    service_of_module.forget()
    yield service_of_module
    service_of_module.forget()


def forbidden_skips(
    skipped: Sequence[pytest.TestReport], environ: Mapping[str, str]
) -> Sequence[pytest.TestReport]:
    """The skipped tests that fail the run.

    With SRE_FORBID_SKIPS these are all skipped tests, because a check that did not run proves
    nothing. SRE_REAL_FINDINGS=none means that there are no recordings, and allows skips of the
    tests that need them.
    """
    if not environ.get("SRE_FORBID_SKIPS"):
        return []
    excused = environ.get("SRE_REAL_FINDINGS") == "none"
    return [one for one in skipped if not (excused and NO_RECORDINGS in str(one.longrepr))]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run if a skip is forbidden."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and forbidden_skips(reporter.stats.get("skipped", ()), os.environ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
