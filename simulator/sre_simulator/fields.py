"""The location of each filter and sort field in a finding or a coverage row.

A path names members from the top. It enters lists, so it can lead to any number of values.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]


class Kind(Enum):
    """The filter shapes of the botocore model."""

    STRING = "StringFilter"
    DATE = "DateFilter"
    NUMBER = "NumberFilter"
    MAP = "MapFilter"
    PORT = "PortRangeFilter"
    PACKAGE = "PackageFilter"


class Layer(Enum):
    """The part of a finding that a path belongs to.

    Each part is evaluated once for all findings that share it.
    """

    RESOURCE = "resource"
    WEAKNESS = "weakness"
    FINDING = "finding"


_FINDING_MEMBERS = {
    "findingArn",
    "status",
    "severity",
    "firstObservedAt",
    "lastObservedAt",
    "updatedAt",
}
_RESOURCE_MEMBERS = {"awsAccountId", "resources"}
_PACKAGE = "packageVulnerabilityDetails"
_NETWORK = "networkReachabilityDetails"
_CODE = "codeVulnerabilityDetails"
_EC2 = "resources.details.awsEc2Instance"
_ECR = "resources.details.awsEcrContainerImage"
_LAMBDA = "resources.details.awsLambdaFunction"
_REPOSITORY = "resources.details.codeRepository"
_MACHINE = "resources.details.machineImage"
_VM, _IMAGE, _FUNCTION = (
    f"resources.details.{twin}" for twin in ("vm", "image", "serverlessFunction")
)

_PATHS: dict[Kind, dict[str, str]] = {
    Kind.STRING: {
        "findingArn": "findingArn",
        "awsAccountId": "awsAccountId",
        "findingType": "type",
        "severity": "severity",
        "findingStatus": "status",
        "title": "title",
        "resourceType": "resources.type",
        "resourceId": "resources.id",
        "ec2InstanceImageId": f"{_EC2}.imageId",
        "ec2InstanceVpcId": f"{_EC2}.vpcId",
        "ec2InstanceSubnetId": f"{_EC2}.subnetId",
        "ecrImageArchitecture": f"{_ECR}.architecture",
        "ecrImageRegistry": f"{_ECR}.registry",
        "ecrImageRepositoryName": f"{_ECR}.repositoryName",
        "ecrImageTags": f"{_ECR}.imageTags",
        "ecrImageHash": f"{_ECR}.imageHash",
        "networkProtocol": f"{_NETWORK}.protocol",
        "componentId": f"{_NETWORK}.networkPath.steps.componentId",
        "componentType": f"{_NETWORK}.networkPath.steps.componentType",
        "vulnerabilityId": f"{_PACKAGE}.vulnerabilityId",
        "vulnerabilitySource": f"{_PACKAGE}.source",
        "vendorSeverity": f"{_PACKAGE}.vendorSeverity",
        "relatedVulnerabilities": f"{_PACKAGE}.relatedVulnerabilities",
        "fixAvailable": "fixAvailable",
        "exploitAvailable": "exploitAvailable",
        "lambdaFunctionName": f"{_LAMBDA}.functionName",
        "lambdaFunctionLayers": f"{_LAMBDA}.layers",
        "lambdaFunctionRuntime": f"{_LAMBDA}.runtime",
        "lambdaFunctionExecutionRoleArn": f"{_LAMBDA}.executionRoleArn",
        "codeVulnerabilityDetectorName": f"{_CODE}.detectorName",
        "codeVulnerabilityDetectorTags": f"{_CODE}.detectorTags",
        "codeVulnerabilityFilePath": f"{_CODE}.filePath.filePath",
        "codeRepositoryProjectName": f"{_REPOSITORY}.projectName",
        "codeRepositoryProviderType": f"{_REPOSITORY}.providerType",
        "machineImageId": f"{_MACHINE}.machineImageId",
        "machineImageName": f"{_MACHINE}.name",
        "machineImageOwnerAccountId": f"{_MACHINE}.ownerAccountId",
        "machineImagePlatform": f"{_MACHINE}.platform",
        "cloudProvider": "resources.provider",
        "cloudProviderRegion": "resources.region",
        "cloudProviderAccountId": "resources.providerAccountId",
        "cloudProviderOrgId": "resources.providerOrgId",
        "cloudVmImageReference": f"{_VM}.vmImageReference",
        "cloudVmNetworkId": f"{_VM}.networkId",
        "cloudVmSubnetIds": f"{_VM}.subnetIds",
        "cloudImageRepositoryName": f"{_IMAGE}.repositoryName",
        "cloudImageRegistry": f"{_IMAGE}.registry",
        "cloudImageDigest": f"{_IMAGE}.imageDigest",
        "cloudImageTags": f"{_IMAGE}.imageTags",
        "cloudImageArchitecture": f"{_IMAGE}.architecture",
        "cloudServerlessFunctionName": f"{_FUNCTION}.serverlessFunctionName",
        "cloudServerlessFunctionRuntime": f"{_FUNCTION}.runtime",
        "cloudServerlessFunctionExecutionRole": f"{_FUNCTION}.executionRole",
    },
    Kind.DATE: {
        "firstObservedAt": "firstObservedAt",
        "lastObservedAt": "lastObservedAt",
        "updatedAt": "updatedAt",
        "ecrImagePushedAt": f"{_ECR}.pushedAt",
        "ecrImageLastInUseAt": f"{_ECR}.lastInUseAt",
        "lambdaFunctionLastModifiedAt": f"{_LAMBDA}.lastModifiedAt",
        "cloudImagePushedAt": f"{_IMAGE}.pushedAt",
        "cloudImageLastInUseAt": f"{_IMAGE}.lastInUseAt",
        "cloudServerlessFunctionLastModifiedAt": f"{_FUNCTION}.lastModifiedAt",
    },
    Kind.NUMBER: {
        "inspectorScore": "inspectorScore",
        "epssScore": "epss.score",
        "ecrImageInUseCount": f"{_ECR}.inUseCount",
        "cloudImageInUseCount": f"{_IMAGE}.inUseCount",
    },
    Kind.MAP: {"resourceTags": "resources.tags"},
    Kind.PORT: {"portRange": f"{_NETWORK}.openPortRange"},
    Kind.PACKAGE: {"vulnerablePackages": f"{_PACKAGE}.vulnerablePackages"},
}

_META = "resourceMetadata"
_COVERAGE_PATHS: dict[Kind, dict[str, str]] = {
    Kind.STRING: {
        "scanStatusCode": "scanStatus.statusCode",
        "scanStatusReason": "scanStatus.reason",
        "accountId": "accountId",
        "resourceId": "resourceId",
        "resourceType": "resourceType",
        "scanType": "scanType",
        "scanMode": "scanMode",
        "ecrRepositoryName": f"{_META}.ecrRepository.name",
        "ecrImageTags": f"{_META}.ecrImage.tags",
        "lambdaFunctionName": f"{_META}.lambdaFunction.functionName",
        "lambdaFunctionRuntime": f"{_META}.lambdaFunction.runtime",
        "codeRepositoryProjectName": f"{_META}.codeRepository.projectName",
        "codeRepositoryProviderType": f"{_META}.codeRepository.providerType",
        "codeRepositoryProviderTypeVisibility": f"{_META}.codeRepository.providerTypeVisibility",
        "lastScannedCommitId": f"{_META}.codeRepository.lastScannedCommitId",
        "cloudProvider": "provider",
        "cloudProviderAccountId": "providerAccountId",
        "cloudProviderRegion": "providerRegion",
        "cloudProviderOrgId": "providerOrgId",
        "cloudContainerImageTags": f"{_META}.containerImage.imageTags",
        "cloudContainerRepositoryName": f"{_META}.containerRepository.name",
        "cloudContainerRegistryName": f"{_META}.containerRegistry.name",
        "cloudServerlessFunctionName": f"{_META}.serverlessFunction.serverlessFunctionName",
        "cloudServerlessFunctionRuntime": f"{_META}.serverlessFunction.runtime",
    },
    Kind.DATE: {
        "lastScannedAt": "lastScannedAt",
        "imagePulledAt": f"{_META}.ecrImage.imagePulledAt",
        "ecrImageLastInUseAt": f"{_META}.ecrImage.lastInUseAt",
    },
    Kind.NUMBER: {"ecrImageInUseCount": f"{_META}.ecrImage.inUseCount"},
    Kind.MAP: {
        "ec2InstanceTags": f"{_META}.ec2.tags",
        "lambdaFunctionTags": f"{_META}.lambdaFunction.functionTags",
        "machineImageTags": f"{_META}.machineImage.tags",
        "cloudVmInstanceTags": f"{_META}.vmInstance.tags",
        "cloudServerlessFunctionTags": f"{_META}.serverlessFunction.functionTags",
    },
}

_SORT_PATHS = {
    "AWS_ACCOUNT_ID": "awsAccountId",
    "FINDING_TYPE": "type",
    "SEVERITY": "severity",
    "FIRST_OBSERVED_AT": "firstObservedAt",
    "LAST_OBSERVED_AT": "lastObservedAt",
    "FINDING_STATUS": "status",
    "RESOURCE_TYPE": "resources.type",
    "ECR_IMAGE_PUSHED_AT": f"{_ECR}.pushedAt",
    "ECR_IMAGE_REPOSITORY_NAME": f"{_ECR}.repositoryName",
    "ECR_IMAGE_REGISTRY": f"{_ECR}.registry",
    "NETWORK_PROTOCOL": f"{_NETWORK}.protocol",
    "COMPONENT_TYPE": f"{_NETWORK}.networkPath.steps.componentType",
    "VULNERABILITY_ID": f"{_PACKAGE}.vulnerabilityId",
    "VULNERABILITY_SOURCE": f"{_PACKAGE}.source",
    "INSPECTOR_SCORE": "inspectorScore",
    "VENDOR_SEVERITY": f"{_PACKAGE}.vendorSeverity",
    "EPSS_SCORE": "epss.score",
}


def _table(paths: dict[Kind, dict[str, str]]) -> dict[str, tuple[Kind, Path]]:
    return {
        name: (kind, tuple(path.split(".")))
        for kind, fields in paths.items()
        for name, path in fields.items()
    }


FINDING_FIELDS = _table(_PATHS)
"""FilterCriteria: field → its filter shape and path."""
COVERAGE_FIELDS = _table(_COVERAGE_PATHS)
"""CoverageFilterCriteria: field → its filter shape and path."""
SORT_FIELDS: dict[str, Path] = {name: tuple(path.split(".")) for name, path in _SORT_PATHS.items()}
"""SortField: field → path."""


def layer(path: Path) -> Layer:
    """Returns the part of a finding that a path belongs to."""
    if path[0] in _FINDING_MEMBERS:
        return Layer.FINDING
    return Layer.RESOURCE if path[0] in _RESOURCE_MEMBERS else Layer.WEAKNESS


def values(wire: Any, path: Path) -> Iterator[Any]:
    """Yields the values at the end of a path; none if a member on the way is absent."""
    if isinstance(wire, list):
        for each in wire:
            yield from values(each, path)
    elif not path:
        yield wire
    elif path[0] in wire:
        yield from values(wire[path[0]], path[1:])
