"""The one seam where errors of the AWS SDK become ours, for services that keep or read the
store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from sre_findings.model.errors import AccessDenied, CredentialsInvalid, StoreUnreadable
from sre_findings.model.permission import action_of, missing

# S3 has no words for a HEAD that it refuses
DENIED = ("AccessDeniedException", "AccessDenied", "403")
_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
)


@contextlib.contextmanager
def mapped(doing: str, *, do: str) -> Iterator[None]:
    """AccessDenied, CredentialsInvalid, or StoreUnreadable for all else, each saying what was being
    done."""
    import botocore.exceptions as theirs

    try:
        yield
    except theirs.NoCredentialsError as error:
        raise CredentialsInvalid(
            doing, why=str(error), do="Run: aws configure sso, or set AWS_PROFILE."
        ) from error
    except theirs.ClientError as error:
        answer: Any = error.response
        code, message = (
            answer["Error"].get("Code", ""),
            answer["Error"].get("Message") or str(error),
        )
        kind = (
            AccessDenied
            if code in DENIED
            else CredentialsInvalid
            if code in _CREDENTIALS
            else StoreUnreadable
        )
        raise kind(doing, why=message, do=allow(error) or do) from error
    except theirs.BotoCoreError as error:
        raise StoreUnreadable(doing, why=str(error).splitlines()[0], do=do) from error


def allow(error: Any, service: str = "", resource: str = "*") -> str:
    """What to do about a denial: the permission by name, and the line of policy that gives it.
    Empty where it is none.

    ``service`` and ``resource`` are told where the service's own words may not name them.
    """
    answer = error.response["Error"]
    if answer.get("Code") not in DENIED:
        return ""
    message, action = str(answer.get("Message", "")), action_of(service, error.operation_name)
    found = missing(message, action, resource)
    return found.remedy if found.action.partition(":")[0] else ""


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
