"""What every test stands on: no AWS but the one that it starts itself, and no settings of whoever runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("suite")

REAL_FINDINGS = Path(os.environ.get("SRE_REAL_FINDINGS", Path(__file__).resolve().parents[2] / "shared" / "real-findings"))


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No credentials, no configuration, no home and no network but what the test gives itself."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SRE_STORE", "SRE_TABLE", "SRE_MAX", "SRE_OWNER"))]:
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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With SRE_FORBID_SKIPS a skipped test is a failure: a check that did not run proves nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("SRE_FORBID_SKIPS") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
