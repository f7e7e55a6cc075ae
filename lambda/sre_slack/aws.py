"""One signed POST to an AWS service: botocore signs it, the standard library sends it.

botocore's client is not used: on a small function its import takes twice the time that Slack's
limit of three seconds leaves.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from sre_findings.model.errors import CredentialsInvalid, Unreachable

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

_LARGEST = 1 << 20  # bytes of a response that are read


class Keys(NamedTuple):
    """Credentials with the attributes of botocore's ReadOnlyCredentials.

    The module of that class takes 15 ms to import.
    """

    access_key: str
    secret_key: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """An AWS service: its name in hosts and signatures, and how long to wait for it."""

    name: str
    variable: str  # suffix of AWS_ENDPOINT_URL_…
    timeout: float  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: its status and at most 1 MiB of its body."""

    status: int
    body: bytes


def post(
    service: Service, path: str, headers: Mapping[str, str], body: bytes, environ: Mapping[str, str]
) -> Answer:
    """Sends a signed POST and returns the response, whatever its status.

    Raises CredentialsInvalid without credentials or a region, Unreachable without a response.
    """
    keys, region = _identity(environ)
    url = _base(service, region, environ) + path
    sent = _signed(AWSRequest("POST", url, dict(headers), body), keys, service, region)
    place = urlsplit(url)
    connection = _connection(place.scheme, place.netloc, service.timeout)
    try:
        connection.request(
            "POST", f"{place.path}?{place.query}" if place.query else place.path, body, sent
        )
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(_LARGEST))
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(
            f"no response from AWS for {service.name}", why=str(error) or type(error).__name__
        ) from error
    finally:
        connection.close()


def _signed(request: AWSRequest, keys: Keys, service: Service, region: str) -> dict[str, str]:
    SigV4Auth(cast("ReadOnlyCredentials", keys), service.name, region).add_auth(request)
    return dict(request.headers.items())


def _identity(environ: Mapping[str, str]) -> tuple[Keys, str]:
    """Returns credentials and region: from the environment on Lambda, otherwise from boto3."""
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", "")
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key, secret, session = (environ.get(name, "") for name in names)
    return (Keys(key, secret, session or None), region) if key and region else _found(region)


def _found(region: str) -> tuple[Keys, str]:
    """Returns credentials of a profile, of single sign-on or of a container's role."""
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session()
        found, region = session.get_credentials(), region or session.region_name or ""
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError as error:
        raise CredentialsInvalid("the AWS credentials cannot be used", why=str(error)) from error
    if frozen is None or not frozen.access_key or not frozen.secret_key or not region:
        raise CredentialsInvalid(
            "AWS credentials or region are missing", do="Set AWS_PROFILE and AWS_REGION."
        )
    return Keys(frozen.access_key, frozen.secret_key, frozen.token), region


def _base(service: Service, region: str, environ: Mapping[str, str]) -> str:
    named = environ.get(f"AWS_ENDPOINT_URL_{service.variable}") or environ.get("AWS_ENDPOINT_URL")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return (named or f"https://{service.name}.{region}.{suffix}").rstrip("/")


def _connection(scheme: str, host: str, timeout: float) -> http.client.HTTPConnection:
    if scheme == "http":  # a test server on localhost
        return http.client.HTTPConnection(host, timeout=timeout)
    return http.client.HTTPSConnection(host, timeout=timeout, context=ssl.create_default_context())
