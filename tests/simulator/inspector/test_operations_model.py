"""The simulator's table of operations matches botocore's model."""

from __future__ import annotations

from typing import Any

import pytest

from sre_simulator.fields import COVERAGE_FIELDS, FINDING_FIELDS, SORT_FIELDS
from sre_simulator.inspector.operations import OPERATIONS
from sre_simulator.inspector.shapes import Flag, Members, Moment, Number, Several, Shape, Text


def _differences(shape: Shape, name: str, shapes: dict[str, Any], at: str) -> list[str]:
    """The differences between a shape of the table and the model's shape of that name."""
    said = shapes[name]
    found: list[str] = []
    match shape:
        case Members(of, required, union):
            same = set(of) == set(said["members"]) and set(required) == set(
                said.get("required", [])
            )
            same = same and union == said.get("union", False)
            for member in set(of) & set(said["members"]):
                found += _differences(
                    of[member], said["members"][member]["shape"], shapes, f"{at}.{member}"
                )
        case Several(of, least, most):
            same = (least, most) == (said.get("min"), said.get("max"))
            found = _differences(of, said["member"]["shape"], shapes, f"{at}[]")
        case Text(least, most, choices):
            same = set(choices) == set(said.get("enum", [])) and said["type"] == "string"
            same = same and bool(choices or (least, most) == (said.get("min", 0), said.get("max")))
        case Number(least, most, fraction):
            kinds = {"double", "float"} if fraction else {"integer", "long"}
            same = said["type"] in kinds and (least, most) == (said.get("min"), said.get("max"))
        case _:
            same = said["type"] == {Moment: "timestamp", Flag: "boolean"}[type(shape)]
    return found if same else [*found, f"{at}: {shape} is not {said}"]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_each_request_has_the_members_limits_and_enumerations_of_the_model(
    operation: Any, model: dict[str, Any]
) -> None:
    said = model["operations"][operation.name]
    assert said["http"]["requestUri"] == operation.path
    assert said["http"]["method"] == "POST"
    assert (
        _differences(operation.request, said["input"]["shape"], model["shapes"], operation.name)
        == []
    )


def test_every_filter_and_sort_field_of_the_model_has_a_path(model: dict[str, Any]) -> None:
    shapes = model["shapes"]
    assert set(FINDING_FIELDS) == set(shapes["FilterCriteria"]["members"])
    assert set(COVERAGE_FIELDS) == set(shapes["CoverageFilterCriteria"]["members"])
    assert set(SORT_FIELDS) == set(shapes["SortField"]["enum"])


def _leads(path: tuple[str, ...], name: str, shapes: dict[str, Any]) -> bool:
    said = shapes[name]
    if said["type"] == "list":
        return _leads(path, said["member"]["shape"], shapes)
    if not path:
        return True
    return path[0] in said.get("members", {}) and _leads(
        path[1:], said["members"][path[0]]["shape"], shapes
    )


def test_every_path_leads_to_a_member_of_the_model(model: dict[str, Any]) -> None:
    findings = [path for _, path in FINDING_FIELDS.values()] + list(SORT_FIELDS.values())
    assert [path for path in findings if not _leads(path, "Finding", model["shapes"])] == []
    covered = [path for _, path in COVERAGE_FIELDS.values()]
    assert [path for path in covered if not _leads(path, "CoveredResource", model["shapes"])] == []
