"""The one seam where errors of the AWS SDK become ours, for services that keep or read the store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sre_findings.model.errors import AccessDenied, CredentialsInvalid, StoreUnreadable

_DENIED = ("AccessDeniedException", "AccessDenied")
_CREDENTIALS = ("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException")


@contextlib.contextmanager
def mapped(doing: str, *, do: str) -> Iterator[None]:
    """AccessDenied, CredentialsInvalid, or StoreUnreadable for all else, each saying what was being done."""
    import botocore.exceptions as theirs  # noqa: PLC0415 - 120 ms, only for those who call AWS

    try:
        yield
    except theirs.NoCredentialsError as error:
        raise CredentialsInvalid(doing, why=str(error), do="Run: aws configure sso, or set AWS_PROFILE.") from error
    except theirs.ClientError as error:
        answer: Any = error.response
        code, message = answer["Error"].get("Code", ""), answer["Error"].get("Message") or str(error)
        kind = AccessDenied if code in _DENIED else CredentialsInvalid if code in _CREDENTIALS else StoreUnreadable
        raise kind(doing, why=message, do=do) from error
    except theirs.BotoCoreError as error:
        raise StoreUnreadable(doing, why=str(error).splitlines()[0], do=do) from error


def connect(service: Any, region: str | None) -> Any:
    """A client with time-outs and the SDK's standard retries. ``Any``: boto3's own types know services by literal names."""
    import boto3  # noqa: PLC0415
    import botocore.config  # noqa: PLC0415

    config = botocore.config.Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})
    return boto3.client(service, region_name=region, config=config)
