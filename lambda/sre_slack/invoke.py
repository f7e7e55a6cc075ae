"""The function's call of itself, without waiting for the answer: one signed POST.

boto3 is not imported for it: that takes longer than all the rest, and Slack waits for three seconds, on a small function too.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from sre_findings.model.errors import AccessDenied, SreError, Throttled, Unreachable
from sre_slack.job import Job
from sre_slack.sigv4 import Keys, Place, signed

_TIMEOUT = 1.5  # seconds: what is left of Slack's three must do for the way back
ACCEPTED = 202


def invoke_self(job: Job, environ: Mapping[str, str] = os.environ) -> None:
    """Hands the job to another invocation of this function. Raises SreError where Lambda does not take it."""
    region, name = environ["AWS_REGION"], environ["AWS_LAMBDA_FUNCTION_NAME"]
    base = environ.get("AWS_ENDPOINT_URL_LAMBDA") or environ.get("AWS_ENDPOINT_URL") or f"https://lambda.{region}.amazonaws.com"
    version = environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
    url = f"{base.rstrip('/')}/2015-03-31/functions/{quote(name, safe='')}/invocations?Qualifier={quote(version, safe='')}"
    body = json.dumps(job.to_json(), separators=(",", ":")).encode()
    status = _post(url, _signed(url, body, region, environ), body)
    if status != ACCEPTED:
        raise _refused(status)


def _signed(url: str, body: bytes, region: str, environ: Mapping[str, str]) -> dict[str, str]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    keys = Keys(*(environ.get(name, "") for name in names))
    headers = {"Content-Type": "application/json", "X-Amz-Invocation-Type": "Event"}
    return signed(url, body, headers, keys, Place(region, "lambda"), datetime.now(UTC))


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    place = urlsplit(url)
    if place.scheme == "http":  # a stand-in on the loopback
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT)
    else:
        secure = ssl.create_default_context()
        connection = http.client.HTTPSConnection(place.hostname or "", place.port, timeout=_TIMEOUT, context=secure)
    try:
        connection.request("POST", f"{place.path}?{place.query}", body, dict(headers))
        answer = connection.getresponse()
        answer.read(1 << 16)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable("Lambda does not answer", why=str(error) or type(error).__name__) from error
    finally:
        connection.close()
    return answer.status


def _refused(status: int) -> SreError:
    if status in (http.client.FORBIDDEN, http.client.UNAUTHORIZED):
        return AccessDenied("the function may not invoke itself", do="Allow lambda:InvokeFunction on itself to its role.")
    if status == http.client.TOO_MANY_REQUESTS:
        return Throttled("Lambda is asked too often", do="Raise the function's concurrency.")
    return Unreachable(f"Lambda answered {status}")
