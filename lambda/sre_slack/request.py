"""What API Gateway hands over, in either of its two forms, as one HTTP request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# bytes of a body: Slack's commands take a few hundred, its interactions some thousands
LARGEST = 64 * 1024


class Malformed(Exception):
    """The request is none that Slack sends. The message says why, for the log."""


@dataclass(frozen=True, slots=True)
class Request:
    """Method and path in their form, header names in lower case, and the body's bytes as they were
    signed."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def request_of(event: Mapping[str, Any]) -> Request:
    """The request of an event of version 1.0 or 2.0. Raises Malformed for anything else, and for a
    body that is too long."""
    try:
        method, path = _line(event)
        headers = {
            str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()
        }
        body = _body(event.get("body") or "", encoded=bool(event.get("isBase64Encoded")))
    except (AttributeError, KeyError, TypeError) as error:
        raise Malformed("the event has not the form of API Gateway") from error
    if len(body) > LARGEST:
        raise Malformed(f"a body of {len(body)} bytes")
    return Request(method.upper(), path, headers, body)


def _line(event: Mapping[str, Any]) -> tuple[str, str]:
    """Method and path; version 2.0 has them within ``requestContext``."""
    if "httpMethod" in event:
        return str(event["httpMethod"]), str(event["path"])
    http = event["requestContext"]["http"]
    return str(http["method"]), str(event.get("rawPath") or http["path"])


def _body(text: object, *, encoded: bool) -> bytes:
    if not isinstance(text, str):
        raise Malformed("a body that is no text")
    if len(text) > 2 * LARGEST:
        raise Malformed(f"a body of {len(text)} characters")
    try:
        return base64.b64decode(text, validate=True) if encoded else text.encode()
    except (binascii.Error, ValueError) as error:  # halves of surrogate pairs are no UTF-8
        raise Malformed("a body that cannot be decoded") from error
