"""The names by which a resource can be found.

docs/resources.md lists the formats. A scan stores the names of every resource that it saw. A query
is parsed into the names that it may mean in ``name_readings.py``. Only what the format contains is
used: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sre_findings.model.resources.addresses import address_of
from sre_findings.model.resources.name_formats import (
    AZURE,
    ECR_IMAGE,
    ECR_REPOSITORY,
    LAMBDA,
    LAYER_ARN,
)

ID = "id"
DIGEST = "digest"  # sha256:… and repository@sha256:…
TAG = "tag"  # the tag Name
IMAGE = "image"  # repository:tag
REPOSITORY = "repository"  # of an image: matches all of its images
FUNCTION = "function"  # name and name:qualifier
TITLE = "title"  # a name specific to the type, such as that of a project or virtual machine
ADDRESS = "address"
LAYER = "layer"  # of a function
FORMER = "former"  # in a finding, but no longer in newer coverage of the same resource
COLLECTION = "collection"  # a repository or registry itself; its images have precedence

_STRENGTHS = {ID: 0, DIGEST: 1, LAYER: 3, FORMER: 3, COLLECTION: 3}
_NAME = 2
WEAKEST = 3
LONGEST = 1024  # maximum length of a name and of a query
Details = Mapping[str, Mapping[str, Any]]


class Name(NamedTuple):
    """One name of a resource, and its kind."""

    text: str
    kind: str


def strength(kind: str) -> int:
    """The precedence of a kind of name, 0 first: an ID before a digest, a digest before a name."""
    return _STRENGTHS.get(kind, _NAME)


def of_finding(resource_id: str, tags: Mapping[str, str], details: Details) -> frozenset[Name]:
    """Names of a finding's resource. Source: API reference, ResourceDetails (botocore 1.44.8)."""
    found = [*_of_id(resource_id), *_tagged(tags)]
    for key in ("awsEc2Instance", "vm"):
        found += _of_machine(details.get(key) or {})
    for key in ("awsEcrContainerImage", "image"):
        found += _of_image(details.get(key) or {})
    for key in ("awsLambdaFunction", "serverlessFunction"):
        found += _of_function(details.get(key) or {})
    machine_image = details.get("machineImage") or {}
    found += [Name(text, ID) for text in _texts(machine_image.get("machineImageId"))]
    found += _titles(
        machine_image.get("name"), (details.get("codeRepository") or {}).get("projectName")
    )
    return _kept(found)


def of_coverage(resource_id: str, tags: Mapping[str, str], metadata: Details) -> frozenset[Name]:
    """Names of a covered resource.

    Source: API reference, ResourceScanMetadata (botocore 1.44.8).
    """
    found = [*_of_id(resource_id), *_tagged(tags)]
    repository = _repository(resource_id) or _first(
        (metadata.get("ecrRepository") or {}).get("name")
    )
    for key, field in (("ecrImage", "tags"), ("containerImage", "imageTags")):
        if key in metadata and repository:
            found += _in_repository(repository, (metadata[key] or {}).get(field), ())
    for key in ("lambdaFunction", "serverlessFunction"):
        found += _of_function(metadata.get(key) or {})
    found += _titles((metadata.get("codeRepository") or {}).get("projectName"))
    for key in ("containerRepository", "containerRegistry"):
        found += [Name(text, COLLECTION) for text in _texts((metadata.get(key) or {}).get("name"))]
    return _kept(found)


def settled(tags: Mapping[str, str], metadata: Details) -> frozenset[str]:
    """The kinds of names that a row of coverage lists completely.

    Other names of these kinds, known from findings, are former names.
    """
    images = "tags" in (metadata.get("ecrImage") or {}) or "imageTags" in (
        metadata.get("containerImage") or {}
    )
    return frozenset(kind for kind, told in ((TAG, bool(tags)), (IMAGE, images)) if told)


def _kept(found: Sequence[Name]) -> frozenset[Name]:
    """Distinct names, stripped, without empty ones and those that are too long."""
    stripped = (Name(name.text.strip(), name.kind) for name in found)
    return frozenset(name for name in stripped if 0 < len(name.text) <= LONGEST)


def _of_id(resource_id: str) -> Iterator[Name]:
    """The ID and the names that it contains."""
    yield Name(resource_id, ID)
    if resource_id.lower().startswith(AZURE):
        yield Name(resource_id.lower(), ID)
    if image := ECR_IMAGE.fullmatch(resource_id):
        yield from _in_repository(image["repository"], (), (image["digest"],))
    elif repository := ECR_REPOSITORY.fullmatch(resource_id):
        yield Name(repository["repository"], COLLECTION)
    elif function := LAMBDA.fullmatch(resource_id):
        yield from _qualified(function["name"], function["qualifier"])
    elif "/" in resource_id and not resource_id.startswith("arn:"):
        yield Name(resource_id.rpartition("/")[2], TITLE)


def _tagged(tags: Mapping[str, str]) -> Iterator[Name]:
    return (Name(text, TAG) for text in _texts(tags.get("Name")))


def _titles(*values: Any) -> list[Name]:
    return [Name(text, TITLE) for value in values for text in _texts(value)]


def _of_machine(machine: Mapping[str, Any]) -> Iterator[Name]:
    yield from _titles(machine.get("vmName"))
    for field in ("ipV4Addresses", "ipV6Addresses"):
        for text in _texts(machine.get(field)):
            if address := address_of(text.strip()):
                yield Name(str(address), ADDRESS)


def _of_image(image: Mapping[str, Any]) -> Iterator[Name]:
    """An image's names in its repository, also with the registry in front if it is a host."""
    repository, registry = _first(image.get("repositoryName")), _first(image.get("registry"))
    digests = [*_texts(image.get("imageHash")), *_texts(image.get("imageDigest"))]
    for name in (repository, f"{registry}/{repository}" if "." in registry else ""):
        if name and repository:
            yield from _in_repository(name, image.get("imageTags"), digests)


def _in_repository(repository: str, tags: Any, digests: Sequence[str]) -> Iterator[Name]:
    yield Name(repository, REPOSITORY)
    for tag in _texts(tags):
        yield Name(f"{repository}:{tag}", IMAGE)
    for digest in digests:
        yield Name(digest.lower(), DIGEST)
        yield Name(f"{repository}@{digest.lower()}", DIGEST)


def _of_function(function: Mapping[str, Any]) -> Iterator[Name]:
    name = _first(function.get("functionName")) or _first(function.get("serverlessFunctionName"))
    if name:
        yield from _qualified(name, _first(function.get("version")))
    for layer in _texts(function.get("layers")):
        yield from _of_layer(layer)


def _qualified(name: str, qualifier: str | None) -> Iterator[Name]:
    yield Name(name, FUNCTION)
    if qualifier:
        yield Name(f"{name}:{qualifier}", FUNCTION)


def _of_layer(arn: str) -> Iterator[Name]:
    """A layer's ARN and name, each with and without its version."""
    if found := LAYER_ARN.fullmatch(arn):
        versioned = f":{found['version']}"
        for text in (arn, found["name"] + versioned):
            yield Name(text, LAYER)
            yield Name(text.removesuffix(versioned), LAYER)


def _texts(value: Any) -> Iterator[str]:
    """The strings of a list, or a single string; other values are ignored."""
    values = value if isinstance(value, list | tuple) else [value]
    return (text for text in values if isinstance(text, str) and text)


def _first(value: Any) -> str:
    return next(_texts(value), "")


def _repository(resource_id: str) -> str:
    found = ECR_IMAGE.fullmatch(resource_id)
    return found["repository"] if found else ""
