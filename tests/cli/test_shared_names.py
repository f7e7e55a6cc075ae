"""A name that two resources have is never shown without what tells them apart."""

from __future__ import annotations

from typing import Any

import pytest

SHARED = "prod-api-07"  # two instances of the demo, in two regions


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("asked", [("where", "curl"), ("changes",), ("show", "CVE-2022-32207")])
@pytest.mark.parametrize("width", [None, 60, 80, 120, 200])
def test_account_and_region_stand_beside_a_name_that_two_resources_have(
    cli: Any, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], width: int | None
) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    lines = cli(*asked, "-n", "0").out.splitlines()
    places = [f"{SHARED} (111122223333 {region})" for region in ("eu-west-1", "us-east-1")]
    named = [n for n, line in enumerate(lines) if SHARED in line]
    assert named
    for n in named:
        assert any(place in line for place in places for line in lines[n : n + 2])
    assert "prod-web-36 (" not in "".join(lines)


@pytest.mark.usefixtures("demo")
def test_the_name_itself_stays_as_it_is_in_json(cli: Any) -> None:
    found = cli("where", "curl", "-n", "0", "--json").json["findings"]
    of_shared = [one for one in found if one["resource_name"] == SHARED]
    assert {one["resource"] for one in of_shared} == {
        f"{SHARED} ({one['account_id']} {one['region']})" for one in of_shared
    }
    others = [one for one in found if one["resource_name"] not in (SHARED, None)]
    assert all(one["resource"] == one["resource_name"] for one in others)
