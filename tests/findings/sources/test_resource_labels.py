"""A name that several resources have stands with account and region, or with the ID."""

from __future__ import annotations

from typing import Any, cast

from sre_findings.engine.catalogue import Engine
from sre_findings.sources.resource_labels import resource_labels

EU, US = ("111122223333", "eu-west-1"), ("111122223333", "us-east-1")


class Names:
    """An engine that knows how many resources have each name, and in how many places."""

    def __init__(self, **known: tuple[int, int]) -> None:
        self.known = known

    def rows(self, query: str, names: list[str]) -> list[dict[str, Any]]:
        assert query == "shared_names"
        return [
            {"name": name, "resources": counts[0], "places": counts[1]}
            for name, counts in self.known.items()
            if name in names
        ]


def row(name: str | None, own: str = "i-1", place: tuple[str, str] = EU) -> dict[str, Any]:
    return {
        "resource_name": name,
        "resource_id": own,
        "account_id": place[0],
        "region": place[1],
    }


def labels(*rows: dict[str, Any], **known: tuple[int, int]) -> list[str]:
    return resource_labels(rows, cast("Engine", Names(**known)))


def test_a_name_of_one_resource_stands_alone() -> None:
    assert labels(row("web"), row("web"), row(None), web2=(2, 2)) == ["web", "web", "i-1"]


def test_a_name_in_two_places_has_account_and_region() -> None:
    assert labels(row("web", place=US), web=(2, 2)) == ["web (111122223333 us-east-1)"]


def test_a_name_of_two_resources_in_one_place_has_the_id() -> None:
    assert labels(row("web"), web=(2, 1)) == ["web (i-1)"]
    assert labels(row("web"), web=(3, 2)) == ["web (i-1 111122223333 eu-west-1)"]


def test_resources_that_are_gone_share_names_too() -> None:
    assert labels(row("web"), row("web", "i-2")) == ["web (i-1)", "web (i-2)"]
    assert labels(row("web"), row("web", "i-2", US)) == [
        "web (111122223333 eu-west-1)",
        "web (111122223333 us-east-1)",
    ]
