"""State shared by invocations, in DynamoDB: answered jobs, failures of a job, requests of a user.

Powertools provides idempotency. Counters are stored in the same table under separate keys, and
expire.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)
from botocore.config import Config

from sre_findings.aws_errors import sdk_errors
from sre_slack.job import InProgress, Job, NotRecorded

RETENTION = 3600  # seconds; a response_url is valid for half of that
RATE, WINDOW = 20, 60  # requests of a user in this many seconds
_QUICK = Config(
    connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3, "mode": "standard"}
)


class DynamoDBRecords:
    """Records in a table with the key ``id`` and the TTL attribute ``expiration``.

    Powertools expects these names.
    """

    def __init__(self, table: str, now: Callable[[], float] = time.time) -> None:
        import boto3

        self._now = now
        self._table = boto3.resource("dynamodb", config=_QUICK).Table(table)
        self._layer = DynamoDBPersistenceLayer(table_name=table, boto_config=_QUICK)
        self._config = IdempotencyConfig(
            event_key_jmespath="key",
            expires_after_seconds=RETENTION,
            raise_on_no_idempotency_key=True,
        )

    def begin(self, context: Any) -> None:
        """Registers Lambda's context; see Records."""
        self._config.register_lambda_context(context)

    def run_once(self, job: Job, work: Callable[[], str]) -> str:
        """Runs a job once; see Records.

        Raises InProgress while another invocation works on the job, so that Lambda retries.
        """

        def done(*, data: dict[str, Any]) -> str:  # noqa: ARG001 - Powertools reads the key
            return work()

        only_once = idempotent_function(
            data_keyword_argument="data", persistence_store=self._layer, config=self._config
        )(done)
        try:
            return str(only_once(data={"key": job.key}))
        except IdempotencyAlreadyInProgressError as error:
            raise InProgress("another invocation is working on this job") from error
        except IdempotencyPersistenceLayerError as error:
            raise NotRecorded("the table cannot be written") from error

    def count_failure(self, job: Job) -> int | None:
        """Counts a failure of this job; see Records."""
        try:
            return self._count(f"failures#{job.key}", RETENTION)
        except sdk_errors():
            return None

    def within_rate(self, job: Job) -> bool:
        """Counts a request; see Records. Returns True if requests cannot be counted."""
        try:
            return (
                self._count(f"asks#{job.team}/{job.user}#{int(self._now()) // WINDOW}", 2 * WINDOW)
                <= RATE
            )
        except sdk_errors():
            return True

    def _count(self, key: str, seconds: int) -> int:
        answer = self._table.update_item(
            Key={"id": key},
            UpdateExpression="ADD #n :one SET #e = :until",
            ExpressionAttributeNames={"#n": "count", "#e": "expiration"},
            ExpressionAttributeValues={":one": 1, ":until": int(self._now()) + seconds},
            ReturnValues="UPDATED_NEW",
        )
        return int(str(answer["Attributes"]["count"]))
