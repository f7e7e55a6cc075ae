"""The asynchronous invocation of the function by itself: one signed POST.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from urllib.parse import quote

from sre_findings.model.errors import AccessDenied, SreError, Throttled, Unreachable
from sre_slack.aws import Service, post
from sre_slack.job import Job

# 1.5 of Slack's three seconds. The rest is for the response to Slack.
_LAMBDA = Service("lambda", "LAMBDA", 1.5)


def invoke_self(job: Job, environ: Mapping[str, str] = os.environ) -> None:
    """Passes the job to another invocation of this function. Raises SreError if Lambda refuses."""
    name, version = (
        environ["AWS_LAMBDA_FUNCTION_NAME"],
        environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    )
    function, qualifier = quote(name, safe=""), quote(version, safe="")
    path = f"/2015-03-31/functions/{function}/invocations?Qualifier={qualifier}"
    headers = {"Content-Type": "application/json", "X-Amz-Invocation-Type": "Event"}
    body = json.dumps(job.to_json(), separators=(",", ":")).encode()
    answer = post(_LAMBDA, path, headers, body, environ)
    if answer.status != http.client.ACCEPTED:
        raise _refused(answer.status)


def _refused(status: int) -> SreError:
    if status in (http.client.FORBIDDEN, http.client.UNAUTHORIZED):
        return AccessDenied(
            "the function may not invoke itself",
            do="Allow lambda:InvokeFunction on the function for its role.",
        )
    if status == http.client.TOO_MANY_REQUESTS:
        return Throttled("Lambda throttles invocations", do="Raise the function's concurrency.")
    return Unreachable(f"Lambda answered {status}")
