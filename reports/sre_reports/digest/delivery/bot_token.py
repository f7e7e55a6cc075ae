"""The token by which the digest posts: from the environment, or from the secret that the Slack
function has too."""

from __future__ import annotations

import json

from sre_findings.model.errors import CredentialsInvalid, UsageError
from sre_findings.secret import Secret
from sre_findings.settings import Settings

_WHAT = "the token for Slack cannot be read"
_DO = "Check SRE_SLACK_SECRET_ID and secretsmanager:GetSecretValue of your role."


def bot_token(settings: Settings) -> str:
    """The bot's token. Raises UsageError where none is set, and SreError that tells nothing of the
    secret."""
    if settings.slack_bot_token:
        return settings.slack_bot_token
    if not settings.slack_secret_id:
        do = "Set SRE_SLACK_SECRET_ID, or SRE_SLACK_BOT_TOKEN on a laptop; --dry-run needs neither."
        raise UsageError("no token for Slack is set", do=do)
    return _parsed(Secret(settings.slack_secret_id, _WHAT, _DO).read())


def _parsed(text: str) -> str:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CredentialsInvalid(
            _WHAT, why="the secret is no JSON", do="See docs/slack.md."
        ) from error
    token = values.get("bot_token") if isinstance(values, dict) else None
    if not isinstance(token, str) or not token:
        raise CredentialsInvalid(_WHAT, why="the secret has no bot_token", do="See docs/slack.md.")
    return token
