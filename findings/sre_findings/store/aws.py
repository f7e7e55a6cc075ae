"""AWS clients for the store, with region, timeouts and retries."""

from __future__ import annotations

import os
from typing import Any


def home_region() -> str | None:
    """Returns the region in ``AWS_REGION``, or None to leave the choice to boto3.

    The AWS CLI reads this variable, but boto3 does not.
    """
    return os.environ.get("AWS_REGION") or None


def connect(service: Any, region: str | None) -> Any:
    """Returns a boto3 client with timeouts and standard retries.

    The type is ``Any`` because boto3's type stubs identify services by literal names.
    """
    import boto3
    import botocore.config

    config = botocore.config.Config(
        connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
    )
    return boto3.client(service, region_name=region or home_region(), config=config)
