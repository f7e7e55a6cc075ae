"""sre-cli take and sre-cli claims: output, exit codes and the audit log."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_store(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the demo, because claims would stay in it."""
    shutil.copytree(demo, tmp_path / "store")
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("getpass.getuser", lambda: "ada")


@pytest.fixture
def cve(cli: Cli) -> str:
    found = cli("vulnerabilities", "prod-web-36", "--cached", "--json").json["findings"]
    return str(next(one["vulnerability_id"] for one in found if one["vulnerability_id"]))


def test_a_finding_is_taken_shown_and_given_back(cli: Cli, cve: str) -> None:
    taken = cli("take", cve, "prod-web-36", "--until", "7d")
    assert taken.code == 0
    assert taken.out.startswith(f"Taken: {cve} on prod-web-36 is yours until 20")
    assert cve in cli("claims").out
    (one,) = cli("claims", "--json").json["claims"]
    shown = cli("vulnerabilities", "prod-web-36", "--cached")
    assert f"Taken by ada until {one['until']}: {cve}." in shown.out
    assert cli("take", cve, "prod-web-36", "--release").out.startswith(f"Released: {cve} on ")
    assert cli("claims").out.startswith("No finding is claimed.\nClaims, read at 20")
    time.sleep(1)  # operations has those until the beginning of the current second
    logged = cli("operations", "--what", "take", "-n", "0", "--json").json["operations"]
    ours = {(one["who"], one["outcome"]) for one in logged if one["who"] == "user:ada"}
    assert ours == {("user:ada", "answered")}


def test_another_persons_finding_is_not_taken_and_the_exit_code_says_so(
    cli: Cli, cve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("take", cve, "prod-web-36", "--until", "7d")
    monkeypatch.setattr("getpass.getuser", lambda: "bob")
    for option in (("--until", "9d"), ("--release",)):
        refused = cli("take", cve, "prod-web-36", *option)
        assert refused.code == 4
        assert f"Not changed: {cve} on prod-web-36 is taken by ada until 20" in refused.out
    assert cli("take", cve, "prod-web-36", "--release", "--json").json["done"] is False
    assert [one["name"] for one in cli("claims", "--json").json["claims"]] == ["ada"]


def test_a_finding_that_no_one_has_taken_is_not_given_back(cli: Cli, cve: str) -> None:
    run = cli("take", cve, "prod-web-36", "--release")
    assert (run.code, run.out.splitlines()[0]) == (
        0,
        f"{cve} on prod-web-36 is not taken.",
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Give either --until DAY or --release."),
        (("--until", "7d", "--release"), "Give either --until DAY or --release."),
        (("--until", "31d"), "a claim ends between today and 20"),
        (("--until", "soon"), "'soon' is not a day"),
    ],
    ids=str,
)
def test_a_day_or_a_release_is_required(
    cli: Cli, cve: str, options: tuple[str, ...], told: str
) -> None:
    run = cli("take", cve, "prod-web-36", *options)
    assert run.code == 2
    assert told in run.err
    assert cli("claims", "--json").json["total_claims"] == 0
