"""What every test stands on: no AWS but the one that it starts itself, and no settings of whoever runs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("suite")

REAL_FINDINGS = Path(os.environ.get("SRE_REAL_FINDINGS", Path(__file__).resolve().parents[2] / "shared" / "real-findings"))


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No credentials, no configuration, no home and no network but what the test gives itself."""
    theirs = ("AWS_", "SRE_STORE", "SRE_TABLE", "SRE_MAX", "SRE_OWNER", "SRE_ENGINE", "SRE_COPIES")
    for name in [name for name in os.environ if name.startswith(theirs)]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "TESTING")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # the discard port: whatever is not started refuses
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def real_findings() -> list[Path]:
    """The recorded findings, from SRE_REAL_FINDINGS or the folder ``shared/real-findings`` beside the checkout."""
    files = sorted(REAL_FINDINGS.glob("*.jsonl"))
    if not files:
        pytest.skip(f"no recorded findings in {REAL_FINDINGS}; set SRE_REAL_FINDINGS")
    return files


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """S3, DynamoDB, STS, EC2 and Organizations by moto, over HTTP on loopback; its URL.

    One request at a time: moto checks a condition and writes in two steps, and two threads between them would both win.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """AWS settings that lead to ``moto``, which is emptied; its URL."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.setenv(name, moto)
    urlopen(Request(f"{moto}/moto-api/reset", method="POST")).close()
    return moto


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With SRE_FORBID_SKIPS a skipped test is a failure: a check that did not run proves nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("SRE_FORBID_SKIPS") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
