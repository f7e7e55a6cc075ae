"""The JSON of each kind of resource: instance, image, function, code repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sre_simulator.fleet.lifecycle import DAY
from sre_simulator.fleet.resource import Drawn, partition
from sre_simulator.randomness import Dice

if TYPE_CHECKING:
    from collections.abc import Callable

Wire = dict[str, Any]
RUNTIMES = {"npm": "NODEJS_20_X", "pip": "PYTHON_3_12", "maven": "JAVA_21", "go": "GO_1_X"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The request for a resource.

    It has account and region, platform, name and tags, and when the resource began.
    """

    account: str
    region: str
    platform: str
    name: str
    tags: dict[str, str]
    begins: float
    id: str = ""


def instance(wanted: Wanted) -> Drawn:
    """Returns an EC2 instance, with its generic twin `vm`."""
    dice = Dice("ec2", wanted.account, wanted.region, wanted.name, wanted.id)
    address = f"10.{dice.below(200)}.{dice.below(250)}.{1 + dice.below(250)}"
    shared: Wire = {
        "type": dice.pick(("t3.medium", "m5.large", "m6i.xlarge", "c6i.large", "r6i.large")),
        "ipV4Addresses": [address, f"203.0.113.{1 + dice.below(250)}"],
        "ipV6Addresses": [],
        "keyName": f"key-{dice.hex(6)}",
        "launchedAt": wanted.begins,
        "platform": wanted.platform,
    }
    ami, vpc, subnet = f"ami-{dice.hex(17)}", f"vpc-{dice.hex(17)}", f"subnet-{dice.hex(17)}"
    head = f"arn:{partition(wanted.region)}:iam::{wanted.account}"
    role = f"{head}:instance-profile/ssm-managed-instance"
    aws = shared | {"imageId": ami, "vpcId": vpc, "subnetId": subnet, "iamInstanceProfileArn": role}
    twin = shared | {
        "vmImageReference": ami,
        "networkId": vpc,
        "subnetIds": [subnet],
        "executionRole": role,
    }
    kind = "WINDOWS" if wanted.platform.startswith("WINDOWS") else "LINUX"
    metadata = {"ec2": {"tags": wanted.tags, "amiId": ami, "platform": kind}}
    details = {"awsEc2Instance": aws, "vm": twin | ({"vmName": wanted.name} if wanted.name else {})}
    return Drawn(
        "AWS_EC2_INSTANCE", wanted.id or f"i-{dice.hex(17)}", details, metadata, wanted.tags
    )


def image(wanted: Wanted) -> Drawn:
    """Returns a container image in ECR, with its generic twin `image`.

    Findings of images have no tags.
    """
    dice = Dice("ecr", wanted.account, wanted.region, wanted.name)
    digest = f"sha256:{dice.hex(64)}"
    used = wanted.begins + dice.below(5) * DAY
    shared: Wire = {
        "repositoryName": wanted.name,
        "registry": wanted.account,
        "imageTags": [f"{1 + dice.below(4)}.{dice.below(20)}.{dice.below(10)}", "latest"],
        "pushedAt": wanted.begins,
        "architecture": "amd64",
        "platform": wanted.platform,
        "lastInUseAt": used,
        "inUseCount": dice.below(9),
    }
    if dice.chance(0.2):  # Inspector does not know for every image whether it is used
        del shared["lastInUseAt"], shared["inUseCount"]
    registry = f"arn:{partition(wanted.region)}:ecr:{wanted.region}:{wanted.account}"
    name = f"{registry}:repository/{wanted.name}/{digest}"
    details = {
        "awsEcrContainerImage": shared | {"imageHash": digest},
        "image": shared | {"imageDigest": digest},
    }
    use = {name: shared[name] for name in ("lastInUseAt", "inUseCount") if name in shared}
    seen: Wire = {"tags": shared["imageTags"], "imagePulledAt": used} | use
    repository = {"name": wanted.name, "scanFrequency": "CONTINUOUS_SCAN"}
    return Drawn(
        "AWS_ECR_CONTAINER_IMAGE",
        name,
        details,
        {"ecrRepository": repository, "ecrImage": seen},
        {},
    )


def function(wanted: Wanted) -> Drawn:
    """Returns a Lambda function, with its generic twin `serverlessFunction`."""
    dice = Dice("lambda", wanted.account, wanted.region, wanted.name)
    prefix = f"arn:{partition(wanted.region)}:lambda:{wanted.region}:{wanted.account}"
    runtime, code = RUNTIMES[wanted.platform], f"{dice.hex(43)}="
    layers = [f"{prefix}:layer:observability:{1 + dice.below(30)}"]
    role = f"arn:{partition(wanted.region)}:iam::{wanted.account}:role/{wanted.name}-role"
    network = {"subnetIds": [f"subnet-{dice.hex(17)}"], "securityGroupIds": [f"sg-{dice.hex(17)}"]}
    vpc = f"vpc-{dice.hex(17)}"
    shared: Wire = {
        "runtime": runtime,
        "version": "$LATEST",
        "packageType": "ZIP",
        "architectures": ["X86_64"],
    }
    shared |= {"layers": layers, "lastModifiedAt": wanted.begins}
    aws = shared | {"functionName": wanted.name, "codeSha256": code, "executionRoleArn": role}
    twin = (
        shared
        | network
        | {
            "serverlessFunctionName": wanted.name,
            "codeDigest": code,
            "executionRole": role,
        }
    )
    details = {
        "awsLambdaFunction": aws | {"vpcConfig": network | {"vpcId": vpc}},
        "serverlessFunction": twin | {"networkId": vpc},
    }
    metadata = {
        "functionTags": wanted.tags,
        "layers": layers,
        "functionName": wanted.name,
        "runtime": runtime,
    }
    name = f"{prefix}:function:{wanted.name}:$LATEST"
    return Drawn("AWS_LAMBDA_FUNCTION", name, details, {"lambdaFunction": metadata}, wanted.tags)


def repository(wanted: Wanted) -> Drawn:
    """Returns a code repository behind an integration."""
    dice = Dice("code", wanted.account, wanted.region, wanted.name)
    head = f"arn:{partition(wanted.region)}:inspector2:{wanted.region}:{wanted.account}"
    integration = f"{head}:codesecurity-integration/{_uuid(dice)}"
    shared: Wire = {
        "projectName": wanted.name,
        "integrationArn": integration,
        "providerType": "GITHUB",
    }
    metadata = shared | {"providerTypeVisibility": "PRIVATE", "lastScannedCommitId": dice.hex(40)}
    name = f"{integration}/project-{_uuid(dice)}"
    return Drawn(
        "CODE_REPOSITORY",
        name,
        {"codeRepository": shared},
        {"codeRepository": metadata},
        wanted.tags,
    )


def _uuid(dice: Dice) -> str:
    return "-".join(dice.hex(digits) for digits in (8, 4, 4, 4, 12))


BUILDERS: dict[str, Callable[[Wanted], Drawn]] = {
    "ec2": instance,
    "ecr": image,
    "lambda": function,
    "code": repository,
}
