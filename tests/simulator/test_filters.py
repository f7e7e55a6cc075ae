"""The filter engine, compared with a naive one that reads whole findings.

The naive engine uses no layers or selections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_simulator.fields import FINDING_FIELDS, Kind, Layer
from sre_simulator.filters import Criteria
from sre_simulator.fleet import Fleet
from sre_simulator.fleet.changes import ScriptedFleet

if TYPE_CHECKING:
    from tests.simulator.conftest import Equals, Post, Walk

    from sre_simulator.inspector.server import Simulator

Wire = dict[str, Any]


@pytest.fixture(scope="module")
def every(shown: list[Wire]) -> list[Wire]:
    """The findings of one account, with every type of resource and finding except code
    repositories."""
    return [each for each in shown if ":eu-west-1:444455556666:" in each["findingArn"]]


@pytest.fixture(scope="module")
def known(every: list[Wire]) -> dict[str, list[Any]]:
    """The distinct values of each field."""
    return {
        name: list(
            {repr(value): value for finding in every for value in _leaves(finding, path)}.values()
        )
        for name, (_, path) in FINDING_FIELDS.items()
    }


def _leaves(wire: Any, path: tuple[str, ...]) -> list[Any]:
    reached = [wire]
    for name in (*path, None):
        flat: list[Any] = []
        for each in reached:
            flat += each if isinstance(each, list) else [each]
        reached = flat if name is None else [each[name] for each in flat if name in each]
    return reached


def _says(kind: Kind, value: Any, wanted: Wire) -> bool:
    match kind:
        case Kind.STRING:
            length = len(wanted["value"]) if wanted["comparison"] == "PREFIX" else None
            return bool(value[:length] == wanted["value"])
        case Kind.DATE:
            return bool(
                wanted.get("startInclusive", 0) <= value <= wanted.get("endInclusive", 1e12)
            )
        case Kind.NUMBER:
            return bool(
                wanted.get("lowerInclusive", -1e9) <= value <= wanted.get("upperInclusive", 1e9)
            )
        case Kind.MAP:
            return wanted["key"] in value and value[wanted["key"]] == wanted.get(
                "value", value[wanted["key"]]
            )
        case Kind.PORT:
            return bool(
                value["begin"] >= wanted.get("beginInclusive", 0)
                and value["end"] <= wanted.get("endInclusive", 99999)
            )
        case Kind.PACKAGE:
            return all(_package_says(value, name, each) for name, each in wanted.items())


def _package_says(package: Wire, name: str, wanted: Wire) -> bool:
    member = "arch" if name == "architecture" else name
    if wanted.get("comparison") == "NOT_EQUALS":
        return bool(package.get(member) != wanted["value"])
    return member in package and _says(
        Kind.NUMBER if name == "epoch" else Kind.STRING, package[member], wanted
    )


def _oracle(finding: Wire, criteria: Wire) -> bool:
    for name, filters in criteria.items():
        kind, path = FINDING_FIELDS[name]
        found = _leaves(finding, path)
        refused = [each["value"] for each in filters if each.get("comparison") == "NOT_EQUALS"]
        wanted = [each for each in filters if each.get("comparison") != "NOT_EQUALS"]
        if any(value in refused for value in found):
            return False
        if wanted and not any(_says(kind, value, each) for value in found for each in wanted):
            return False
    return True


def _filters(kind: Kind, values: list[Any]) -> st.SearchStrategy[Wire]:
    pick = st.sampled_from(values)
    match kind:
        case Kind.STRING:
            return pick.flatmap(
                lambda value: st.sampled_from(
                    [
                        {"comparison": "EQUALS", "value": value},
                        {"comparison": "NOT_EQUALS", "value": value},
                        {"comparison": "PREFIX", "value": value[: max(1, len(value) * 3 // 4)]},
                    ]
                )
            )
        case Kind.DATE:
            return st.fixed_dictionaries(
                {}, optional={"startInclusive": pick, "endInclusive": pick}
            )
        case Kind.NUMBER:
            return st.fixed_dictionaries(
                {}, optional={"lowerInclusive": pick, "upperInclusive": pick}
            )
        case Kind.MAP:
            tags = pick.filter(bool).flatmap(lambda tags: st.sampled_from(sorted(tags.items())))
            return st.tuples(tags, st.booleans()).map(
                lambda drawn: (
                    {"comparison": "EQUALS", "key": drawn[0][0]}
                    | ({"value": drawn[0][1]} if drawn[1] else {})
                )
            )
        case Kind.PORT:
            ports = st.sampled_from(
                [
                    bound
                    for value in values
                    for bound in (value["begin"], value["end"], value["end"] - 1)
                ]
            )
            ports = ports.filter(lambda bound: bound >= 0)
            return st.fixed_dictionaries(
                {}, optional={"beginInclusive": ports, "endInclusive": ports}
            )
        case Kind.PACKAGE:
            return st.tuples(
                pick,
                st.sets(
                    st.sampled_from(
                        ["name", "version", "release", "architecture", "epoch", "filePath"]
                    ),
                    min_size=1,
                ),
            ).map(
                lambda drawn: {name: _package_filter(drawn[0], name) for name in sorted(drawn[1])}
            )


def _package_filter(package: Wire, name: str) -> Wire:
    if name == "epoch":
        return {
            "lowerInclusive": package.get("epoch", 0),
            "upperInclusive": package.get("epoch", 0),
        }
    value = package.get("arch" if name == "architecture" else name, "absent")
    return {"comparison": "NOT_EQUALS" if name == "release" else "EQUALS", "value": value}


@st.composite
def _criteria(draw: st.DrawFn, values: dict[str, list[Any]]) -> Wire:
    chosen: Wire = {}
    for kind in draw(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=3)):
        name = draw(
            st.sampled_from(
                sorted(name for name, (each, _) in FINDING_FIELDS.items() if each is kind)
            )
        )
        if any(values[name]):
            chosen[name] = draw(st.lists(_filters(kind, values[name]), min_size=1, max_size=3))
    return chosen


@settings(
    max_examples=settings().max_examples * 80 // 100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(drawn=st.data())
def test_filters_match_a_naive_implementation(
    drawn: st.DataObject, fleet: Fleet, every: list[Wire], known: dict[str, list[Any]]
) -> None:
    criteria = drawn.draw(_criteria(known))
    after = drawn.draw(st.sampled_from(["", *(finding["findingArn"] for finding in every[::97])]))
    found = ScriptedFleet(fleet).findings(
        ["444455556666"], "eu-west-1", Criteria(criteria), fleet.nights[-1].timestamp(), after
    )
    listed = [row.arn for row, _ in found]
    assert listed == [
        each["findingArn"]
        for each in every
        if each["findingArn"] > after and _oracle(each, criteria)
    ]


def test_a_missing_member_matches_only_not_equals(
    shown: list[Wire], simulator: Simulator, walk: Walk
) -> None:
    def count(comparison: str) -> int:
        body = {"filterCriteria": {"networkProtocol": [{"comparison": comparison, "value": "TCP"}]}}
        return sum(len(page["findings"]) for page in walk(simulator, "/findings/list", body))

    everything = sum(":eu-west-1:" in each["findingArn"] for each in shown)
    assert 0 < count("EQUALS") == count("PREFIX")
    assert count("NOT_EQUALS") == everything - count("EQUALS")


def test_filters_that_name_arns_find_them_in_order(
    simulator: Simulator, post: Post, shown: list[Wire], equals: Equals
) -> None:
    arns = [each["findingArn"] for each in shown if ":eu-west-1:" in each["findingArn"]]
    asked = {
        "findingArn": equals(
            arns[40], arns[3], "arn:aws:inspector2:eu-west-1:111122223333:finding/zz"
        )
    }
    found = post(simulator, "/findings/list", {"filterCriteria": asked}).body["findings"]
    assert [each["findingArn"] for each in found] == [arns[3], arns[40]]
    narrowed = asked | {"severity": [{"comparison": "NOT_EQUALS", "value": found[0]["severity"]}]}
    left = post(simulator, "/findings/list", {"filterCriteria": narrowed}).body["findings"]
    assert [each["findingArn"] for each in left] == [
        each["findingArn"] for each in found if each["severity"] != found[0]["severity"]
    ]


@pytest.mark.parametrize(
    ("criteria", "holds"),
    [
        (
            {"scanStatusCode": [{"comparison": "EQUALS", "value": "INACTIVE"}]},
            lambda row: row["scanStatus"]["statusCode"] == "INACTIVE",
        ),
        (
            {"resourceType": [{"comparison": "NOT_EQUALS", "value": "AWS_EC2_INSTANCE"}]},
            lambda row: row["resourceType"] != "AWS_EC2_INSTANCE",
        ),
        (
            {"ec2InstanceTags": [{"comparison": "EQUALS", "key": "team", "value": "payments"}]},
            lambda row: (
                row["resourceMetadata"].get("ec2", {}).get("tags", {}).get("team") == "payments"
            ),
        ),
        (
            {"ecrImageInUseCount": [{"lowerInclusive": 1}]},
            lambda row: row["resourceMetadata"].get("ecrImage", {}).get("inUseCount", 0) >= 1,
        ),
        ({"lastScannedAt": [{"startInclusive": 0}]}, lambda row: "lastScannedAt" in row),
        (
            {"scanType": [{"comparison": "EQUALS", "value": "CODE"}], "unknown": []},
            lambda row: row["scanType"] == "CODE",
        ),
    ],
)
def test_coverage_is_filtered_by_its_own_criteria(
    criteria: Wire, holds: Any, simulator: Simulator, walk: Walk, fleet: Fleet
) -> None:
    pages = walk(simulator, "/coverage/list", {"filterCriteria": criteria})
    found = [row for page in pages for row in page["coveredResources"]]
    expected = [
        row for row in fleet.coverage() if row["providerRegion"] == "eu-west-1" and holds(row)
    ]
    assert found == sorted(
        expected, key=lambda row: (row["accountId"], row["resourceId"], row["scanType"])
    )
    assert found


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ({}, True),
        ({"beginInclusive": 20, "endInclusive": 30}, True),
        ({"beginInclusive": 22, "endInclusive": 25}, True),
        ({"beginInclusive": 23}, False),
        ({"endInclusive": 24}, False),
        ({"beginInclusive": 26, "endInclusive": 30}, False),
    ],
)
def test_a_port_range_matches_ranges_within_it(wanted: Wire, holds: bool) -> None:
    criteria = Criteria({"portRange": [wanted]})
    assert (
        criteria.holds(
            Layer.WEAKNESS,
            {"networkReachabilityDetails": {"openPortRange": {"begin": 22, "end": 25}}},
        )
        is holds
    )
    assert not criteria.holds(Layer.WEAKNESS, {"title": "no network finding"})
