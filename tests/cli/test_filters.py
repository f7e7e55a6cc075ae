"""Every filter of every command changes the answer or is refused; none is ignored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from sre_cli.main import COMMANDS
from sre_cli.main import cli as root
from sre_simulator.fleet import BUSY_INSTANCE

Cli = Callable[..., Any]

# Each query without filters, and its filters with a value that exists in the demo.
OWNER, ACCOUNT, REGION = ("--owner", "payments"), ("--account", "111122223333"), ("-r", "us-east-1")
NARROW: dict[str, tuple[str, ...]] = {"owners": OWNER, "accounts": ACCOUNT, "regions": REGION}
TYPE: dict[str, tuple[str, ...]] = {"types": ("--type", "ecr")}
REACHABLE: dict[str, tuple[str, ...]] = {"reachable": ("--reachable",)}
ASKED: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "vulnerabilities": (
        ("-i", BUSY_INSTANCE, "--cached"),
        {"severities": ("-s", "critical"), "suppressed": ("--suppressed",)} | REACHABLE,
    ),
    "summary": ((), {"owners": OWNER}),
    "changes": ((), NARROW | {"kinds": ("--kind", "resolved")}),
    "trend": ((), {"scope": ("--of", "region=us-east-1")}),
    "fixes": ((), NARROW | TYPE | {"images": ("--images",), "resource": ("-i", BUSY_INSTANCE)}),
    "priorities": (
        (),
        NARROW
        | TYPE
        | REACHABLE
        | {name: (f"--{name}",) for name in ("kev", "exploitable", "exposed")}
        | {"resource": ("-i", BUSY_INSTANCE)},
    ),
    "where": (("openssl",), NARROW | REACHABLE),
    "show": (("CVE-2024-3094",), NARROW),
    "sla": ((), {"owners": OWNER}),
    "time-to-fix": ((), NARROW),
    "coverage": ((), {"owners": OWNER}),
    "export": (
        ("--format", "ndjson"),
        {
            "owners": OWNER,
            "accounts": ACCOUNT,
            "regions": ("--region", "us-east-1"),
            "severities": ("-s", "critical"),
            "statuses": ("--status", "suppressed"),
            "text": ("-i", BUSY_INSTANCE),
        }
        | TYPE
        | REACHABLE,
    ),
}
# Options that are not filters: the source, the number of rows, the output format.
NO_FILTER = {
    "settings",
    "store",
    "table",
    "max_age",
    "output",
    "count",
    "cursor",
    "as_of",
    "since",
    "days",
    "by",
    "source",
    "context",
    "profile",
    "fail_on",
    "untriaged",
    "form",
    "destination",
    "old_destination",
    "columns",
    "excel",
    "raw",
    "author",
    "applied",
}
WHERE_TO_ASK = {
    "vulnerabilities": {"resource", "text", "region"},
    "where": {"text"},
    "show": {"text"},
    "export": set[str](),
}
# Commands that are not queries with filters, or whose filters are tested in
# tests/cli/test_report.py.
OTHERS = {
    "why",
    "diff",
    "demo",
    "scan",
    "serve",
    "snapshots",
    "operations",
    "sql",
    "suppressions",
    "claims",
    "take",
    "report",
    "digest",
    "schedule",
    "tokens",
    "doctor",
    "completion",
    "init",
}


def options_of(name: str) -> set[str]:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    return {str(option.name) for option in command.params}


def test_every_option_of_every_command_is_classified_here() -> None:
    assert {*ASKED} | OTHERS == {*COMMANDS}
    for name, (_, filters) in ASKED.items():
        assert options_of(name) - NO_FILTER - WHERE_TO_ASK.get(name, set()) == {*filters}, name


def plain(text: str) -> Any:
    """An answer without the values that depend on the time or repeat the query."""
    try:
        values = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]
    return {
        name: value
        for name, value in values.items()
        if name not in ("age_seconds", "headline", "scope", "filters")
    }


@pytest.fixture
def answered(cli: Cli, demo: Path) -> Callable[..., Any]:
    def answer(name: str, *more: str) -> Any:
        form = () if name == "export" else ("--output", "json")
        return cli(name, *ASKED[name][0], *more, *form)

    return answer


@pytest.mark.parametrize("name", ASKED)
def test_every_filter_changes_the_answer(answered: Callable[..., Any], name: str) -> None:
    whole = plain(answered(name).out)
    for option, given in ASKED[name][1].items():
        some = answered(name, *given)
        assert some.code == 0, (name, option, some.err)
        told = plain(some.out)
        assert told != whole, f"{name} ignores --{option}"


STRANGERS = {
    "owners": ("paymets", "Did you mean payments?"),
    "accounts": ("999999999999", "is not in the snapshot"),
    "regions": ("us-eats-1", "Did you mean us-east-1"),
    "types": ("ec3", "is not a resource type"),
    "severities": ("critcal", "critcal"),
    "statuses": ("opne", "opne"),
    "kinds": ("resolvd", "resolvd"),
    "scope": ("region=us-eats-1", "Did you mean us-east-1"),
}
EMPTY = {
    *("suppressed", "images", "reachable", "kev", "exploitable", "exposed"),
    *("text", "resource"),
}
"""Flags, and the resource's name, which is tested elsewhere."""


@pytest.mark.parametrize("name", ASKED)
def test_a_filter_with_an_unknown_value_is_refused(answered: Callable[..., Any], name: str) -> None:
    for option, (flag, *_) in ASKED[name][1].items():
        if option in EMPTY:
            continue
        value, told = STRANGERS[option]
        run = answered(name, flag, value)
        assert (run.code, run.out) == (2, ""), (name, option, run.out[:200])
        assert told in run.err, (name, option, run.err)


@pytest.mark.parametrize(
    "name", [name for name, (_, filters) in ASKED.items() if "regions" in filters] + ["trend"]
)
def test_a_region_that_was_not_scanned_is_unknown(
    cli: Cli, answered: Callable[..., Any], name: str
) -> None:
    flags = ("--of", "region=ap-southeast-2") if name == "trend" else ("--region", "ap-southeast-2")
    run = answered(name, *flags)
    assert run.code == 3, (name, run.out[:200], run.err)
    if name == "export":
        assert "ap-southeast-2 was not read: it was not scanned" in run.err
        assert run.out == ""
    else:
        assert run.json["known"] is False
        assert run.json["unread"] == ["region ap-southeast-2 was not read: it was not scanned"]
        rows = cli(name, *ASKED[name][0], *flags, "--output", "ndjson")
        assert (rows.code, rows.out.strip()) == (3, "")
        assert "sre-cli: Unknown: " in rows.err, "rows cannot express it"


def test_the_region_of_a_live_query_must_exist(cli: Cli, demo: Path) -> None:
    run = cli("vulnerabilities", "-i", BUSY_INSTANCE, "--region", "us-eats-1")
    assert (run.code, run.out) == (2, "")
    assert "us-east-1" in run.err


def test_packages_match_by_word_and_vulnerabilities_in_any_case(cli: Cli, demo: Path) -> None:
    whole = cli("where", "libs", "-n", "0", "--output", "json").json
    assert len(whole["matched"]) > 1
    assert all("libs" in name for name in whole["matched"])
    assert {one["package"] for one in whole["findings"]} <= {*whole["matched"]}
    assert f"Matched {len(whole['matched'])} package names" in cli("where", "libs").out
    exact = cli("where", "OPENSSL", "-n", "0", "--output", "json").json
    assert exact["matched"] == ["openssl"]
    assert {one["package"] for one in exact["findings"]} == {"openssl"}
    ids = [
        cli("where", text, "--output", "json").json["findings"]
        for text in ("CVE-2024-3094", "cve-2024-3094")
    ]
    assert ids[0] == ids[1] != []


def test_an_unknown_name_is_an_error_with_similar_names(cli: Cli, demo: Path) -> None:
    run = cli("where", "opnessl")
    assert run.code == 0
    assert "opnessl not found in " in run.out
    assert "Similar names: openssl" in run.out
    assert "Near" not in cli("where", "CVE-2024-309").out
