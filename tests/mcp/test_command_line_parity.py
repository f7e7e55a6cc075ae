"""A tool's structured content equals the JSON output of the command line for the same query."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_cli.main import main
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, UNMANAGED_INSTANCE

ALL = {"token_budget": 50_000}
SAME = [
    (
        "vulnerabilities",
        ["-i", BUSY_INSTANCE, "--cached"],
        "check_resource",
        {"resource_id": BUSY_INSTANCE, "count": 25},
    ),
    (
        "vulnerabilities",
        ["-i", CLEAN_INSTANCE, "--cached"],
        "check_resource",
        {"resource_id": CLEAN_INSTANCE, "count": 25},
    ),
    (
        "vulnerabilities",
        ["-i", UNMANAGED_INSTANCE, "--cached"],
        "check_resource",
        {"resource_id": UNMANAGED_INSTANCE},
    ),
    ("vulnerabilities", ["-i", "nobody", "--cached"], "check_resource", {"resource_id": "nobody"}),
    (
        "vulnerabilities",
        ["-i", "prod-web-36", "--cached", "-s", "critical", "--suppressed"],
        "check_resource",
        {"resource_id": "prod-web-36", "severities": ["CRITICAL"], "suppressed": True, "count": 25},
    ),
    ("summary", [], "summarize", {}),
    ("summary", ["--by", "owner"], "summarize", {"by": "owner", "count": 25}),
    (
        "summary",
        ["--by", "package", "-n", "7", "--owner", "payments"],
        "summarize",
        {"by": "package", "count": 7, "owners": ["payments"]},
    ),
    ("coverage", [], "coverage", {}),
    ("changes", [], "changes", {"count": 25}),
    (
        "changes",
        ["--kind", "resolved", "--owner", "payments", "-n", "3"],
        "changes",
        {"kinds": ["resolved"], "owners": ["payments"], "count": 3},
    ),
    (
        "trend",
        ["--of", "owner=payments", "--days", "9"],
        "trend",
        {"kind": "owner", "value": "payments", "days": 9},
    ),
    ("sla", ["--by", "account"], "sla", {"by": "account"}),
    ("time-to-fix", ["--by", "owner"], "time_to_fix", {"by": "owner"}),
    ("priorities", ["--type", "ec2"], "priorities", {"types": ["ec2"], "count": 10}),
    ("fixes", [], "fix_plan", {"count": 10}),
    ("fixes", ["--images"], "fix_plan", {"count": 10, "images": True}),
    ("where", ["openssl"], "where_vulnerable", {"text": "openssl", "count": 25}),
    (
        "where",
        ["cve-2024-3094", "--as-of", "yesterday"],
        "where_vulnerable",
        {"text": "cve-2024-3094", "as_of": "yesterday", "count": 25},
    ),
]


@pytest.fixture
def printed(
    demo_store: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    monkeypatch.setenv("SRE_STORE", str(demo_store))

    def run(*arguments: str) -> str:
        capfd.readouterr()
        with pytest.raises(SystemExit):
            main([*arguments, "--output", "json"])
        return capfd.readouterr().out

    return run


@pytest.mark.parametrize(
    ("command", "flags", "tool", "arguments"),
    SAME,
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_same_query_has_the_same_json(
    command: str, flags: list[str], tool: str, arguments: dict[str, Any], printed: Any, call: Any
) -> None:
    expected = json.loads(printed(command, *flags))
    result = call(tool, **arguments, **({"live": False} if tool == "check_resource" else {}), **ALL)
    assert not result.is_error, result.content
    values = dict(result.structured_content)
    page = values.pop("page", None)
    assert (
        page is None or page["listed"] == page["total"] or page["listed"] == arguments.get("count")
    )
    for one in (values, expected):
        one.pop("age_seconds")
        if "next_cursor" in one:
            one["next_cursor"] = bool(one["next_cursor"]) and page is None
    assert json.dumps(values) == json.dumps(expected)


def test_snapshots_equal_the_command_lines_list(printed: Any, call: Any) -> None:
    assert call("snapshots").structured_content["snapshots"] == json.loads(
        printed("snapshots", "list")
    )


def test_export_equals_the_ndjson_export(
    demo_store: Path, monkeypatch: Any, capfd: Any, call: Any
) -> None:
    monkeypatch.setenv("SRE_STORE", str(demo_store))
    with pytest.raises(SystemExit):
        main(["export", "--format", "ndjson", "-i", BUSY_INSTANCE, "-s", "critical"])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert len(lines) == 24
    values = call(
        "export", resource_id=BUSY_INSTANCE, severities=["CRITICAL"], **ALL
    ).structured_content
    assert values["findings"] == lines[: len(values["findings"])]
    assert values["total_findings"] == len(lines)
