"""One signed POST to a service of AWS: botocore signs it, and the standard library sends it.

botocore's own client is not used, for it takes twice the time to import that Slack's three seconds
leave on a small function.
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

_LARGEST = 1 << 20  # bytes of an answer


class Keys(NamedTuple):
    """Credentials, as botocore's ReadOnlyCredentials has them: its module takes 15 ms to import,
    and nothing of it is needed."""

    access_key: str
    secret_key: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its name in hosts and signatures, and the seconds that it is waited for."""

    name: str
    variable: str  # AWS_ENDPOINT_URL_…
    timeout: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


def post(
    service: Service, path: str, headers: Mapping[str, str], body: bytes, environ: Mapping[str, str]
) -> Answer:
    """As whoever the credentials are of. Raises CredentialsInvalid without any, Unreachable where
    nothing comes back."""
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
            f"AWS does not answer for {service.name}", why=str(error) or type(error).__name__
        ) from error
    finally:
        connection.close()


def _signed(request: AWSRequest, keys: Keys, service: Service, region: str) -> dict[str, str]:
    SigV4Auth(cast("ReadOnlyCredentials", keys), service.name, region).add_auth(request)
    return dict(request.headers.items())


def _identity(environ: Mapping[str, str]) -> tuple[Keys, str]:
    """Credentials and region: Lambda has both in its environment, anywhere else boto3 finds
    them."""
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", "")
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key, secret, session = (environ.get(name, "") for name in names)
    return (Keys(key, secret, session or None), region) if key and region else _found(region)


def _found(region: str) -> tuple[Keys, str]:
    """What profiles, single sign-on or a container's role tell."""
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session()
        found, region = session.get_credentials(), region or session.region_name or ""
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError as error:
        raise CredentialsInvalid("AWS's credentials cannot be used", why=str(error)) from error
    if frozen is None or not frozen.access_key or not frozen.secret_key or not region:
        raise CredentialsInvalid(
            "no credentials or no region of AWS are set", do="Set AWS_PROFILE and AWS_REGION."
        )
    return Keys(frozen.access_key, frozen.secret_key, frozen.token), region


def _base(service: Service, region: str, environ: Mapping[str, str]) -> str:
    named = environ.get(f"AWS_ENDPOINT_URL_{service.variable}") or environ.get("AWS_ENDPOINT_URL")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return (named or f"https://{service.name}.{region}.{suffix}").rstrip("/")


def _connection(scheme: str, host: str, timeout: float) -> http.client.HTTPConnection:
    if scheme == "http":  # a stand-in on the loopback
        return http.client.HTTPConnection(host, timeout=timeout)
    return http.client.HTTPSConnection(host, timeout=timeout, context=ssl.create_default_context())
