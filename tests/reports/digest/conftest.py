"""The data of a digest, and a stand-in for Slack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sre_findings.nightly.digest import DigestData, EventCount, Gap, Onboarded
from sre_findings.nightly.report import Material
from sre_reports.slack.limits import problems
from sre_simulator.slack.web_api import Slack, Workspace, serving

GAP = Gap("111122223333", "eu-west-1", "silent-1", "PACKAGE", "STALE_INVENTORY")


def event(kind: str = "opened", **changes: Any) -> dict[str, Any]:
    """An event as ``digest_events`` returns it."""
    values: dict[str, Any] = {
        "kind": kind,
        "cause": "new" if kind == "opened" else None,
        "severity": "CRITICAL",
        "severity_before": None,
        "vulnerability_id": "CVE-2026-1234",
        "subject": "CVE-2026-1234",
        "title": "CVE-2026-1234 - vim",
        "owner": "payments",
        "account_id": "111122223333",
        "region": "eu-west-1",
        "resource_type": "AWS_EC2_INSTANCE",
        "resource_id": "i-0123456789abcdef0",
        "resource_name": "prod-web-36",
        "exposed": False,
        "kev": False,
    }
    return values | changes


@pytest.fixture
def tonight(night: Callable[..., Material]) -> Callable[..., DigestData]:
    """Four new findings, one reopened and two patched, for all resources, on a Sunday."""

    def make(material: Material | None = None, **changes: Any) -> DigestData:
        values: dict[str, Any] = {
            "owners": ("*",),
            "material": material or night(),
            "event_counts": (
                EventCount("opened", "new", "CRITICAL", False, False, 1),
                EventCount("opened", "new", "LOW", False, False, 3),
                EventCount("reopened", None, "HIGH", True, False, 1),
                EventCount("resolved", "patched", "HIGH", False, False, 2),
            ),
            "listed": {
                "opened": [event()],
                "reopened": [event("reopened", severity="HIGH")],
                "resolved": [event("resolved")],
            },
            "onboarded": (),
            "gaps": (GAP,),
            "opened_gaps": (),
            "closed_gaps": (),
        }
        return DigestData(**values | changes)

    return make


@pytest.fixture
def quiet(tonight: Callable[..., DigestData]) -> Callable[..., DigestData]:
    """The same, on a day without changes."""
    return lambda material=None, **changes: tonight(
        material, **{"event_counts": (), "listed": {}, **changes}
    )


@pytest.fixture
def onboarded() -> Onboarded:
    """An account scanned for the first time."""
    return Onboarded("444455556666", "sandbox", 40, 1_200)


@pytest.fixture
def workspace() -> Workspace:
    """A workspace with Slack's limits."""
    return Workspace(check=problems)


@pytest.fixture
def slack(workspace: Workspace) -> Iterator[Slack]:
    """The workspace, served on the loopback."""
    with serving(workspace) as server:
        yield server
