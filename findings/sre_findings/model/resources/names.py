"""The names by which a resource can be found, and the parsing of what a user typed.

docs/resources.md lists the formats. A scan stores the names of every resource that it saw
(:func:`of_finding`, :func:`of_coverage`); a query is parsed into the names that it may mean
(:func:`readings`). Only what the format contains is used: nothing is guessed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sre_findings.model.resources.addresses import address_of
from sre_findings.model.resources.resource import Resource

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
ANY: frozenset[str] = frozenset()

LONGEST = 1024  # maximum length of a name and of a query
Details = Mapping[str, Mapping[str, Any]]


class Name(NamedTuple):
    """One name of a resource, and its kind."""

    text: str
    kind: str


class Reading(NamedTuple):
    """A name that a text may mean, and the parts of the resource's location in the text.

    ``kinds`` is ``ANY`` if the text does not determine the kind.
    """

    name: str
    kinds: frozenset[str] = ANY
    account_id: str | None = None
    region: str | None = None
    resource_type: str | None = None

    def fits(self, kind: str, place: Resource) -> bool:
        """Whether the text means a resource that has this name under ``kind``."""
        return (
            (not self.kinds or kind in self.kinds)
            and self.account_id in (None, place.account_id)
            and self.region in (None, place.region)
            and self.resource_type in (None, place.resource_type)
        )


def strength(kind: str) -> int:
    """The precedence of a kind of name, 0 first: an ID before a digest, a digest before a name."""
    return _STRENGTHS.get(kind, _NAME)


# Names of a resource.


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
    if resource_id.lower().startswith(_AZURE):
        yield Name(resource_id.lower(), ID)
    if image := _ECR_IMAGE.fullmatch(resource_id):
        yield from _in_repository(image["repository"], (), (image["digest"],))
    elif repository := _ECR_REPOSITORY.fullmatch(resource_id):
        yield Name(repository["repository"], COLLECTION)
    elif function := _LAMBDA.fullmatch(resource_id):
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
    if found := _LAYER.fullmatch(arn):
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
    found = _ECR_IMAGE.fullmatch(resource_id)
    return found["repository"] if found else ""


# Meanings of a text.


def readings(text: str) -> list[Reading]:
    """Everything that a text may mean, the literal text first; empty if it is empty or too long."""
    typed = text.strip()
    if not 0 < len(typed) <= LONGEST:
        return []
    found = [
        Reading(typed),
        *_azure(typed),
        *_address(typed),
        *_host(typed),
        *_arn(typed),
        *_uri(typed),
        *_digest(typed),
    ]
    return list(dict.fromkeys([*found, *_placed(typed)]))


def _azure(text: str) -> Iterator[Reading]:
    """Azure's IDs are case-insensitive."""
    if text.lower().startswith(_AZURE):
        yield Reading(text.lower(), frozenset({ID}))


def _address(text: str) -> Iterator[Reading]:
    if address := address_of(text.removeprefix("[").removesuffix("]")):
        yield Reading(str(address), frozenset({ADDRESS}))


def _host(text: str) -> Iterator[Reading]:
    """EC2's host names, which contain an address or an ID.

    Source: EC2 user guide, "Instance hostname types".
    """
    if not (found := _HOST.fullmatch(text.lower())):
        return
    region = found["region"] or (_HOME if found["home"] else None)
    if found["id"]:
        yield Reading(found["id"], frozenset({ID}), region=region)
    elif address := address_of(found["address"].replace("-", ".")):
        yield Reading(str(ipaddress.ip_address(address)), frozenset({ADDRESS}), region=region)


def _arn(text: str) -> Iterator[Reading]:
    """ARNs that Inspector does not use as IDs, parsed into name and location."""
    if found := _EC2.fullmatch(text):
        yield Reading(
            found["id"], frozenset({ID}), found["account"] or None, found["region"] or None
        )
    if found := _LAMBDA.fullmatch(text) or _PARTIAL_LAMBDA.fullmatch(text):
        name = f"{found['name']}:{found['qualifier']}" if found["qualifier"] else found["name"]
        yield Reading(
            name, frozenset({FUNCTION}), found["account"], found.groupdict().get("region")
        )
    if found := _ECR_REPOSITORY.fullmatch(text):
        yield Reading(
            found["repository"], frozenset({REPOSITORY}), found["account"], found["region"]
        )


def _uri(text: str) -> Iterator[Reading]:
    """An ECR image as docker pulls it.

    Without a tag and digest it means the repository, not a default tag.
    """
    if found := _ECR_URI.fullmatch(text):
        name, at, digest = found["name"].partition("@")
        reading = Reading(
            name, frozenset({IMAGE, FORMER, REPOSITORY}), found["account"], found["region"]
        )
        yield reading._replace(name=_at(name, digest), kinds=frozenset({DIGEST})) if at else reading


def _digest(text: str) -> Iterator[Reading]:
    """``sha256:…`` and ``name@sha256:…``, in any case. A tag before a digest is ignored."""
    name, at, digest = text.rpartition("@")
    if _SHA256.fullmatch(digest):
        yield Reading(_at(name, digest) if at else digest.lower(), frozenset({DIGEST}))


def _at(name: str, digest: str) -> str:
    """``repository@digest`` from a name that may have a tag.

    The port of a registry is not a tag: a ``/`` follows it.
    """
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}@{digest.lower()}"


def _placed(text: str) -> Iterator[Reading]:
    """``account/region/type/id``, the format for candidates whose ID is not unique.

    A type may contain slashes.
    """
    account, _, rest = text.partition("/")
    region, _, rest = rest.partition("/")
    cuts = [place for place, letter in enumerate(rest) if letter == "/"][:_TYPE_SLASHES]
    if _PLACE.fullmatch(f"{account}/{region}"):
        yield from (
            Reading(rest[cut + 1 :], frozenset({ID}), account, region, rest[:cut]) for cut in cuts
        )


def placed(one: Resource) -> str:
    """The text that means this resource only, even if several have its ID."""
    return f"{one.account_id}/{one.region}/{one.resource_type}/{one.resource_id.strip()}"


def inspectors_id(text: str) -> tuple[str, str | None]:
    """The ID that Inspector uses for a resource that a text names, and the region in the text.

    Returns another ID than the text itself only if the format determines it: an instance's ARN or
    host name, a function's ARN without a qualifier, an image's address with its digest.
    """
    typed = text.strip()
    for found in (*_arn(typed), *_host(typed)):
        if found.kinds == {ID}:
            return found.name, found.region if _REGION.fullmatch(found.region or "") else None
    if (function := _LAMBDA.fullmatch(typed)) and not function["qualifier"]:
        return f"{typed}:$LATEST", _region_of(typed)
    if image := _ECR_URI.fullmatch(typed):
        name, at, digest = image["name"].partition("@")
        if at and _SHA256.fullmatch(digest):
            repository, _, sha = _at(name, digest).partition("@")
            place = f"{_partition(image['region'])}:ecr:{image['region']}:{image['account']}"
            arn = f"arn:{place}:repository/{repository}/{sha}"
            return arn, _region_of(arn)
    return typed, _region_of(typed)


def _partition(region: str) -> str:
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def _region_of(arn: str) -> str | None:
    """The region in an ARN; None for other texts."""
    parts = arn.split(":", 5)
    return (
        parts[3] if len(parts) == 6 and parts[0] == "arn" and _REGION.fullmatch(parts[3]) else None
    )


_AZURE = "/subscriptions/"
_HOME = "us-east-1"  # its host names contain no region
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
}
_TYPE_SLASHES = 8  # maximum slashes in a type; Inspector's have two
_ARN = r"arn:aws[a-z-]*"
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}", re.IGNORECASE)
_EC2 = re.compile(
    _ARN
    + r":ec2:(?P<region>[a-z0-9-]*):(?P<account>\d*):(?:instance|image)/(?P<id>[a-z]+-[0-9a-f]+)"
)
_ECR_REPOSITORY = re.compile(
    _ARN + r":ecr:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):repository/(?P<repository>[^:@\s]+)"
)
_ECR_IMAGE = re.compile(_ECR_REPOSITORY.pattern + r"/(?P<digest>sha256:[0-9a-f]+)")
_FUNCTION = r":function:(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>[A-Za-z0-9$_-]+))?"
_LAMBDA = re.compile(_ARN + r":lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12})" + _FUNCTION)
_PARTIAL_LAMBDA = re.compile(r"(?P<account>\d{12})" + _FUNCTION)
_LAYER = re.compile(
    _ARN + r":lambda:[a-z0-9-]+:\d{12}:layer:(?P<name>[A-Za-z0-9_-]+):(?P<version>\d+)"
)
_ECR_URI = re.compile(
    r"(?:https?://)?(?P<account>\d{12})\.dkr(?:\.ecr(?:-fips)?|-ecr(?:-fips)?)\.(?P<region>[a-z0-9-]+)"
    r"\.(?:amazonaws\.com(?:\.cn)?|on\.(?:aws|amazonwebservices\.com\.cn))/(?P<name>\S+)"
)
_HOST = re.compile(
    r"(?:(?:ip|ec2)-(?P<address>\d{1,3}(?:-\d{1,3}){3})|(?P<id>i-[0-9a-f]+))"
    r"(?:(?P<home>\.ec2\.internal|\.compute-1\.amazonaws\.com)"
    r"|\.(?P<region>[a-z0-9-]+)\.compute\.(?:internal|amazonaws\.com(?:\.cn)?))?\.?"
)
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d{1,2}")
_PLACE = re.compile(r"[^/:.@\s]*/[a-z0-9-]+")
