"""The operations: path, paging and the shape of each request.

The limits are those of botocore's inspector2 model.
`tests/simulator/inspector/test_operations_model.py` compares this table with that model.
"""

from __future__ import annotations

from dataclasses import dataclass

from sre_simulator.fields import SORT_FIELDS
from sre_simulator.inspector.aggregation_requests import (
    AGGREGATION_TYPES,
    AGGREGATIONS,
    SORT_ORDER,
    TEXT_FILTERS,
)
from sre_simulator.inspector.criteria import COVERAGE_CRITERIA, FINDING_CRITERIA
from sre_simulator.inspector.shapes import Flag, Members, Number, Several, Shape, Text

_TOKEN = Text(0, 1_000_000)
GROUP_KEYS = (
    "SCAN_STATUS_CODE",
    "SCAN_STATUS_REASON",
    "ACCOUNT_ID",
    "RESOURCE_TYPE",
    "ECR_REPOSITORY_NAME",
    "PROVIDER",
    "PROVIDER_ACCOUNT_ID",
    "PROVIDER_REGION",
    "PROVIDER_ORG_ID",
)


_IMAGE = Members(
    {
        "resourceId": Text(
            pattern=r"arn:.*:ecr:.*:\d{12}:repository\/[a-zA-Z0-9._\/-]+(\/sha256:[a-z0-9]{64})?"
        )
    },
    ("resourceId",),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its path, the shape of its request, and the default page size."""

    name: str
    path: str
    request: Members
    page: int = 0


def _paged(
    name: str, path: str, most: int, members: dict[str, Shape], required: tuple[str, ...] = ()
) -> Operation:
    paging: dict[str, Shape] = {"maxResults": Number(1, most), "nextToken": _TOKEN}
    return Operation(name, path, Members(paging | members, required), most)


OPERATIONS: dict[str, Operation] = {
    operation.path: operation
    for operation in (
        _paged(
            "ListFindings",
            "/findings/list",
            100,
            {
                "filterCriteria": FINDING_CRITERIA,
                "sortCriteria": Members(
                    {"field": Text(choices=tuple(SORT_FIELDS)), "sortOrder": SORT_ORDER},
                    ("field", "sortOrder"),
                ),
            },
        ),
        _paged(
            "ListFindingAggregations",
            "/findings/aggregation/list",
            100,
            {
                "aggregationType": Text(choices=AGGREGATION_TYPES),
                "accountIds": TEXT_FILTERS,
                "aggregationRequest": AGGREGATIONS,
            },
            ("aggregationType",),
        ),
        Operation(
            "BatchGetFindingDetails",
            "/findings/details/batch/get",
            Members({"findingArns": Several(Text(1, 100), 1, 10)}, ("findingArns",)),
        ),
        Operation(
            "BatchGetAccountStatus",
            "/status/batch/get",
            Members({"accountIds": Several(Text(12, 12), 0, 100)}),
        ),
        _paged("ListCoverage", "/coverage/list", 200, {"filterCriteria": COVERAGE_CRITERIA}),
        Operation(
            "ListCoverageStatistics",
            "/coverage/statistics/list",
            Members(
                {
                    "filterCriteria": COVERAGE_CRITERIA,
                    "groupBy": Text(choices=GROUP_KEYS),
                    "nextToken": _TOKEN,
                }
            ),
        ),
        _paged(
            "GetClustersForImage",
            "/cluster/get",
            100,
            {"filter": _IMAGE, "nextToken": Text(1, 3000)},
            ("filter",),
        ),
        _paged("ListMembers", "/members/list", 50, {"onlyAssociated": Flag()}),
        Operation("GetDelegatedAdminAccount", "/delegatedadminaccounts/get", Members({})),
        _paged("ListDelegatedAdminAccounts", "/delegatedadminaccounts/list", 5, {}),
        _paged(
            "ListFilters",
            "/filters/list",
            100,
            {"arns": Several(Text(1, 128)), "action": Text(choices=("NONE", "SUPPRESS"))},
        ),
    )
}
"""Path → operation."""
