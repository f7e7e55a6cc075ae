"""The names that a text may mean: the parsing of what a user typed.

Only what the format contains is used: nothing is guessed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple

from sre_findings.model.resources.addresses import address_of
from sre_findings.model.resources.name_formats import (
    AZURE,
    EC2,
    ECR_REPOSITORY,
    ECR_URI,
    HOST_NAME,
    LAMBDA,
    PARTIAL_LAMBDA,
    REGION,
    SHA256,
)
from sre_findings.model.resources.names import (
    ADDRESS,
    DIGEST,
    FORMER,
    FUNCTION,
    ID,
    IMAGE,
    LONGEST,
    REPOSITORY,
)
from sre_findings.model.resources.resource import Resource

ANY: frozenset[str] = frozenset()

_HOME = "us-east-1"  # its host names contain no region
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
}
_TYPE_SLASHES = 8  # maximum slashes in a type; Inspector's have two
_PLACE = re.compile(r"[^/:.@\s]*/[a-z0-9-]+")


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
    if text.lower().startswith(AZURE):
        yield Reading(text.lower(), frozenset({ID}))


def _address(text: str) -> Iterator[Reading]:
    if address := address_of(text.removeprefix("[").removesuffix("]")):
        yield Reading(str(address), frozenset({ADDRESS}))


def _host(text: str) -> Iterator[Reading]:
    """EC2's host names, which contain an address or an ID.

    Source: EC2 user guide, "Instance hostname types".
    """
    if not (found := HOST_NAME.fullmatch(text.lower())):
        return
    region = found["region"] or (_HOME if found["home"] else None)
    if found["id"]:
        yield Reading(found["id"], frozenset({ID}), region=region)
    elif address := address_of(found["address"].replace("-", ".")):
        yield Reading(str(ipaddress.ip_address(address)), frozenset({ADDRESS}), region=region)


def _arn(text: str) -> Iterator[Reading]:
    """ARNs that Inspector does not use as IDs, parsed into name and location."""
    if found := EC2.fullmatch(text):
        yield Reading(
            found["id"], frozenset({ID}), found["account"] or None, found["region"] or None
        )
    if found := LAMBDA.fullmatch(text) or PARTIAL_LAMBDA.fullmatch(text):
        name = f"{found['name']}:{found['qualifier']}" if found["qualifier"] else found["name"]
        yield Reading(
            name, frozenset({FUNCTION}), found["account"], found.groupdict().get("region")
        )
    if found := ECR_REPOSITORY.fullmatch(text):
        yield Reading(
            found["repository"], frozenset({REPOSITORY}), found["account"], found["region"]
        )


def _uri(text: str) -> Iterator[Reading]:
    """An ECR image as docker pulls it.

    Without a tag and digest it means the repository, not a default tag.
    """
    if found := ECR_URI.fullmatch(text):
        name, at, digest = found["name"].partition("@")
        reading = Reading(
            name, frozenset({IMAGE, FORMER, REPOSITORY}), found["account"], found["region"]
        )
        yield reading._replace(name=_at(name, digest), kinds=frozenset({DIGEST})) if at else reading


def _digest(text: str) -> Iterator[Reading]:
    """``sha256:…`` and ``name@sha256:…``, in any case. A tag before a digest is ignored."""
    name, at, digest = text.rpartition("@")
    if SHA256.fullmatch(digest):
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
            return found.name, found.region if REGION.fullmatch(found.region or "") else None
    if (function := LAMBDA.fullmatch(typed)) and not function["qualifier"]:
        return f"{typed}:$LATEST", _region_of(typed)
    if image := ECR_URI.fullmatch(typed):
        name, at, digest = image["name"].partition("@")
        if at and SHA256.fullmatch(digest):
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
        parts[3] if len(parts) == 6 and parts[0] == "arn" and REGION.fullmatch(parts[3]) else None
    )
