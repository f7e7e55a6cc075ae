"""The function's entry: a request from outside is acknowledged, a job of ours is worked on.

Nothing that takes time to import is imported for the first; see tests/slack/test_start.py.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from sre_slack.front import Front
from sre_slack.invocation import invoke_self
from sre_slack.job import Job, is_job
from sre_slack.secrets import Keeper

if TYPE_CHECKING:
    from sre_slack.worker import Worker

_KEEPER = Keeper()
_FRONT = Front(_KEEPER, invoke_self)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""
    if is_job(event):
        return {"outcome": _worker().work(Job.from_json(event), context)}
    return _FRONT.answer(event)


@functools.cache
def _worker() -> Worker:
    from sre_slack.channels import not_shareable
    from sre_slack.records import DynamoDBRecords
    from sre_slack.worker import Worker

    # without one the asker reads that nothing can be written
    table = os.environ.get("SRE_SLACK_TABLE", "")
    return Worker(_KEEPER, DynamoDBRecords(table), not_shareable)
