"""Tables of DynamoDB in an emulator."""

from __future__ import annotations

from typing import Any

import boto3


def create_table(
    name: str, keys: tuple[str, ...] = ("pk", "sk"), endpoint: str | None = None
) -> None:
    """Creates a table with a partition key of type text, and a sort key if there are two keys."""
    schema: Any = [
        {"AttributeName": key, "KeyType": kind}
        for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
    kinds: Any = [{"AttributeName": key, "AttributeType": "S"} for key in keys]
    boto3.client("dynamodb", endpoint_url=endpoint).create_table(
        TableName=name,
        KeySchema=schema,
        AttributeDefinitions=kinds,
        BillingMode="PAY_PER_REQUEST",
    )
