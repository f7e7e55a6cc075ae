"""The operations: path, paging and the shape of each request.

The limits are those of botocore's inspector2 model.
`tests/simulator/inspector/test_operations_model.py` compares this table with that model.
"""

from __future__ import annotations

from dataclasses import dataclass

from sre_simulator.fields import COVERAGE_FIELDS, FINDING_FIELDS, SORT_FIELDS, Kind
from sre_simulator.inspector.shapes import Flag, Members, Moment, Number, Several, Shape, Text

_ORDER = Text(choices=("ASC", "DESC"))
_TOKEN = Text(0, 1_000_000)
_TEXT = Members(
    {"comparison": Text(choices=("EQUALS", "PREFIX", "NOT_EQUALS")), "value": Text(1, 1024)},
    ("comparison", "value"),
)
_NUMBER = Members(
    {"upperInclusive": Number(fraction=True), "lowerInclusive": Number(fraction=True)}
)
_DATE = Members({"startInclusive": Moment(), "endInclusive": Moment()})
_MAP = Members(
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
        _TEXT,
    )
    | {
        "epoch": _NUMBER,
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
    Kind.STRING: _TEXT,
    Kind.DATE: _DATE,
    Kind.NUMBER: _NUMBER,
    Kind.MAP: _MAP,
    Kind.PORT: _PORT,
    Kind.PACKAGE: _PACKAGE,
}
_COVERAGE_FILTERS: dict[Kind, Shape] = {
    Kind.STRING: Members(
        {"comparison": Text(choices=("EQUALS", "NOT_EQUALS")), "value": Text(1, 1024)},
        ("comparison", "value"),
    ),
    Kind.DATE: _DATE,
    Kind.NUMBER: Members({"upperInclusive": Number(), "lowerInclusive": Number()}),
    Kind.MAP: Members(
        {"comparison": Text(choices=("EQUALS",)), "key": Text(1), "value": Text(1)},
        ("comparison", "key"),
    ),
}
_CRITERIA = Members(
    {name: Several(_FILTERS[kind], 1, 10) for name, (kind, _) in FINDING_FIELDS.items()}
)
_COVERAGE_CRITERIA = Members(
    {name: Several(_COVERAGE_FILTERS[kind], 1, 10) for name, (kind, _) in COVERAGE_FIELDS.items()}
)

_FINDING_TYPES = ("NETWORK_REACHABILITY", "PACKAGE_VULNERABILITY", "CODE_VULNERABILITY")
_RESOURCE_TYPES = (
    "AWS_EC2_INSTANCE",
    "AWS_ECR_CONTAINER_IMAGE",
    "AWS_LAMBDA_FUNCTION",
    "CODE_REPOSITORY",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.ContainerRegistry/registry/containerImage",
    "Microsoft.Web/sites",
    "cloudfunctions.googleapis.com/Function",
    "compute.googleapis.com/Instance",
    "artifactregistry.googleapis.com/DockerImage",
)
AGGREGATION_TYPES = (
    "FINDING_TYPE",
    "PACKAGE",
    "TITLE",
    "REPOSITORY",
    "AMI",
    "AWS_EC2_INSTANCE",
    "AWS_ECR_CONTAINER",
    "IMAGE_LAYER",
    "ACCOUNT",
    "AWS_LAMBDA_FUNCTION",
    "LAMBDA_LAYER",
    "CODE_REPOSITORY",
    "VM_INSTANCE",
    "CONTAINER_IMAGE",
    "SERVERLESS_FUNCTION",
)
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
_TEXTS, _MAPS, _DATES, _NUMBERS = (Several(each, 1, 10) for each in (_TEXT, _MAP, _DATE, _NUMBER))
_CLOUD = ("cloudProviders", "cloudAccountIds", "cloudOrgIds", "cloudRegions", "cloudPartitions")


def _aggregation(*texts: str, **others: Shape) -> Members:
    sort = ("CRITICAL", "HIGH", "ALL")
    return Members(
        dict.fromkeys(texts, _TEXTS) | {"sortOrder": _ORDER, "sortBy": Text(choices=sort)} | others
    )


def _also(choice: str) -> Text:
    return Text(choices=("CRITICAL", "HIGH", "ALL", choice))


_SOURCES = Several(Text(choices=("INSTANCE_SCAN", "MACHINE_IMAGE_SCAN")), 1, 2)
_KIND: dict[str, Shape] = {
    "findingType": Text(choices=_FINDING_TYPES),
    "resourceType": Text(choices=_RESOURCE_TYPES),
}
_USE: dict[str, Shape] = {"lastInUseAt": _DATES, "inUseCount": _NUMBERS}
_AGGREGATIONS = Members(
    {
        "accountAggregation": _aggregation(**_KIND),
        "amiAggregation": _aggregation(
            "amis",
            sortBy=_also("AFFECTED_INSTANCES"),
            scanSources=_SOURCES,
        ),
        "awsEcrContainerAggregation": _aggregation(
            "resourceIds", "imageShas", "repositories", "architectures", "imageTags", **_USE
        ),
        "ec2InstanceAggregation": _aggregation(
            "amis",
            "operatingSystems",
            "instanceIds",
            sortBy=_also("NETWORK_FINDINGS"),
            instanceTags=_MAPS,
        ),
        "findingTypeAggregation": _aggregation(**_KIND),
        "imageLayerAggregation": _aggregation(
            "repositories", "resourceIds", "layerHashes", *_CLOUD
        ),
        "packageAggregation": _aggregation("packageNames"),
        "repositoryAggregation": _aggregation("repositories", sortBy=_also("AFFECTED_IMAGES")),
        "titleAggregation": _aggregation("titles", "vulnerabilityIds", **_KIND),
        "lambdaLayerAggregation": _aggregation("functionNames", "resourceIds", "layerArns"),
        "lambdaFunctionAggregation": _aggregation(
            "resourceIds", "functionNames", "runtimes", functionTags=_MAPS
        ),
        "codeRepositoryAggregation": _aggregation("projectNames", "providerTypes", "resourceIds"),
        "vmInstanceAggregation": _aggregation(
            "resourceIds",
            "operatingSystems",
            "vmImageReferences",
            *_CLOUD,
            sortBy=_also("NETWORK_FINDINGS"),
            instanceTags=_MAPS,
        ),
        "containerImageAggregation": _aggregation(
            "resourceIds",
            "imageDigests",
            "repositories",
            "registries",
            "architectures",
            "imageTags",
            *_CLOUD,
            **_USE,
        ),
        "serverlessFunctionAggregation": _aggregation(
            "resourceIds", "functionNames", "runtimes", *_CLOUD, functionTags=_MAPS
        ),
    },
    union=True,
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
                "filterCriteria": _CRITERIA,
                "sortCriteria": Members(
                    {"field": Text(choices=tuple(SORT_FIELDS)), "sortOrder": _ORDER},
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
                "accountIds": _TEXTS,
                "aggregationRequest": _AGGREGATIONS,
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
        _paged("ListCoverage", "/coverage/list", 200, {"filterCriteria": _COVERAGE_CRITERIA}),
        Operation(
            "ListCoverageStatistics",
            "/coverage/statistics/list",
            Members(
                {
                    "filterCriteria": _COVERAGE_CRITERIA,
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
