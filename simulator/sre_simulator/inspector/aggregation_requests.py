"""The shapes of ListFindingAggregations requests."""

from __future__ import annotations

from sre_simulator.inspector.criteria import DATE_FILTER, MAP_FILTER, NUMBER_FILTER, TEXT_FILTER
from sre_simulator.inspector.shapes import Members, Several, Shape, Text

SORT_ORDER = Text(choices=("ASC", "DESC"))
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
TEXT_FILTERS = Several(TEXT_FILTER, 1, 10)
_MAPS, _DATES, _NUMBERS = (
    Several(each, 1, 10) for each in (MAP_FILTER, DATE_FILTER, NUMBER_FILTER)
)
_CLOUD = ("cloudProviders", "cloudAccountIds", "cloudOrgIds", "cloudRegions", "cloudPartitions")


def _aggregation(*texts: str, **others: Shape) -> Members:
    sort = ("CRITICAL", "HIGH", "ALL")
    return Members(
        dict.fromkeys(texts, TEXT_FILTERS)
        | {"sortOrder": SORT_ORDER, "sortBy": Text(choices=sort)}
        | others
    )


def _also(choice: str) -> Text:
    return Text(choices=("CRITICAL", "HIGH", "ALL", choice))


_SOURCES = Several(Text(choices=("INSTANCE_SCAN", "MACHINE_IMAGE_SCAN")), 1, 2)
_KIND: dict[str, Shape] = {
    "findingType": Text(choices=_FINDING_TYPES),
    "resourceType": Text(choices=_RESOURCE_TYPES),
}
_USE: dict[str, Shape] = {"lastInUseAt": _DATES, "inUseCount": _NUMBERS}
AGGREGATIONS = Members(
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
