"""Counts a process's AWS requests: from PYTHONPATH, it appends a line of JSON to SRE_COUNT_INTO
when the process ends.

It counts requests and bytes by service and operation, including retries. Reads and writes of
DynamoDB are counted in its units: items in whole KB, the result of a query in whole 4 KB. Both
sizes are those of the JSON, which is a little longer than what AWS charges.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import botocore.client

_COUNTED: dict[str, dict[str, int]] = defaultdict(
    lambda: {"requests": 0, "sent": 0, "received": 0, "units": 0}
)
_LOCK = threading.Lock()


def _units(name: str, body: bytes, received: int) -> int:
    if name in ("BatchWriteItem", "PutItem", "TransactWriteItems"):
        items = list(_items(json.loads(body)))
        return sum(-(-len(json.dumps(item)) // 1024) for item in items)
    return (
        max(1, -(-received // 4096)) if name in ("Query", "GetItem", "BatchGetItem", "Scan") else 0
    )


def _items(found: Any) -> Any:
    if isinstance(found, dict):
        if "Item" in found:
            yield found["Item"]
        else:
            for value in found.values():
                yield from _items(value)
    elif isinstance(found, list):
        for value in found:
            yield from _items(value)


def _size(body: Any) -> int:
    if isinstance(body, bytes | str):
        return len(body)
    try:
        here = body.tell()
        size = body.seek(0, 2)
        body.seek(here)
    except (AttributeError, OSError):
        return 0
    return int(size)


def _sent(params: Any, context: Any, **_: Any) -> None:
    body = params.get("body", b"")
    context["counted"] = (_size(body), body if isinstance(body, bytes) else b"")


def _received(response_dict: Any, context: Any, **more: Any) -> None:
    _, service, name = more["event_name"].split(".")
    headers = (response_dict or {}).get("headers", {})
    received = int(headers.get("content-length", 0))
    sent, body = context.get("counted", (0, b""))
    with _LOCK:
        one = _COUNTED[f"{service}.{name}"]
        one["requests"] += 1
        one["sent"] += sent
        one["received"] += received
        one["units"] += _units(name, body, received) if service == "dynamodb" else 0


def _install() -> None:
    real = botocore.client.ClientCreator.create_client

    def create_client(self: Any, *arguments: Any, **options: Any) -> Any:
        client = real(self, *arguments, **options)
        client.meta.events.register("before-call", _sent)
        client.meta.events.register("response-received", _received)
        return client

    botocore.client.ClientCreator.create_client = create_client  # type: ignore[method-assign]  # that is the point


def _tell() -> None:
    with Path(os.environ["SRE_COUNT_INTO"]).open("a") as file:
        file.write(json.dumps(_COUNTED) + "\n")


if "SRE_COUNT_INTO" in os.environ:
    _install()
    atexit.register(_tell)
