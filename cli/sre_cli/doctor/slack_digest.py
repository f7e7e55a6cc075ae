"""Checks of the bot token, its scopes and the channels that the digest needs."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from sre_cli.doctor import slack_app
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, Check
from sre_findings.model.errors import AccessDenied, CredentialsInvalid, SreError
from sre_findings.settings import Settings
from sre_slack.secrets import Secrets

_STATES = {slack_app.OK: OK, slack_app.WRONG: FAILED, slack_app.SKIPPED: OFF}
_NO_BOT = "neither SRE_SLACK_SECRET_ID nor SRE_SLACK_BOT_TOKEN is set: no digest, no commands"
_NO_CHANNELS = "SRE_SLACK_CHANNELS is not set: the digest has no default channel"
_CHANNELS = "List the channels in a file and set SRE_SLACK_CHANNELS to it: see docs/slack.md."
# Why reading the secret fails if it has no token. A secret without a value is not found either.
_EMPTY = ("the secret has no bot_token", "ResourceNotFoundException")


def slack(settings: Settings, environ: Mapping[str, str]) -> list[Check]:
    """Returns the checks of the bot and of each channel; off without a bot token."""
    if not settings.slack_bot_token and not settings.slack_secret_id:
        return [Check("Slack", OFF, _NO_BOT)]
    token, failure = _token(settings)
    if failure:
        return [failure]
    secrets = Secrets((), bot_token=token)
    if settings.slack_api_url:
        environ = {**environ, "SRE_SLACK_STAND_IN": urlsplit(settings.slack_api_url).netloc}
    bot = [_converted(one) for one in slack_app.bot(secrets, environ)]
    return [*bot, *_channels(settings, secrets, environ)]


def _channels(settings: Settings, secrets: Secrets, environ: Mapping[str, str]) -> list[Check]:
    from sre_reports.digest.delivery.channels import load

    if settings.slack_channels is None:
        return [Check("Slack channels", OFF, _NO_CHANNELS, _CHANNELS)]
    routes = load(settings.slack_channels)
    return [_converted(slack_app.channel(one.channel, secrets, environ)) for one in routes]


def _token(settings: Settings) -> tuple[str, Check | None]:
    """Returns the bot token, or "" and the check that reports why there is none."""
    from sre_reports.digest.delivery.bot_token import bot_token

    try:
        return bot_token(settings), None
    except AccessDenied as error:
        return "", Check("Slack", FAILED, error.reason, error.do)
    except SreError as error:
        if error.why in _EMPTY:
            missing = f"{settings.slack_secret_id} has no bot_token: no digest"
            return "", Check("Slack", OFF, missing, "See docs/slack.md.")
        if isinstance(error, CredentialsInvalid):
            return "", Check("Slack", FAILED, error.reason, error.do)
        return "", Check("Slack", UNKNOWN, error.reason, error.do)


def _converted(one: slack_app.Check) -> Check:
    return Check(f"Slack {one.what}", _STATES[one.state], one.detail, one.remedy)
