"""Resources with Inspector's types and IDs, and how users may write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sre_findings.model.errors import UsageError
from sre_findings.model.text import phrase

INSTANCE = "AWS_EC2_INSTANCE"
IMAGE = "AWS_ECR_CONTAINER_IMAGE"
FUNCTION = "AWS_LAMBDA_FUNCTION"
CODE_REPOSITORY = "CODE_REPOSITORY"
MACHINE_IMAGE = "MACHINE_IMAGE"
IMAGE_REPOSITORY = "AWS_ECR_REPOSITORY"
AZURE_MACHINE = "Microsoft.Compute/virtualMachines"
AZURE_IMAGE = "Microsoft.ContainerRegistry/registry/containerImage"
AZURE_REPOSITORY = "Microsoft.ContainerRegistry/registry/containerRepository"
AZURE_REGISTRY = "Microsoft.ContainerRegistry/registries"
AZURE_FUNCTION = "Microsoft.Web/sites"
GOOGLE_MACHINE = "compute.googleapis.com/Instance"
GOOGLE_IMAGE = "artifactregistry.googleapis.com/DockerImage"
GOOGLE_REPOSITORY = "artifactregistry.googleapis.com/Repository"
GOOGLE_FUNCTION = "cloudfunctions.googleapis.com/Function"

# Short names of the common types. Other types are accepted in Inspector's spelling.
WORDS = {"ec2": INSTANCE, "ecr": IMAGE, "lambda": FUNCTION, "code": CODE_REPOSITORY}

# API reference, ResourceType and CoverageResourceType (botocore 1.44.8).
TYPES = (
    INSTANCE,
    IMAGE,
    IMAGE_REPOSITORY,
    FUNCTION,
    CODE_REPOSITORY,
    MACHINE_IMAGE,
    AZURE_MACHINE,
    AZURE_IMAGE,
    AZURE_REPOSITORY,
    AZURE_REGISTRY,
    AZURE_FUNCTION,
    GOOGLE_FUNCTION,
    GOOGLE_MACHINE,
    GOOGLE_IMAGE,
    GOOGLE_REPOSITORY,
)

_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")
_LOOKS_LIKE_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{5,}|[0-9a-z]{17})\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that Inspector scans.

    ``name`` is its tag Name, or a name specific to its type; it may be empty.
    """

    resource_id: str
    resource_type: str
    account_id: str
    region: str
    name: str = ""


def parse_type(text: str) -> str:
    """Parses a resource type: ``ec2``, ``ecr``, ``lambda``, ``code``, or Inspector's own value.

    Raises UsageError for any other text.
    """
    known = WORDS | {value.lower(): value for value in TYPES}
    try:
        return known[text.strip().lower()]
    except KeyError:
        do = phrase(
            "Use one of: {}, or a type as Inspector writes it ({}, …).", ", ".join(WORDS), INSTANCE
        )
        raise UsageError(phrase("{!r} is not a resource type", text), do=do) from None


def check_text(text: str) -> str:
    """Returns an ID, name or address, stripped.

    Raises UsageError if it is empty or longer than 1,024 characters.
    """
    value = text.strip()
    if not value or len(value) > 1024:
        raise UsageError(
            phrase("a resource id has 1 to 1,024 characters"),
            do=phrase("Give an id, a name or an address."),
        )
    return value


def check_id(text: str) -> str:
    """Like :func:`check_text`, for a text that is not a known name.

    Also raises UsageError for a mistyped instance ID.
    """
    value = check_text(text)
    if _LOOKS_LIKE_INSTANCE_ID.match(value) and not _INSTANCE_ID.match(value):
        why = phrase("i- is followed by 8 or 17 lower-case hexadecimal digits")
        raise UsageError(
            phrase("{!r} is not an EC2 instance id", value),
            why=why,
            do=phrase("Example: i-0123456789abcdef0."),
        )
    return value


def can_be_id(text: str) -> bool:
    """Whether the text can be a resource ID of Inspector, so that a live query makes sense."""
    return bool(_INSTANCE_ID.match(text)) or text.startswith(
        ("arn:", "/subscriptions/", "//", "projects/")
    )


_MACHINE_IMAGE_ID = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
# By service and the beginning of the last part of an ARN. A repository means its images.
_ARNS = {
    ("ec2", "instance/"): INSTANCE,
    ("ec2", "image/"): MACHINE_IMAGE,
    ("ecr", "repository/"): IMAGE,
    ("lambda", "function:"): FUNCTION,
    ("inspector2", "codesecurity-integration/"): CODE_REPOSITORY,
}


def told(text: str) -> Resource | None:
    """The resource as far as its ID determines it by format; None for names.

    That is the type and, for an ARN, the account and the region.
    """
    for form, kind in (
        (_INSTANCE_ID, INSTANCE),
        (_MACHINE_IMAGE_ID, MACHINE_IMAGE),
        (_DIGEST, IMAGE),
    ):
        if form.match(text):
            return Resource(text, kind, "", "")
    arn, _, service, region, account, rest = [*text.split(":", 5), *[""] * 6][:6]
    for (of, head), kind in _ARNS.items():
        if (arn, service) == ("arn", of) and rest.startswith(head):
            return Resource(text, kind, account, region)
    return None
