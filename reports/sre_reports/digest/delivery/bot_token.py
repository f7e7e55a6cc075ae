"""The bot token of the digest: from the environment, or from the secret of the Slack function."""

from __future__ import annotations

import json

from sre_findings.model.errors import CredentialsInvalid, UsageError
from sre_findings.model.secret_form import BOT_TOKEN
from sre_findings.secret import Secret
from sre_findings.settings import Settings

_WHAT = "the Slack bot token cannot be read"
_DO = "Check SRE_SLACK_SECRET_ID, and that your role allows secretsmanager:GetSecretValue."


def bot_token(settings: Settings) -> str:
    """Returns the bot token.

    Raises UsageError if none is set, and SreError, without the secret's content, if the secret
    cannot be read.
    """
    if settings.slack_bot_token:
        return settings.slack_bot_token
    if not settings.slack_secret_id:
        do = "Set SRE_SLACK_SECRET_ID, or SRE_SLACK_BOT_TOKEN on a laptop; --dry-run needs neither."
        raise UsageError("no Slack bot token is set", do=do)
    return _parsed(Secret(settings.slack_secret_id, _WHAT, _DO).read())


def _parsed(text: str) -> str:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CredentialsInvalid(
            _WHAT, why="the secret is not JSON", do="See docs/slack.md."
        ) from error
    token = values.get("bot_token") if isinstance(values, dict) else None
    if not token:
        raise CredentialsInvalid(_WHAT, why="the secret has no bot_token", do="See docs/slack.md.")
    return BOT_TOKEN.checked(token)
