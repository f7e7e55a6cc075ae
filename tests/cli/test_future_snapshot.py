"""With a clock that is a month behind, every command treats the snapshot as not fresh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import month_ago

from sre_cli.exit_codes import UNSURE

REASON = "the snapshot starts in the future: check the clocks"
NOTHING = "i-00000000000000000"


@pytest.fixture(autouse=True)
def behind(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRE_CLOCK", month_ago())


@pytest.mark.parametrize("extra", [(), ("--fail-on", "critical")])
def test_an_answer_about_a_resource_is_unknown(cli: Any, extra: tuple[str, ...]) -> None:
    done = cli("vulnerabilities", "-i", NOTHING, "--cached", *extra, "--output", "json")
    assert done.code == UNSURE
    values = done.json
    assert (values["verdict"], values["explanation"]) == ("unknown", REASON)
    assert (values["too_old"], values["age_seconds"]) == (True, None)


@pytest.mark.parametrize(
    "command",
    [
        ("summary",),
        ("sla",),
        ("trend",),
        ("coverage",),
        ("where", "openssl"),
        ("priorities",),
        ("fixes",),
    ],
    ids=" ".join,
)
def test_every_command_says_that_it_is_in_the_future(cli: Any, command: tuple[str, ...]) -> None:
    done = cli(*command)
    assert done.code == UNSURE
    assert REASON in " ".join(done.out.split())


def test_the_list_of_snapshots_has_no_age(cli: Any) -> None:
    assert cli("snapshots", "list").out.count("in the future") == 2
    assert cli("snapshots", "age").json["hours"] is None
