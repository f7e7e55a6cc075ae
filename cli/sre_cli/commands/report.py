"""sre-cli report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from sre_cli import exits, options
from sre_findings.settings import Settings

EMBEDDED = 2000  # findings in the page; all of them are in the export


@click.command("report", epilog=options.exit_help)
@click.option("-o", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder for index.html.")
@options.as_of_option
@options.store_options
def command(settings: Settings, folder: Path, as_of: str | None) -> int:
    """Write the HTML report: one page that needs nothing else.

    \b
    sre-cli report -o report
    """
    from sre_findings.ask.ask import gather_report  # noqa: PLC0415 - after --help
    from sre_findings.files import whole  # noqa: PLC0415
    from sre_reports.page import Report, render  # noqa: PLC0415

    material = gather_report(options.sources_here(settings, instead=_published(settings)), as_of, EMBEDDED)
    page = render(Report(*material, generated_at=datetime.now(UTC)))
    with whole(folder.absolute() / "index.html") as file:
        file.write(page.encode())
    click.echo(str(folder / "index.html"))
    return exits.of_summary(material[0], None)


def _published(settings: Settings) -> str:
    """Where a server has the pages that were published."""
    from sre_findings.ask.remote import Remote  # noqa: PLC0415

    return f"Published reports are at {Remote(settings.server).address('/reports/')}." if settings.server else ""
