"""sre-cli export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from sre_cli import exits, options
from sre_findings.settings import Settings


@click.command("export", epilog=options.exit_help)
@click.option(
    "--format", "form", type=click.Choice(("csv", "ndjson", "parquet")), default="csv", show_default=True, help="The format."
)
@click.option(
    "-o",
    "destination",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    default="-",
    help="A file; - is stdout.",
)
@click.option("-i", "--id", "text", metavar="ID|NAME", help="Findings of this resource only.")
@click.option("-s", "--severity", "severities", type=options.SEVERITY, multiple=True, help="Only these (again for more).")
@click.option("--status", "statuses", type=options.STATUS, multiple=True, help="Default: active.")
@click.option("--type", "types", type=options.TYPE, multiple=True, help="Resource types: ec2, ecr, lambda, code.")
@click.option("--account", "accounts", multiple=True, help="Only these accounts.")
@click.option("--region", "regions", multiple=True, help="Only these regions.")
@click.option("--owner", "owners", multiple=True, help="Only these owners.")
@click.option("--columns", type=click.Choice(("inspector", "full")), default="inspector", show_default=True, help="CSV columns.")
@click.option("--excel", is_flag=True, help="CSV with a byte-order mark, so that Excel reads UTF-8.")
@click.option("--raw", is_flag=True, help="CSV without the guard against spreadsheet formulas. For machines only.")
@options.as_of_option
@options.store_options
def command(settings: Settings, form: str, destination: Path, columns: str, excel: bool, raw: bool, **filters: Any) -> int:
    """Write findings to a file.

    CSV has Inspector's own 55 columns; NDJSON has a finding a line as Inspector sent it; Parquet has every column.

    \b
    sre-cli export -o findings.csv
    sre-cli export --format ndjson -s critical -s high -o worst.ndjson
    sre-cli export --format parquet --status active --status closed -o all.parquet
    """
    from sre_findings.ask.ask import rows  # noqa: PLC0415 - after --help
    from sre_findings.ask.questions.rows import Rows  # noqa: PLC0415
    from sre_reports.exports import Options, write_export  # noqa: PLC0415

    if raw:
        click.echo("sre-cli: --raw: cells may start a formula; do not open this file in a spreadsheet.", err=True)
    filters["statuses"] = filters["statuses"] or ("ACTIVE",)
    proof, batches = rows(Rows(**filters), options.sources_here(settings))
    chosen = Options(form, columns, excel=excel, raw=raw)
    if str(destination) == "-":
        count = write_export(chosen, proof, batches, sys.stdout.buffer)
    else:
        count = _to_file(destination, lambda file: write_export(chosen, proof, batches, file))
    click.echo(f"sre-cli: {count:,} findings of snapshot {proof.snapshot_id} ({proof.state}) to {destination}", err=True)
    return exits.ANSWERED if proof.sure else exits.UNSURE


def _to_file(path: Path, write: Any) -> int:
    """Writes beside the file and renames: who reads it sees the old one or the new one, whole."""
    from sre_findings.files import whole  # noqa: PLC0415

    with whole(path.absolute()) as file:
        count: int = write(file)
    return count
