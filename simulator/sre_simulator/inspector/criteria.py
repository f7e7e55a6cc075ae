"""The shapes of filter criteria for findings and coverage."""

from __future__ import annotations

from sre_simulator.fields import COVERAGE_FIELDS, FINDING_FIELDS, Kind
from sre_simulator.inspector.shapes import Members, Moment, Number, Several, Shape, Text

TEXT_FILTER = Members(
    {"comparison": Text(choices=("EQUALS", "PREFIX", "NOT_EQUALS")), "value": Text(1, 1024)},
    ("comparison", "value"),
)
NUMBER_FILTER = Members(
    {"upperInclusive": Number(fraction=True), "lowerInclusive": Number(fraction=True)}
)
DATE_FILTER = Members({"startInclusive": Moment(), "endInclusive": Moment()})
MAP_FILTER = Members(
    {"comparison": Text(choices=("EQUALS",)), "key": Text(1, 128), "value": Text(0, 256)},
    ("comparison", "key"),
)
_PORT = Members({"beginInclusive": Number(0, 65535), "endInclusive": Number(0, 65535)})
_QUALIFIERS = (
    "arch",
    "collector",
    "dev_dependency",
    "distro",
    "epoch",
    "go_toolchain",
    "hardened",
    "private",
    "rust_toolchain",
    "scope",
    "skip_chromium_download",
    "source",
    "stream",
    "transitive_dependency",
    "unresolved",
    "vendor",
)


def _chosen(*values: str) -> Members:
    """Returns a filter on an enumeration."""
    return Members(
        {"comparison": Text(choices=("EQUALS", "NOT_EQUALS")), "value": Text(choices=values)},
        ("comparison", "value"),
    )


_PACKAGE = Members(
    dict.fromkeys(
        (
            "name",
            "version",
            "release",
            "architecture",
            "sourceLayerHash",
            "sourceLambdaLayerArn",
            "filePath",
        ),
        TEXT_FILTER,
    )
    | {
        "epoch": NUMBER_FILTER,
        "runtimeReachability": _chosen("REACHABLE", "NOT_REACHABLE", "UNKNOWN"),
        "runtimeReachabilityReason": _chosen(
            "PACKAGE_IN_DOCKERFILE_WORKLOAD_PATH",
            "PACKAGE_NOT_IN_DOCKERFILE_WORKLOAD_PATH",
            "PROCESS_OBSERVED_IN_EC2_RUNTIME",
            "PROCESS_NOT_OBSERVED_IN_EC2_RUNTIME",
        ),
        "purlQualifier": Members(
            {
                "comparison": Text(choices=("EQUALS",)),
                "key": Text(choices=_QUALIFIERS),
                "value": Text(0, 256),
            },
            ("comparison", "key"),
        ),
    }
)
_FILTERS: dict[Kind, Shape] = {
    Kind.STRING: TEXT_FILTER,
    Kind.DATE: DATE_FILTER,
    Kind.NUMBER: NUMBER_FILTER,
    Kind.MAP: MAP_FILTER,
    Kind.PORT: _PORT,
    Kind.PACKAGE: _PACKAGE,
}
_COVERAGE_FILTERS: dict[Kind, Shape] = {
    Kind.STRING: Members(
        {"comparison": Text(choices=("EQUALS", "NOT_EQUALS")), "value": Text(1, 1024)},
        ("comparison", "value"),
    ),
    Kind.DATE: DATE_FILTER,
    Kind.NUMBER: Members({"upperInclusive": Number(), "lowerInclusive": Number()}),
    Kind.MAP: Members(
        {"comparison": Text(choices=("EQUALS",)), "key": Text(1), "value": Text(1)},
        ("comparison", "key"),
    ),
}
FINDING_CRITERIA = Members(
    {name: Several(_FILTERS[kind], 1, 10) for name, (kind, _) in FINDING_FIELDS.items()}
)
COVERAGE_CRITERIA = Members(
    {name: Several(_COVERAGE_FILTERS[kind], 1, 10) for name, (kind, _) in COVERAGE_FIELDS.items()}
)
