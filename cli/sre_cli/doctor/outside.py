"""What answers from outside AWS: the server, and Slack."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sre_cli import slack_doctor
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, Check
from sre_findings.model.errors import AccessDenied, SreError
from sre_findings.settings import Settings
from sre_slack.secrets import Secrets

if TYPE_CHECKING:
    from sre_findings.client.connection import Remote

_STATES = {slack_doctor.OK: OK, slack_doctor.WRONG: FAILED, slack_doctor.SKIPPED: OFF}
_CHANNELS = "Name the channels in a file, and the file in SRE_SLACK_CHANNELS: docs/slack.md."
SERVER_SECONDS = 10.0


def server(settings: Settings) -> list[Check]:
    """The server's own word on whether it can answer."""
    if not settings.server:
        return [Check("server", OFF, "SRE_SERVER is not set: questions are answered here")]
    from sre_findings.client.connection import Remote

    remote = Remote(settings.server, settings.token, SERVER_SECONDS)
    address = remote.address("/readyz")
    status, values = remote.look("/readyz")
    if status == http.client.OK:
        return [Check("server", OK, f"{address}: ready"), *_known(remote, settings)]
    why = str(values.get("why") or f"it answered {status}")
    return [
        Check(
            "server",
            FAILED,
            f"{address}: not ready: {why}",
            "Its log says more; look at its store with this command.",
        )
    ]


def _known(remote: Remote, settings: Settings) -> list[Check]:
    """Whether the server lets this token in. Nothing is asked without one: a server on this machine
    may need none."""
    if not settings.token:
        return []
    from sre_findings.client.service import RemoteService
    from sre_findings.questions.estate import Summary

    try:
        RemoteService(remote).ask(Summary())
    except SreError as error:
        return [Check("token", FAILED, error.reason, error.do)]
    return [Check("token", OK, "the server takes SRE_TOKEN")]


def slack(settings: Settings, environ: Mapping[str, str]) -> list[Check]:
    """The bot and the channels of the digest. Where no secret has a token, Slack is off."""
    if not settings.slack_bot_token and not settings.slack_secret_id:
        return [
            Check(
                "Slack",
                OFF,
                "neither SRE_SLACK_SECRET_ID nor SRE_SLACK_BOT_TOKEN is set: no digest, no command",
            )
        ]
    token, trouble = _token(settings)
    if trouble:
        return [trouble]
    secrets = Secrets((), bot_token=token)
    leading = dict(environ) | (
        {"SRE_SLACK_STAND_IN": urlsplit(settings.slack_api_url).netloc}
        if settings.slack_api_url
        else {}
    )
    return [
        *(_ours(one) for one in slack_doctor.bot(secrets, leading)),
        *_channels(settings, secrets, leading),
    ]


def _channels(settings: Settings, secrets: Secrets, environ: Mapping[str, str]) -> list[Check]:
    from sre_reports.digest.delivery.channels import load

    if settings.slack_channels is None:
        return [
            Check(
                "Slack channels",
                OFF,
                "SRE_SLACK_CHANNELS is not set: the digest goes nowhere by itself",
                _CHANNELS,
            )
        ]
    return [
        _ours(slack_doctor.channel(route.channel, secrets, environ))
        for route in load(settings.slack_channels)
    ]


def _token(settings: Settings) -> tuple[str, Check | None]:
    """The bot's token; or a check that says why there is none."""
    from sre_reports.digest.delivery.bot_token import bot_token

    try:
        return bot_token(settings), None
    except AccessDenied as error:
        return "", Check("Slack", FAILED, error.reason, error.do)
    except SreError as error:
        if error.why in _EMPTY:
            return "", Check(
                "Slack",
                OFF,
                f"{settings.slack_secret_id} holds no bot_token: no digest",
                "See docs/slack.md.",
            )
        return "", Check("Slack", UNKNOWN, error.reason, error.do)


# that is how a secret without a value answers, too
_EMPTY = ("the secret has no bot_token", "ResourceNotFoundException")


def _ours(one: slack_doctor.Check) -> Check:
    return Check(f"Slack {one.what}", _STATES[one.state], one.said, one.do)
