"""The filter engine: FilterCriteria and CoverageFilterCriteria as predicates.

Fields are combined with AND. Within a field, EQUALS, PREFIX and ranges are combined with OR, and
NOT_EQUALS with AND. A missing member matches no EQUALS, PREFIX or range. A list matches if any of
its elements does. Comparison is case-sensitive. The source is the API reference of FilterCriteria;
the rest is as observed in Inspector Classic and in recordings.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sre_simulator.fields import COVERAGE_FIELDS, FINDING_FIELDS, Kind, Layer, Path, layer, values

if TYPE_CHECKING:
    from collections.abc import Callable

Wire = dict[str, Any]

_TEXTS: dict[str, Callable[[str, str], bool]] = {"EQUALS": str.__eq__, "PREFIX": str.startswith}
_PACKAGE_TEXTS = {
    "name": "name",
    "version": "version",
    "release": "release",
    "architecture": "arch",
    "sourceLayerHash": "sourceLayerHash",
    "sourceLambdaLayerArn": "sourceLambdaLayerArn",
    "filePath": "filePath",
    "runtimeReachability": "runtimeReachability",
    "runtimeReachabilityReason": "runtimeReachabilityReason",
}


def _strings(found: list[Any], filters: list[Wire]) -> bool:
    wanted = [each for each in filters if each["comparison"] != "NOT_EQUALS"]
    unwanted = {each["value"] for each in filters if each["comparison"] == "NOT_EQUALS"}
    if wanted and not any(
        _TEXTS[each["comparison"]](value, each["value"]) for value in found for each in wanted
    ):
        return False
    return not any(value in unwanted for value in found)


def _range(found: list[Any], filters: list[Wire], low: str, high: str) -> bool:
    return any(
        each.get(low, -inf) <= value <= each.get(high, inf) for value in found for each in filters
    )


def _tags(found: list[Any], filters: list[Wire]) -> bool:
    return any(
        each["key"] in tags and each.get("value", tags[each["key"]]) == tags[each["key"]]
        for tags in found
        for each in filters
    )


def _ports(found: list[Any], filters: list[Wire]) -> bool:
    return any(
        each.get("beginInclusive", 0) <= ports["begin"]
        and ports["end"] <= each.get("endInclusive", 65535)
        for ports in found
        for each in filters
    )


def _packages(found: list[Any], filters: list[Wire]) -> bool:
    return any(_package(package, each) for package in found for each in filters)


def _package(package: Wire, wanted: Wire) -> bool:
    texts = all(
        _strings([package[member]] if member in package else [], [wanted[name]])
        for name, member in _PACKAGE_TEXTS.items()
        if name in wanted
    )
    if "purlQualifier" in wanted and not _qualified(
        package.get("purl", ""), wanted["purlQualifier"]
    ):
        return False
    if "epoch" not in wanted:
        return texts
    epochs = [package["epoch"]] if "epoch" in package else []
    return texts and _range(epochs, [wanted["epoch"]], "lowerInclusive", "upperInclusive")


def _qualified(purl: str, wanted: Wire) -> bool:
    """Returns whether a package URL has a qualifier, with any value if none is given."""
    qualifiers = parse_qs(purl.partition("?")[2].partition("#")[0])
    return (
        wanted["key"] in qualifiers
        and wanted.get("value", qualifiers[wanted["key"]][0]) in qualifiers[wanted["key"]]
    )


_JUDGES: dict[Kind, Callable[[list[Any], list[Wire]], bool]] = {
    Kind.STRING: _strings,
    Kind.DATE: lambda found, filters: _range(found, filters, "startInclusive", "endInclusive"),
    Kind.NUMBER: lambda found, filters: _range(found, filters, "lowerInclusive", "upperInclusive"),
    Kind.MAP: _tags,
    Kind.PORT: _ports,
    Kind.PACKAGE: _packages,
}


def _predicate(kind: Kind, path: Path, filters: list[Wire]) -> Callable[[Wire], bool]:
    judge = _JUDGES[kind]
    return lambda wire: judge(list(values(wire, path)), filters)


class Criteria:
    """FilterCriteria by layer, so that what many findings share is evaluated once.

    `extra` are filters on paths that FilterCriteria cannot name. `key` identifies the criteria.
    `members` are the changing members of a finding that are filtered. `arns` are the only ARNs that
    can match, or None if the filter names none.
    """

    __slots__ = ("_layers", "arns", "key", "members")

    def __init__(self, wire: Wire | None = None, *extra: tuple[Kind, Path, list[Wire]]) -> None:
        wire = wire or {}
        self.key = repr((sorted(wire.items()), extra))
        self._layers: dict[Layer, list[Callable[[Wire], bool]]] = {each: [] for each in Layer}
        for name, filters in wire.items():
            if name in FINDING_FIELDS:
                kind, path = FINDING_FIELDS[name]
                self._layers[layer(path)].append(_predicate(kind, path, filters))
        for kind, path, filters in extra:
            self._layers[layer(path)].append(_predicate(kind, path, filters))
        self.members = {
            path[0]
            for name, (_, path) in FINDING_FIELDS.items()
            if name in wire and layer(path) is Layer.FINDING
        }
        self.arns = _named(wire.get("findingArn", []))

    def asks(self, part: Layer) -> bool:
        """Returns whether this layer has any filter."""
        return bool(self._layers[part])

    def holds(self, part: Layer, wire: Wire) -> bool:
        """Returns whether the object passes all filters of a layer."""
        return all(predicate(wire) for predicate in self._layers[part])


def _named(filters: list[Wire]) -> list[str] | None:
    if not filters or any(each["comparison"] != "EQUALS" for each in filters):
        return None
    return sorted({each["value"] for each in filters})


def coverage_filter(wire: Wire | None) -> Callable[[Wire], bool]:
    """Returns a CoverageFilterCriteria as a predicate on a row of ListCoverage."""
    predicates = [
        _predicate(*COVERAGE_FIELDS[name], filters)
        for name, filters in (wire or {}).items()
        if name in COVERAGE_FIELDS
    ]
    return lambda row: all(predicate(row) for predicate in predicates)
