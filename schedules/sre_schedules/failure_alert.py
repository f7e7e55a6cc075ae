"""Posts to the digest's channels, once, that a job has failed for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sre_findings.model.access import ALL
from sre_findings.model.timestamps import utc_minute
from sre_findings.settings import Settings
from sre_findings.sources.sources import Sources
from sre_findings.store.records.slots import slot_of
from sre_reports.digest.delivery.bot_token import bot_token
from sre_reports.digest.delivery.channels import chosen
from sre_reports.digest.delivery.courier import Courier
from sre_reports.digest.delivery.posts import posts_of
from sre_reports.digest.delivery.slack_api import open_web
from sre_reports.digest.messages.content import RenderedDigest
from sre_reports.slack.blocks import header, section
from sre_reports.slack.escaping import (
    cell,
    code,
    escaped,
)
from sre_reports.slack.message import Message, Part, message
from sre_schedules.jobs import Outcome
from sre_schedules.runner import Report
from sre_schedules.schedule import Schedule

TROUBLE = "trouble"


def trouble_message(schedule: Schedule, fire: datetime, outcome: Outcome) -> Message:
    """Returns the message about a failed slot: the job, its attempts, and its last error."""
    title = f"{schedule.name} of {utc_minute(fire)} failed"
    lines = [
        f"*{escaped(cell(title))}*, tried {schedule.attempts} times. Exit code {outcome.code}.",
        code(outcome.detail, 500) if outcome.detail.strip() else "No output.",
        f"Run it manually: {code('sre-cli ' + ' '.join(schedule.command))}",
    ]
    return message(escaped(cell(title)), [Part([header(title)]), Part([section("\n".join(lines))])])


def reporter(settings: Settings, sources: Sources, notify: Callable[[str], None]) -> Report:
    """Returns a function that posts to every channel with the digest of all resources.

    If no channel gets that digest, it posts to all channels. It only logs if there are no channels.
    """

    def report(schedule: Schedule, fire: datetime, outcome: Outcome) -> None:
        if settings.slack_channels is None:
            return
        routes = chosen(settings.slack_channels, None)
        whole = [route for route in routes if ALL in route.owners] or routes
        rendered = RenderedDigest(
            f"{schedule.name}-{slot_of(fire)}", TROUBLE, trouble_message(schedule, fire, outcome)
        )
        web = open_web(bot_token(settings), settings.slack_api_url)
        for route in whole:
            posts = posts_of(sources, route.channel, rendered.key)
            Courier(web, posts, route.channel, rendered.key, notify=notify).deliver(rendered)

    return report
