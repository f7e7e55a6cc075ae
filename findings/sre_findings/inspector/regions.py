"""AWS regions: those with Inspector, their partition, and the configured one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from sre_findings.inspector.credentials import Who, open_session
from sre_findings.model.errors import UsageError
from sre_findings.model.spelling import near
from sre_findings.model.text import joined, phrase


def check_region(region: str, known: Iterable[str]) -> str:
    """Returns the region if it is in ``known``; raises UsageError if not.

    Without this check, requests to a mistyped region would be retried for minutes, because its host
    name does not resolve.
    """
    regions = sorted(known)
    if region in regions:
        return region
    close = near(region, regions)
    raise UsageError(
        phrase("{!r} is not an AWS region with Inspector", region),
        do=(
            phrase("Did you mean {}?", joined(" or ", close))
            if close
            else phrase("Example: eu-west-1. A new region may need a newer boto3.")
        ),
    )


@functools.cache
def _plain_session() -> Any:
    """A session for botocore's static data. Cached, because loading the endpoints takes 30 ms.

    It has no profile: the data needs none, and the one of AWS_PROFILE may not exist.
    """
    import botocore.session

    return botocore.session.Session(session_vars={"profile": (None, None, None, None)})


def known_regions() -> list[str]:
    """Every region with Inspector, in all partitions, according to botocore."""
    session = _plain_session()
    partitions = session.get_available_partitions()
    return [r for p in partitions for r in session.get_available_regions("inspector2", p)]


def partition_of(region: str) -> str:
    """The partition of a region: aws, aws-cn, aws-us-gov. A snapshot covers one partition."""
    partition: str = _plain_session().get_partition_for_region(region)
    return partition


def configured_region(profile: Who, environ: Mapping[str, str]) -> str:
    """The region in the AWS settings. Raises UsageError if none is configured."""
    region = environ.get("AWS_REGION") or open_session(profile).get_config_variable("region")
    if not region:
        raise UsageError(
            phrase("no region is configured"), do=phrase("Use --region, or set AWS_REGION.")
        )
    return str(region)
