"""The secrets of the function, cached for minutes.

They come from the environment, from AWS's extension for Lambda, or from Secrets Manager.

A secret is a JSON object, or only a signing secret as text::

    {"signing_secrets": ["new", "old"], "server_token": "sre_…", "bot_token": "xoxb-…"}

Several signing secrets can be valid at once, so that rotation loses no command. The extension
answers from a cache on localhost
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html).
Without the extension, Secrets Manager is called.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from sre_findings.model import secret_form
from sre_findings.model.errors import CredentialsInvalid, SreError, Unreachable, UsageError
from sre_slack import log
from sre_slack.aws import Answer, Service, post

CACHE_SECONDS = 300.0
_TIMEOUT = 2.0
_MANAGER = Service("secretsmanager", "SECRETS_MANAGER", _TIMEOUT)
_EXTENSION_PORT = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of the function. Its repr shows none of them."""

    signing: tuple[bytes, ...] = field(repr=False)
    server_token: str = field(default="", repr=False)
    bot_token: str = field(default="", repr=False)


class SecretUnreadable(CredentialsInvalid):
    """The secret of the function cannot be read, or has the wrong form."""


class SecretCache:
    """The secrets, read again after CACHE_SECONDS. If that fails, the previous ones stay in use."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._environ, self._now = environ, now
        self._known: Secrets | None = None
        self._until = 0.0

    def current(self) -> Secrets:
        """Returns the current secrets. Raises SreError if they could never be read."""
        if self._known is None or self._now() >= self._until:
            try:
                self._known = read(self._environ)
            except SreError as error:
                if self._known is None:
                    raise
                log.error("the secret cannot be renewed; the previous one stays in use", error)
            self._until = self._now() + CACHE_SECONDS
        return self._known


def read(environ: Mapping[str, str]) -> Secrets:
    """Reads the secrets. Raises SreError.

    Secrets in the environment are for development: anyone with access to the function's
    configuration can see them.
    """
    if name := environ.get("SRE_SLACK_SECRET_ID"):
        return parse(
            _extension(name, environ)
            if environ.get(_EXTENSION_PORT)
            else _secrets_manager(name, environ)
        )
    if "SRE_SLACK_SIGNING_SECRET" in environ:
        return _checked(
            [environ["SRE_SLACK_SIGNING_SECRET"]],
            environ.get("SRE_TOKEN", ""),
            environ.get("SRE_SLACK_BOT_TOKEN", ""),
        )
    raise UsageError(
        "no signing secret is configured",
        do="Set SRE_SLACK_SECRET_ID, or SRE_SLACK_SIGNING_SECRET for development.",
    )


def parse(text: str) -> Secrets:
    """Parses the text of a secret.

    Raises UsageError, or CredentialsInvalid for a value that cannot be a secret, without any of its
    content.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return _checked([text.strip()], "", "")
    if not isinstance(values, dict):
        raise UsageError("the secret is not a JSON object", do="See docs/slack.md.")
    signing = values.get("signing_secrets", [])
    if not isinstance(signing, list) or not signing:
        raise UsageError("the secret has no signing_secrets", do="See docs/slack.md.")
    return _checked(signing, values.get("server_token") or "", values.get("bot_token") or "")


def _checked(signing: Sequence[object], server_token: object, bot_token: object) -> Secrets:
    """Returns the secrets. Raises CredentialsInvalid unless each has its form.

    The tokens may be missing, a signing secret may not: HMAC accepts the empty key, and with it
    everyone can sign.
    """
    return Secrets(
        tuple(secret_form.SIGNING_SECRET.checked(one).encode() for one in signing),
        secret_form.SERVER_TOKEN.checked(server_token) if server_token else "",
        secret_form.BOT_TOKEN.checked(bot_token) if bot_token else "",
    )


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
        raise SecretUnreadable(
            "the secrets extension does not respond",
            why=str(error),
            do="Check that the function has its layer.",
        ) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise SecretUnreadable(
            "the secret cannot be read", why=f"the extension answered {answer.status}", do=_ALLOW
        )
    return _text(body)


_ALLOW = "Allow secretsmanager:GetSecretValue for SRE_SLACK_SECRET_ID to the function's role."


def _secrets_manager(name: str, environ: Mapping[str, str]) -> str:
    """Returns the text of a secret from Secrets Manager.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """
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
        raise SecretUnreadable(error.what, why=error.why) from error
    if answer.status != http.client.OK:
        raise SecretUnreadable(
            "the secret cannot be read", why=f"Secrets Manager answered {_kind(answer)}", do=_ALLOW
        )
    return _text(answer.body)


def _kind(answer: Answer) -> str:
    """Returns the name of an error, or the status.

    The message of an error is left out, because it names roles and secrets.
    """
    try:
        kind = str(json.loads(answer.body)["__type"]).rpartition("#")[2]
    except (ValueError, LookupError, TypeError):
        kind = ""
    return kind if kind.isalnum() else str(answer.status)


def _text(body: bytes) -> str:
    """Returns the secret in a response of the extension or of Secrets Manager."""
    try:
        return str(json.loads(body)["SecretString"])
    except (ValueError, LookupError, TypeError) as error:
        raise SecretUnreadable("the secret is not a text", do="See docs/slack.md.") from error
