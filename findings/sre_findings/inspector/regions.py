"""Regions: which exist, which are configured, which an account uses."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from sre_findings.inspector.credentials import Who, open_session
from sre_findings.model.errors import UsageError
from sre_findings.model.spelling import near


def check_region(region: str, known: Iterable[str]) -> str:
    """The region, if AWS has it. A mistyped one would otherwise be a name that never resolves,
    retried for minutes."""
    regions = sorted(known)
    if region in regions:
        return region
    close = near(region, regions)
    raise UsageError(
        f"{region!r} is not an AWS region with Inspector",
        do=f"Did you mean {' or '.join(close)}?"
        if close
        else "Example: eu-west-1. A new region may need a newer boto3.",
    )


@functools.cache
def _plain_session() -> Any:
    """A session for what botocore knows by itself: reading its endpoints takes 30 ms each time."""
    import botocore.session

    return botocore.session.get_session()


def known_regions() -> list[str]:
    """Every region where Inspector exists, in all partitions, as botocore knows them."""
    session = _plain_session()
    partitions = session.get_available_partitions()
    return [r for p in partitions for r in session.get_available_regions("inspector2", p)]


def partition_of(region: str) -> str:
    """The partition of a region: aws, aws-cn, aws-us-gov. One snapshot holds one."""
    partition: str = _plain_session().get_partition_for_region(region)
    return partition


def configured_region(profile: Who, environ: Mapping[str, str]) -> str:
    """The region of the AWS settings. Raises UsageError without one."""
    region = environ.get("AWS_REGION") or open_session(profile).get_config_variable("region")
    if not region:
        raise UsageError("no region is configured", do="Use --region, or set AWS_REGION.")
    return str(region)
