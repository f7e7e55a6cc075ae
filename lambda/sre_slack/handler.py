"""The entry point of the function.

It acknowledges requests from Slack, and works on jobs that it sent to itself. The acknowledgement
imports nothing slow; see tests/slack/test_cold_start.py.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from sre_slack.invocation import invoke_self
from sre_slack.job import Job, is_job
from sre_slack.request_handler import RequestHandler
from sre_slack.secrets import SecretCache

if TYPE_CHECKING:
    from sre_slack.worker import Worker

_SECRETS = SecretCache()
_REQUESTS = RequestHandler(_SECRETS, invoke_self)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Returns the response for API Gateway, or for a job its outcome.

    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    """
    if is_job(event):
        return {"outcome": _worker().work(Job.from_json(event), context)}
    return _REQUESTS.answer(event)


@functools.cache
def _worker() -> Worker:
    from sre_slack.channels import not_shareable
    from sre_slack.records import DynamoDBRecords
    from sre_slack.worker import Worker

    # Without a table, the user gets a message that the job cannot be recorded.
    table = os.environ.get("SRE_SLACK_TABLE", "")
    return Worker(_SECRETS, DynamoDBRecords(table), not_shareable)
