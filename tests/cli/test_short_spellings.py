"""What people type: a resource without its option, short names of commands, lists with commas."""

from __future__ import annotations

from typing import Any

import pytest

HOST = "prod-web-36"


def test_the_resource_can_be_given_without_its_option(cli: Any, demo: Any) -> None:
    asked = ("--cached", "-n", "3", "--output", "csv")
    assert (
        cli("vulnerabilities", HOST, *asked).out == cli("vulnerabilities", "-i", HOST, *asked).out
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "Missing resource"), ((HOST, "-i", HOST), "Give the resource once")],
)
def test_the_resource_is_given_exactly_once(
    cli: Any, arguments: tuple[str, ...], words: str
) -> None:
    run = cli("vulnerabilities", *arguments)
    assert (run.code, run.out) == (2, "")
    assert words in run.err
