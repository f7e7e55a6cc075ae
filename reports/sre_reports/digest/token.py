"""The token by which the digest posts: from the environment, or from the secret that the Slack function has too."""

from __future__ import annotations

import json
from typing import Any

from sre_findings.model.errors import AccessDenied, CredentialsInvalid, Unreachable, UsageError
from sre_findings.settings import Settings

_WHAT = "the token for Slack cannot be read"
_DO = "Check SRE_SLACK_SECRET_ID and secretsmanager:GetSecretValue of your role."


def bot_token(settings: Settings) -> str:
    """The bot's token. Raises UsageError where none is set, and SreError that tells nothing of the secret."""
    if settings.slack_bot_token:
        return settings.slack_bot_token
    if not settings.slack_secret_id:
        do = "Set SRE_SLACK_SECRET_ID, or SRE_SLACK_BOT_TOKEN on a laptop; --dry-run needs neither."
        raise UsageError("no token for Slack is set", do=do)
    return _parsed(_secret(settings.slack_secret_id))


def _parsed(text: str) -> str:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CredentialsInvalid(_WHAT, why="the secret is no JSON", do="See docs/slack.md.") from error
    token = values.get("bot_token") if isinstance(values, dict) else None
    if not isinstance(token, str) or not token:
        raise CredentialsInvalid(_WHAT, why="the secret has no bot_token", do="See docs/slack.md.")
    return token


def _secret(name: str) -> str:
    import boto3  # noqa: PLC0415 - 200 ms, only for who has no token in the environment
    import botocore.config  # noqa: PLC0415
    import botocore.exceptions as theirs  # noqa: PLC0415

    quick = botocore.config.Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"})
    try:
        text = boto3.client("secretsmanager", config=quick).get_secret_value(SecretId=name).get("SecretString")
    except theirs.ClientError as error:
        answer: Any = error.response
        code = str(answer.get("Error", {}).get("Code", "an error without a code"))
        kind = AccessDenied if code.startswith("AccessDenied") else Unreachable
        raise kind(_WHAT, why=code, do=_DO) from error  # its message may hold more than anybody should read
    except theirs.BotoCoreError as error:
        raise Unreachable(_WHAT, why=type(error).__name__, do=_DO) from error
    if not isinstance(text, str):
        raise CredentialsInvalid(_WHAT, why="it holds bytes and no text", do="See docs/slack.md.")
    return text
