"""HTTP requests from events of API Gateway, in payload format 1.0 or 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Bytes of a body. Slack's commands take a few hundred, its interactions a few thousand.
LARGEST = 64 * 1024


class Malformed(Exception):
    """The request cannot come from Slack. The message is the reason, for the log."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request: method in upper case, header names in lower case, the body as it was signed."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def request_of(event: Mapping[str, Any]) -> Request:
    """Returns the request in an event.

    Raises Malformed for any other event, and for a body that is too long.
    """
    try:
        method, path = _line(event)
        headers = {
            str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()
        }
        body = _body(event.get("body") or "", encoded=bool(event.get("isBase64Encoded")))
    except (AttributeError, KeyError, TypeError) as error:
        raise Malformed("not an event of API Gateway") from error
    if len(body) > LARGEST:
        raise Malformed(f"the body has {len(body)} bytes")
    return Request(method.upper(), path, headers, body)


def _line(event: Mapping[str, Any]) -> tuple[str, str]:
    """Returns method and path; format 2.0 has them in ``requestContext``."""
    if "httpMethod" in event:
        return str(event["httpMethod"]), str(event["path"])
    http = event["requestContext"]["http"]
    return str(http["method"]), str(event.get("rawPath") or http["path"])


def _body(text: object, *, encoded: bool) -> bytes:
    if not isinstance(text, str):
        raise Malformed("the body is not a string")
    if len(text) > 2 * LARGEST:
        raise Malformed(f"the body has {len(text)} characters")
    try:
        return base64.b64decode(text, validate=True) if encoded else text.encode()
    except (binascii.Error, ValueError) as error:  # a lone surrogate is not UTF-8
        raise Malformed("the body cannot be decoded") from error
