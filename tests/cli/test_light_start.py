"""A command imports only the modules that its query needs.

For example, a dataclass takes 1 ms to import, and DuckDB 0.1 s.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sre_simulator.fleet import BUSY_INSTANCE
from sre_slack.job import ASK

_RUN = """
import sys
from sre_cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""
CORE, MODEL, QUESTIONS = "sre_findings.", "sre_findings.model.", "sre_findings.questions."
ALWAYS = {
    "boto3",
    "botocore",
    "duckdb",
    "importlib.metadata",
    "msgspec",
    "numpy",
    "pandas",
    "pyarrow",
    "rich",
    "sqlglot",
    "sre_findings.questions.catalogue",
    *(f"{MODEL}{name}" for name in ("context", "list_answer", "suppression")),
    *(f"{QUESTIONS}{name}" for name in ("remediation", "history", "findings", "records")),
    f"{CORE}queries.suppressions",
    f"{CORE}live.inspector_answer",
    f"{CORE}live.resource_listing",
    "sre_cli.render.context",
    "sre_reports.formats.answers",
}
COUNTS = {
    "_duckdb",
    f"{CORE}engine.catalogue",
    f"{CORE}queries.resource_lookup",
    f"{CORE}queries.snapshot_answer",
    f"{QUESTIONS}resource",
    "importlib.resources",
    "sre_findings.store.objects.part_cache",
    *(f"{MODEL}{name}" for name in ("ages", "certificate", "facts", "scope")),
}


def imported(*command: str) -> set[str]:
    """The modules that a command imports in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *command], capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.usefixtures("demo")
def test_a_summary_imports_only_what_reads_the_table() -> None:
    modules = imported("summary")
    assert f"{QUESTIONS}estate" in modules
    assert sorted(modules & (ALWAYS | COUNTS)) == []


@pytest.mark.usefixtures("demo")
def test_a_query_of_one_resource_imports_no_other_query() -> None:
    modules = imported("vulnerabilities", "-i", BUSY_INSTANCE, "--cached")
    assert {"_duckdb", f"{QUESTIONS}resource"} <= modules
    assert sorted(modules & ALWAYS) == []


def test_the_help_imports_no_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    modules = imported("--help")
    assert sorted(modules & (ALWAYS | COUNTS)) == []
    assert not {
        name for name in modules if name.startswith((ASK, "sre_findings.store", "sre_cli.render"))
    }
