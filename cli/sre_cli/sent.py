"""A night sent by mail, and drawn as pictures: what `sre-cli report` does beside the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_reports.publishing.editions import Editions
    from sre_reports.publishing.report_files import View


def check_mail(settings: Settings, recipients: Sequence[str]) -> None:
    """Raises UsageError before anything is published where a mail could not be sent anyway."""
    if recipients and not (settings.smtp and settings.mail_from):
        do = "Set SRE_SMTP=smtp://user@host:587 (or ses://region) and SRE_MAIL_FROM."
        raise UsageError("--email has nothing to send with", do=do)


def mail(editions: Editions, view: View, settings: Settings, recipients: Sequence[str]) -> None:
    """Sends the night to some recipients: short, with its card, and a link to where the page asks
    who they are."""
    from sre_reports.mail.email import message
    from sre_reports.mail.transport import open_sender
    from sre_reports.pictures.cards import digest
    from sre_reports.slack.links import Links

    night = editions.material(view, 0)
    link = Links(settings.public_url).report(editions.night, view.folder)
    sender = open_sender(settings.smtp, settings.smtp_password)
    sender.send(message(night, digest(night), link, settings.mail_from, recipients))
    click.echo(f"sre-cli: mailed to {', '.join(recipients)}", err=True)


def draw(editions: Editions, view: View, folder: Path) -> None:
    """Writes digest.png and trend.png, each with its words in a text file beside it."""
    from sre_findings.files import whole
    from sre_reports.pictures import cards

    night = editions.material(view, 0)
    for name, card in (("digest", cards.digest(night)), ("trend", cards.trend(night))):
        for suffix, content in (("png", card.png), ("txt", card.alt.encode())):
            with whole(folder.absolute() / f"{name}.{suffix}") as file:
                file.write(content)
        click.echo(str(folder / f"{name}.png"))
