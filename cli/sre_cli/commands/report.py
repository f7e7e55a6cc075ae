"""sre-cli report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sre_cli import exits, options
from sre_cli.sent import check_mail, draw, mail
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.finding import iso
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_findings.sources.sources import Sources
    from sre_reports.publishing.editions import Editions
    from sre_reports.publishing.publisher import Press
    from sre_reports.publishing.report_files import View

QUARTER, HALF_A_DAY = 15 * 60, 12 * 60 * 60  # seconds: how long a link is good for, and at most
_HOLDER = (
    "sre-cli: whoever has this link reads the page until then, without signing in: keep it out of"
    " chat, mail and tickets."
)


@click.command("report", epilog=options.exit_help)
@click.option(
    "-o",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write it into this folder, not the store.",
)
@click.option("--owner", metavar="NAME", help="The page of what this owner answers for.")
@click.option("--account", metavar="ID", help="The page of this account.")
@click.option(
    "--views", is_flag=True, help="The page of everything, and one for each owner and account."
)
@click.option("--again", is_flag=True, help="Replace what is published for this night.")
@click.option(
    "--link",
    "seconds",
    metavar="[SECONDS]",
    is_flag=False,
    flag_value=QUARTER,
    type=click.IntRange(1, HALF_A_DAY),
    help="Print a link to the published page on S3, by default for 15 minutes; publishes nothing.",
)
@click.option(
    "--email",
    "recipients",
    metavar="TO",
    multiple=True,
    help="Mail the night too: short, with its card (again for more).",
)
@click.option(
    "--cards",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw the night and its trend as PNG into this folder.",
)
@click.option(
    "--since",
    metavar="WHEN",
    type=options.MOMENT,
    help="Only of a snapshot begun since then; else exit 3.",
)
@options.as_of_option
@options.store_options
def command(
    settings: Settings,
    folder: Path | None,
    again: bool,
    seconds: int | None,
    as_of: str | None,
    recipients: tuple[str, ...],
    cards: Path | None,
    **pages: Any,
) -> int:
    """Publish the HTML report of a night, with its findings as CSV and Parquet.

    It lies in the store, at reports/2026-11-22/, and reports/index.html lists every night. A night
    that is published stays as it is, unless told otherwise.

    \b
    sre-cli report
    sre-cli report --owner payments -o report
    sre-cli report --email sre@example.com --cards pictures
    sre-cli report --as-of yesterday --link 3600
    """
    since: datetime | None = pages.pop("since")
    view, views = _view(**pages), pages["views"]
    _check(folder, seconds, views=views, again=again, beside=bool(recipients or cards))
    check_mail(settings, recipients)
    sources = options.sources_here(settings, instead=_published(settings))
    if seconds is not None:
        return _link(sources, view, as_of, seconds)
    from sre_reports.publishing.editions import open_editions

    if _missing(sources, since):
        return exits.UNSURE
    editions = open_editions(sources, as_of)
    code = _publish(editions, view, folder, views=views, again=again, follows=since is not None)
    if cards:
        draw(editions, view, cards)
    if recipients:
        mail(editions, view, settings, recipients)
    return code


def _missing(sources: Sources, since: datetime | None) -> bool:
    """Whether the night that was to be published did not come; it is said on stderr."""
    if since is None:
        return False
    latest = sources.snapshots.latest()
    if latest is not None and latest.started_at >= since:
        return False
    newest = f"the newest is {latest.snapshot_id}" if latest else "there is none"
    click.echo(
        f"sre-cli: no snapshot was begun since {iso(since)}: {newest}. Nothing is published.",
        err=True,
    )
    return True


def _view(owner: str | None, account: str | None, *, views: bool) -> View:
    from sre_reports.publishing.report_files import WHOLE, View

    if (owner is not None) + (account is not None) + views > 1:
        raise UsageError(
            "--owner, --account and --views are pages of different things", do="Use one of them."
        )
    if owner is not None:
        return View("owner", owner)
    return WHOLE if account is None else View("account", account)


def _published(settings: Settings) -> str:
    """Where a server has the pages that were published."""
    from sre_findings.client.connection import Remote

    return (
        f"Published reports are at {Remote(settings.server).address('/reports/')}."
        if settings.server
        else ""
    )


def _check(
    folder: Path | None, seconds: int | None, *, views: bool, again: bool, beside: bool
) -> None:
    if seconds is not None and (folder or views or again or beside):
        raise UsageError(
            "--link is for a page that is published",
            do="Publish it first, then ask for the link alone.",
        )
    if folder and again:
        raise UsageError(
            "--again is for the store", do="Leave it out: -o replaces what is in the folder."
        )


def _link(sources: Sources, view: View, as_of: str | None, seconds: int) -> int:
    """Prints a link to a page that is published, if only its snapshot or its night is known."""
    from sre_reports.publishing.editions import open_editions
    from sre_reports.publishing.report_files import is_night, shelf_of

    shelf = shelf_of(sources)
    # its snapshot may be gone
    kept = as_of is not None and is_night(as_of) and shelf.has(as_of, view)
    night = as_of if as_of is not None and kept else open_editions(sources, as_of).night
    click.echo(shelf.link(night, view, seconds))
    click.echo(
        f"sre-cli: good for {seconds:,} seconds, or until the credentials that signed it end.",
        err=True,
    )
    click.echo(_HOLDER, err=True)
    return exits.ANSWERED


def _publish(
    editions: Editions, view: View, folder: Path | None, *, views: bool, again: bool, follows: bool
) -> int:
    """Writes the pages that are wanted, each with a line of progress, then the list of nights.

    A run that ``follows`` a scan publishes what is not there of its snapshot, and nothing where all
    is: it may be run again.
    """
    from datetime import UTC, datetime

    from sre_reports.page.html import render
    from sre_reports.publishing.publisher import (
        Press,
        missing,
        publish_list,
        wanted,
    )
    from sre_reports.publishing.report_files import shelf_in, shelf_of

    editions.check(view)
    night, shelf = (
        ("", shelf_in(folder)) if folder else (editions.night, shelf_of(editions.sources))
    )
    free = folder is not None
    press = Press(
        shelf,
        render,
        datetime.now(UTC),
        night,
        again=again or free or follows,
        alone=free and not views,
    )
    every = editions.views() if views else [view]
    if follows and not free:
        every = missing(editions, every, press)
    elif views:
        every = wanted(editions, every, press)
    sure = [_page(editions, one, press) for one in every]
    if not folder:
        click.echo(f"sre-cli: {publish_list(shelf, press.at)} lists every night", err=True)
    return exits.ANSWERED if all(sure) else exits.UNSURE


def _page(editions: Editions, view: View, press: Press) -> bool:
    """Publishes one page, prints where it is, and tells whether it is sure."""
    from sre_reports.publishing.publisher import publish

    click.echo(f"sre-cli: the page of {view}, snapshot {editions.snapshot_id}", err=True)
    summary = publish(editions, view, press)
    click.echo(press.shelf.place(press.night, press.place(view)))
    return summary.proof.sure
