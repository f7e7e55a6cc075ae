"""A slash command's handler as commonly written: its own HMAC, and boto3's client to invoke
itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from typing import Any
from urllib.parse import parse_qs

import boto3

client = boto3.client("lambda")


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Checks the signature, invokes itself, and acknowledges."""
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    stamp, given = (
        event["headers"]["x-slack-request-timestamp"],
        event["headers"]["x-slack-signature"],
    )
    key = os.environ["SRE_SLACK_SIGNING_SECRET"].encode()
    digest = hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={digest}", given):
        return {"statusCode": 401}
    job = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(job).encode())
    said = json.dumps({"response_type": "ephemeral", "text": f"Checking {job.get('text', '')} …"})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": said}
