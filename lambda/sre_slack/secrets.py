"""Secrets, kept for minutes: from the environment, from the extension of AWS beside the function,
or from Secrets Manager.

A secret is a JSON object, or a text that is a signing secret alone::

    {"signing_secrets": ["new", "old"], "server_token": "sre_…", "bot_token": "xoxb-…"}

Two signing secrets are two that are valid: so one is changed without a lost command. The extension
answers from its own cache on the loopback
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html); where
it is not there, Secrets Manager is asked.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from sre_findings.model.errors import CredentialsInvalid, SreError, Unreachable, UsageError
from sre_slack import log
from sre_slack.aws import Answer, Service, post

KEPT = 300.0  # seconds
_TIMEOUT = 2.0
_MANAGER = Service("secretsmanager", "SECRETS_MANAGER", _TIMEOUT)
_EXTENSION_PORT = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the function must know and nobody else. Its text tells nothing."""

    signing: tuple[bytes, ...] = field(repr=False)
    server_token: str = field(default="", repr=False)
    bot_token: str = field(default="", repr=False)


class SecretUnread(CredentialsInvalid):
    """Our own secret cannot be read, or is none."""


class Keeper:
    """The secrets of a time; read again after KEPT seconds, and the old ones held on to while they
    cannot be read."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._environ, self._now = environ, now
        self._known: Secrets | None = None
        self._until = 0.0

    def secrets(self) -> Secrets:
        """Raises SreError where there never were any to be had."""
        if self._known is None or self._now() >= self._until:
            try:
                self._known = read(self._environ)
            except SreError as error:
                if self._known is None:
                    raise
                log.fault("the secret is not renewed, and the one before holds on", error)
            self._until = self._now() + KEPT
        return self._known


def read(environ: Mapping[str, str]) -> Secrets:
    """The secrets as they are now. The environment's own are for a laptop: they are shown to
    whoever may see the function."""
    if name := environ.get("SRE_SLACK_SECRET_ID"):
        return parse(
            _extension(name, environ)
            if environ.get(_EXTENSION_PORT)
            else _secrets_manager(name, environ)
        )
    if text := environ.get("SRE_SLACK_SIGNING_SECRET"):
        return Secrets(
            (text.encode(),), environ.get("SRE_TOKEN", ""), environ.get("SRE_SLACK_BOT_TOKEN", "")
        )
    raise UsageError(
        "no signing secret is set",
        do="Set SRE_SLACK_SECRET_ID, or SRE_SLACK_SIGNING_SECRET on a laptop.",
    )


def parse(text: str) -> Secrets:
    """A secret's text. Raises UsageError that tells nothing of it."""
    try:
        values = json.loads(text)
    except ValueError:
        return Secrets((text.strip().encode(),))
    if not isinstance(values, dict):
        raise UsageError("the secret is no JSON object", do="See docs/slack.md.")
    signing = values.get("signing_secrets", [])
    if (
        not isinstance(signing, list)
        or not signing
        or not all(isinstance(one, str) and one for one in signing)
    ):
        raise UsageError("the secret has no signing_secrets", do="See docs/slack.md.")
    texts = (str(values.get(name) or "") for name in ("server_token", "bot_token"))
    return Secrets(tuple(one.encode() for one in signing), *texts)


def _extension(name: str, environ: Mapping[str, str]) -> str:
    connection = http.client.HTTPConnection(
        "localhost", int(environ[_EXTENSION_PORT]), timeout=_TIMEOUT
    )
    try:
        headers = {"X-Aws-Parameters-Secrets-Token": environ.get("AWS_SESSION_TOKEN", "")}
        connection.request(
            "GET", f"/secretsmanager/get?secretId={quote(name, safe='')}", headers=headers
        )
        answer = connection.getresponse()
        body = answer.read(1 << 20)
    except (OSError, http.client.HTTPException) as error:
        raise SecretUnread(
            "the extension for secrets does not answer", why=str(error), do="Is its layer there?"
        ) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise SecretUnread(
            "the secret cannot be read", why=f"the extension answered {answer.status}", do=_ALLOW
        )
    return _text(body)


_ALLOW = "Allow secretsmanager:GetSecretValue for SRE_SLACK_SECRET_ID to the function's role."


def _secrets_manager(name: str, environ: Mapping[str, str]) -> str:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html"""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "secretsmanager.GetSecretValue",
    }
    body = json.dumps({"SecretId": name}).encode()
    try:
        answer = post(_MANAGER, "/", headers, body, environ)
        if answer.status >= http.client.INTERNAL_SERVER_ERROR:
            answer = post(_MANAGER, "/", headers, body, environ)
    except Unreachable as error:
        raise SecretUnread(error.what, why=error.why) from error
    if answer.status != http.client.OK:
        raise SecretUnread(
            "the secret cannot be read", why=f"Secrets Manager answered {_kind(answer)}", do=_ALLOW
        )
    return _text(answer.body)


def _kind(answer: Answer) -> str:
    """The name of an error, which tells nothing that is secret; its message names roles and
    secrets."""
    try:
        kind = str(json.loads(answer.body)["__type"]).rpartition("#")[2]
    except (ValueError, LookupError, TypeError):
        kind = ""
    return kind if kind.isalnum() else str(answer.status)


def _text(body: bytes) -> str:
    """The secret in an answer, which has the same form wherever it comes from."""
    try:
        return str(json.loads(body)["SecretString"])
    except (ValueError, LookupError, TypeError) as error:
        raise SecretUnread("the secret is no text", do="See docs/slack.md.") from error
