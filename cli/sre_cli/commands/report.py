"""sre-cli report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sre_cli import exit_codes, options
from sre_cli.completion_words import ACCOUNT, OWNER, completing
from sre_cli.destination_option import destination_option
from sre_cli.messages import tell, tell_as_is
from sre_cli.report_delivery import check_mail, draw, mail
from sre_findings.model.errors import UsageError
from sre_findings.model.timestamps import iso
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_findings.sources.sources import Sources
    from sre_reports.publishing.editions import Editions
    from sre_reports.publishing.publisher import Press
    from sre_reports.publishing.report_files import View

QUARTER, HALF_A_DAY = 15 * 60, 12 * 60 * 60  # seconds: default and maximum age of a link
_HOLDER = (
    "sre-cli: anyone with this link can read the report until then, without signing in. Do not"
    " share it in chat, e-mail or tickets."
)


@click.command("report", epilog=options.exit_help)
@destination_option(
    "--folder",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write to this folder instead of the store.",
)
@click.option(
    "--owner",
    metavar="NAME",
    help="Report on the resources of this owner.",
    shell_complete=completing(OWNER),
)
@click.option(
    "--account",
    metavar="ID",
    help="Report on this account.",
    shell_complete=completing(ACCOUNT),
)
@click.option(
    "--views", is_flag=True, help="The full report, and one for each owner and each account."
)
@click.option(
    "--again", "--force", is_flag=True, help="Replace the reports already published for this date."
)
@click.option(
    "--link",
    "seconds",
    metavar="[SECONDS]",
    is_flag=False,
    flag_value=QUARTER,
    type=click.IntRange(1, HALF_A_DAY),
    help="Only print a link to the published report on S3, valid for 15 minutes by default.",
)
@click.option(
    "--email",
    "recipients",
    metavar="TO",
    multiple=True,
    help="Also e-mail a short summary with its card. Repeatable.",
)
@click.option(
    "--cards",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write cards of the summary and the trend (PNG) to this folder.",
)
@click.option(
    "--since",
    metavar="WHEN",
    type=options.MOMENT,
    help="Exit 3 if no snapshot was started since then.",
)
@options.as_of_option
@options.question_options
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
    """Publish the HTML report of a snapshot, with its findings as CSV and Parquet.

    The report is written to the store, for example to reports/2026-11-22/; reports/index.html lists
    all reports. A published report is replaced only with --again.

    \b
    sre-cli report
    sre-cli report --owner payments -f report
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
        return exit_codes.UNSURE
    editions = open_editions(sources, as_of)
    code = _publish(editions, view, folder, views=views, again=again, follows=since is not None)
    if cards:
        draw(editions, view, cards)
    if recipients:
        mail(editions, view, settings, recipients)
    return code


def _missing(sources: Sources, since: datetime | None) -> bool:
    """Returns whether there is no snapshot since ``since``. If so, prints it on stderr."""
    if since is None:
        return False
    latest = sources.stores.snapshots.latest()
    if latest is not None and latest.started_at >= since:
        return False
    newest = f"the newest is {latest.snapshot_id}" if latest else "there is none"
    text = f"no snapshot since {iso(since)}: {newest}. Nothing was published."
    tell(text)
    return True


def _view(owner: str | None, account: str | None, *, views: bool) -> View:
    from sre_reports.publishing.report_files import WHOLE, View

    if (owner is not None) + (account is not None) + views > 1:
        raise UsageError(
            "--owner, --account and --views exclude each other", do="Use only one of them."
        )
    if owner is not None:
        return View("owner", owner)
    return WHOLE if account is None else View("account", account)


def _published(settings: Settings) -> str:
    """Returns a sentence with the address of the published reports; empty without a server."""
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
            "--link is for a published report",
            do="Publish it first, then run --link without options that write.",
        )
    if folder and again:
        raise UsageError(
            "--again is for the store", do="Omit it: -f replaces the files in the folder."
        )


def _link(sources: Sources, view: View, as_of: str | None, seconds: int) -> int:
    """Prints a link to a published report. Its snapshot may be pruned if ``as_of`` is a date."""
    from sre_reports.publishing.editions import open_editions
    from sre_reports.publishing.report_files import is_day, shelf_of

    shelf = shelf_of(sources)
    published = as_of is not None and is_day(as_of) and shelf.has(as_of, view)
    day = as_of if as_of is not None and published else open_editions(sources, as_of).day
    click.echo(shelf.link(day, view, seconds))
    valid = f"{seconds:,} seconds, or until the credentials that signed it expire"
    tell(f"the link is valid for {valid}.")
    tell_as_is(_HOLDER)
    return exit_codes.ANSWERED


def _publish(
    editions: Editions, view: View, folder: Path | None, *, views: bool, again: bool, follows: bool
) -> int:
    """Publishes the reports, each with a line of progress, then their index.

    Returns the exit code. A run that ``follows`` a scan publishes only what is missing for its
    snapshot, so it is safe to run again.
    """
    from datetime import UTC, datetime

    from sre_findings.files import output_folder
    from sre_reports.html_report.html import render
    from sre_reports.publishing.publisher import Press, missing, publish_list, wanted
    from sre_reports.publishing.report_files import shelf_in, shelf_of

    editions.check(view)
    day, shelf = (
        ("", shelf_in(output_folder(folder)))
        if folder
        else (editions.day, shelf_of(editions.sources))
    )
    free = folder is not None
    press = Press(
        shelf,
        render,
        datetime.now(UTC),
        day,
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
        tell(f"list of all reports: {publish_list(shelf, press.at)}")
    return exit_codes.ANSWERED if all(sure) else exit_codes.UNSURE


def _page(editions: Editions, view: View, press: Press) -> bool:
    """Publishes one report and prints its location.

    Returns whether its data is complete and fresh.
    """
    from sre_reports.publishing.publisher import publish

    tell(f"report of {view}, snapshot {editions.snapshot_id}")
    summary = publish(editions, view, press)
    click.echo(press.shelf.place(press.day, press.place(view)))
    return summary.proof.sure
