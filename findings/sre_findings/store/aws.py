"""Clients of AWS services for the store: region, time-outs and retries."""

from __future__ import annotations

import os
from typing import Any


def home_region() -> str | None:
    """The region that AWS_REGION names, as the AWS CLI reads it and the SDK for Python does not;
    None leaves it to the SDK."""
    return os.environ.get("AWS_REGION") or None


def connect(service: Any, region: str | None) -> Any:
    """A client with time-outs and the SDK's standard retries. ``Any``: boto3's own types know
    services by literal names."""
    import boto3
    import botocore.config

    config = botocore.config.Config(
        connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
    )
    return boto3.client(service, region_name=region or home_region(), config=config)
