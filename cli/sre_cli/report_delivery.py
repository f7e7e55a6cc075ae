"""The report by e-mail and as pictures, for ``sre-cli report --email`` and ``--cards``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sre_cli.messages import tell
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_reports.publishing.editions import Editions
    from sre_reports.publishing.report_files import View


def check_mail(settings: Settings, recipients: Sequence[str]) -> None:
    """Raises UsageError if there are recipients but no way to send e-mail."""
    if recipients and not (settings.smtp and settings.mail_from):
        do = "Set SRE_SMTP=smtp://user@host:587 (or ses://region) and SRE_MAIL_FROM."
        raise UsageError("--email needs a mail server and a sender", do=do)


def mail(editions: Editions, view: View, settings: Settings, recipients: Sequence[str]) -> None:
    """Sends a short summary with its card, and a link to the report, which requires a login."""
    from sre_reports.mail.email import message
    from sre_reports.mail.transport import open_sender
    from sre_reports.pictures.cards import digest
    from sre_reports.slack.links import Links

    material = editions.material(view, 0)
    link = Links(settings.public_url).report(editions.day, view.folder)
    sender = open_sender(settings.smtp, settings.smtp_password)
    sender.send(message(material, digest(material), link, settings.mail_from, recipients))
    tell(f"mailed to {', '.join(recipients)}")


def draw(editions: Editions, view: View, folder: Path) -> None:
    """Writes digest.png and trend.png to ``folder`` and prints their paths.

    A .txt file beside each has its alt text.
    """
    from sre_findings.files import output, output_folder
    from sre_reports.pictures import cards

    place = output_folder(folder)
    material = editions.material(view, 0)
    for name, card in (("digest", cards.digest(material)), ("trend", cards.trend(material))):
        for suffix, content in (("png", card.png), ("txt", card.alt.encode())):
            with output(place / f"{name}.{suffix}") as file:
                file.write(content)
        click.echo(str(folder / f"{name}.png"))
