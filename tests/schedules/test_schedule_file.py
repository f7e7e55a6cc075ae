from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sre_findings.model.errors import UsageError
from sre_schedules.schedule_file import load, parse_schedules

NOW = datetime(2026, 11, 30, tzinfo=UTC)
GOOD = """schedules:
  - name: scan
    cron: "0 1 * * *"
    run: scan --region eu-west-1
  - name: digest
    cron: "0 7 * * MON-FRI"
    timezone: Europe/Berlin
    run: digest
    after: scan
    wait: 2h
    attempts: 5
"""


def test_a_file_is_read_with_its_defaults() -> None:
    scan, digest = parse_schedules([("a.yaml", GOOD.encode())], NOW)
    assert scan.command == ("scan", "--region", "eu-west-1")
    assert (scan.zone.key, scan.after, scan.attempts) == ("Etc/UTC", None, 3)
    assert (digest.zone.key, digest.after, digest.attempts, digest.wait) == (
        "Europe/Berlin",
        "scan",
        5,
        timedelta(hours=2),
    )


def test_the_default_schedules_are_valid() -> None:
    assert [one.name for one in load(None, NOW)] == ["scan", "report", "digest", "weekly", "prune"]


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        "schedules:\n  - {name: late, cron: '0 3 * * *', run: report, after: early}\n"
    )
    (tmp_path / "a.yaml").write_text(
        "schedules:\n  - {name: early, cron: '0 2 * * *', run: scan}\n"
    )
    assert [one.name for one in load(tmp_path, NOW)] == ["early", "late"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "timezone: Europe/Berlin",
            "timezone: Europe/Berln",
            "a.yaml, line 7, column 5: 'Europe/Berln' is not a time zone",
        ),
        (
            "attempts: 5",
            "atempts: 5",
            (
                "a.yaml, line 11, column 5: 'atempts' is not a key of a schedule. Did you mean"
                " attempts?"
            ),
        ),
        ("name: digest", "name: scan", "a.yaml, line 5, column 5: scan is defined twice"),
        (
            "after: scan",
            "after: scam",
            "a.yaml, line 9, column 5: after names 'scam', which is not another schedule",
        ),
        (
            "after: scan",
            "after: digest",
            "a.yaml, line 9, column 5: after names 'digest', which is not another schedule",
        ),
        ('"0 1 * * *"', '"0 2 30 2 *"', "a.yaml, line 3, column 5: '0 2 30 2 *' never fires"),
        (
            '"0 7 * * MON-FRI"',
            '"30 2 * * *"',
            "a.yaml, line 6, column 5: '30 2 * * *' in Europe/Berlin: 02:30 is skipped",
        ),
        ("run: digest", "run: rm -rf /", "a.yaml, line 8, column 5: run 'rm -rf /' is not a job"),
        ("run: digest", 'run: "digest \'"', "line 8, column 5: run"),
        ("name: digest", "name: Digest!", "a.yaml, line 5, column 5: name 'Digest!' is not valid"),
        (
            "wait: 2h",
            "wait: 2 hours",
            "a.yaml, line 10, column 5: '2 hours' is not a duration",
        ),
        ("wait: 2h", "wait: 2d", "'2d' is more than a day"),
        ("attempts: 5", "attempts: 0", "attempts '0' is not a number from 1 to 10"),
        ("    run: digest\n", "", "a.yaml, line 5, column 5: run is missing"),
        ("run: digest", "run: [digest]", "run must be text"),
        (
            "schedules:",
            "schedule:",
            (
                "a.yaml, line 1, column 1: 'schedule' is not a key of the file. Did you mean"
                " schedules?"
            ),
        ),
    ],
)
def test_an_error_has_its_line_and_column(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as refused:
        parse_schedules([("a.yaml", GOOD.replace(old, new).encode())], NOW)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "schedules:", "schedules: []", "schedules: scan", "[]", "schedules: [scan]"]
)
def test_a_file_without_schedules_is_rejected(text: str) -> None:
    with pytest.raises(UsageError, match="line 1"):
        parse_schedules([("a.yaml", text.encode())], NOW)


def test_empty_folders_and_unreadable_files_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no schedule file"):
        load(tmp_path, NOW)
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "gone.yaml", NOW)
