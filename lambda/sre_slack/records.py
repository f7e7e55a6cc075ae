"""What invocations tell each other, in DynamoDB: which job was answered, how often one failed, how
much somebody asks.

Idempotency is Powertools'. Counters lie in the same table, under keys of their own, and expire by
themselves.
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
from botocore.exceptions import BotoCoreError, ClientError

from sre_slack.job import InProgress, Job, NotRecorded

KEPT = 3600  # seconds: Slack's addresses live for half of that
RATE, WINDOW = 20, 60  # questions of a person in so many seconds
_QUICK = Config(
    connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3, "mode": "standard"}
)


class DynamoDBRecords:
    """Records in a table with the key ``id`` and the expiry ``expiration``, as Powertools makes
    it."""

    def __init__(self, table: str, now: Callable[[], float] = time.time) -> None:
        import boto3

        self._now = now
        self._table = boto3.resource("dynamodb", config=_QUICK).Table(table)
        self._layer = DynamoDBPersistenceLayer(table_name=table, boto_config=_QUICK)
        self._config = IdempotencyConfig(
            event_key_jmespath="key", expires_after_seconds=KEPT, raise_on_no_idempotency_key=True
        )

    def begin(self, context: Any) -> None:
        """See Records."""
        self._config.register_lambda_context(context)

    def once(self, job: Job, work: Callable[[], str]) -> str:
        """See Records. One that works at the same moment makes this one fail, so that Lambda comes
        back for the result."""

        def done(*, data: dict[str, Any]) -> str:  # noqa: ARG001 - the key is in it
            return work()

        only_once = idempotent_function(
            data_keyword_argument="data", persistence_store=self._layer, config=self._config
        )(done)
        try:
            return str(only_once(data={"key": job.key}))
        except IdempotencyAlreadyInProgressError as error:
            raise InProgress("another invocation is at it") from error
        except IdempotencyPersistenceLayerError as error:
            raise NotRecorded("the table cannot be written") from error

    def failures(self, job: Job) -> int | None:
        """See Records."""
        try:
            return self._count(f"failures#{job.key}", KEPT)
        except (BotoCoreError, ClientError):
            return None

    def asks(self, job: Job) -> bool:
        """See Records. Where it cannot be counted nobody is held up."""
        try:
            return (
                self._count(f"asks#{job.team}/{job.user}#{int(self._now()) // WINDOW}", 2 * WINDOW)
                <= RATE
            )
        except (BotoCoreError, ClientError):
            return True

    def _count(self, key: str, kept: int) -> int:
        answer = self._table.update_item(
            Key={"id": key},
            UpdateExpression="ADD #n :one SET #e = :until",
            ExpressionAttributeNames={"#n": "count", "#e": "expiration"},
            ExpressionAttributeValues={":one": 1, ":until": int(self._now()) + kept},
            ReturnValues="UPDATED_NEW",
        )
        return int(str(answer["Attributes"]["count"]))
