"""sre-cli export."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from sre_cli import exits, options
from sre_cli.terminal import printable
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings
from sre_reports.formats.registry import (
    FORMS,
    Form,
    form_of,
)

if TYPE_CHECKING:  # --help needs neither
    from sre_findings.model.answers.answer import Proof
    from sre_findings.questions.findings import AsFile

Write = Callable[[BinaryIO], int]


@click.command("export", epilog=options.exit_help)
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(FORMS)),
    help="The format.  [default: by the file's name, else csv]",
)
@click.option(
    "-o",
    "destination",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    default="-",
    help="A file; - is stdout.",
)
@click.option(
    "-i",
    "--id",
    "text",
    metavar="ID|NAME|IP",
    help="Findings of this resource only. Its forms: docs/resources.md.",
)
@click.option(
    "-s",
    "--severity",
    "severities",
    type=options.SEVERITY,
    multiple=True,
    help="Only these (again for more).",
)
@click.option("--status", "statuses", type=options.STATUS, multiple=True, help="Default: active.")
@click.option(
    "--type",
    "types",
    type=options.TYPE,
    multiple=True,
    help="Resource types: ec2, ecr, lambda, code.",
)
@click.option("--account", "accounts", multiple=True, help="Only these accounts.")
@click.option("--region", "regions", multiple=True, help="Only these regions.")
@click.option("--owner", "owners", multiple=True, help="Only these owners.")
@options.reachable_option
@click.option(
    "--columns",
    type=click.Choice(("inspector", "full")),
    help="Columns of CSV and XLSX.  [default: inspector]",
)
@click.option(
    "--excel", is_flag=True, help="CSV with a byte-order mark, so that Excel reads UTF-8."
)
@click.option(
    "--raw",
    is_flag=True,
    help="CSV without the guard against spreadsheet formulas. For machines only.",
)
@click.option("--author", help="Who says so, in OpenVEX.  [default: the user]")
@options.as_of_option
@options.store_options
def command(
    settings: Settings,
    form: str | None,
    destination: Path,
    columns: str | None,
    excel: bool,
    raw: bool,
    author: str | None,
    **filters: Any,
) -> int:
    """Write findings to a file.

    \b
    csv        .csv           Inspector's own 55 columns, for its importers
    xlsx       .xlsx          typed columns, filters, a summary, for people
    ndjson     .ndjson        each finding as Inspector sent it, for scripts
    parquet    .parquet       every column, for pandas, Spark, DuckDB
    sarif      .sarif         SARIF 2.1.0, for code scanning and IDEs
    ocsf       .ocsf.ndjson   OCSF 1.6 events, for security lakes and SIEMs
    cyclonedx  .cdx.json      a CycloneDX 1.6 VDR, for Dependency-Track
    openvex    .openvex.json  what owners say, from the suppressions file

    The end of the file's name tells the format; --format says it otherwise.

    \b
    sre-cli export -o findings.xlsx
    sre-cli export -s critical -s high -o worst.ndjson
    sre-cli export --status active --status closed -o all.parquet
    sre-cli export --format sarif -i prod-web-36 | jq .runs[0].results[].message.text
    """
    from sre_findings.questions.findings import AsFile, Rows

    chosen = form_of(form, str(destination))
    to_stdout = str(destination) == "-"
    given = {"columns": columns, "excel": excel, "raw": raw, "author": author}
    _check(chosen, to_stdout, given)
    if raw:
        _tell("--raw: cells may start a formula; do not open this file in a spreadsheet.")
    filters["statuses"] = filters["statuses"] or ("ACTIVE",)
    if "author" in chosen.options:
        given["author"] = author or os.environ.get("USER", "sre-cli")
    question = AsFile(
        Rows(**filters), chosen.name, {name: value for name, value in given.items() if value}
    )
    proof, write = (
        _from_server(question, settings) if settings.server else _from_store(question, settings)
    )
    count = write(sys.stdout.buffer) if to_stdout else _to_file(destination, write)
    _tell(f"{count:,} findings of snapshot {proof.snapshot_id} ({proof.state}) to {destination}")
    for reason in proof.unread:
        _tell(f"not all of it was read: {printable(reason)}")
    return exits.ANSWERED if proof.sure else exits.UNSURE


def _from_store(question: AsFile, settings: Settings) -> tuple[Proof, Write]:
    """Where the findings come from, and what writes them."""
    from sre_cli.progress import counting
    from sre_findings.queries.export import left_out, rows
    from sre_reports.formats.registry import Options, write_export

    sources = options.sources_here(settings)
    proof, batches = rows(question.rows, sources)
    for note in left_out(question.rows, sources):
        _tell(note)
    asked = Options(question.form, **question.options, suppressions=sources.suppressions)
    return proof, lambda file: write_export(
        asked, proof, counting(batches, "findings"), file, _tell
    )


def _from_server(question: AsFile, settings: Settings) -> tuple[Proof, Write]:
    """The same where a server has them: it makes the file, and sends it as it is made."""
    from sre_cli.progress import counting
    from sre_findings.client.connection import Remote
    from sre_findings.client.downloads import promised

    file_there = promised(question, Remote(settings.server, settings.token))
    for note in file_there.notes:
        _tell(note)

    def write(file: BinaryIO) -> int:
        with file_there.pieces() as pieces:
            file.writelines(counting(pieces, "bytes"))
        return file_there.total

    return file_there.proof, write


def _check(form: Form, to_stdout: bool, given: Mapping[str, object]) -> None:
    """Raises UsageError for an option that the format would ignore, and for bytes that would spoil
    a terminal."""
    for name, value in given.items():
        if value and name not in form.options:
            fit = ", ".join(one.name for one in FORMS.values() if name in one.options)
            raise UsageError(f"--{name} means nothing to {form.name}", why=f"it is for {fit}")
    if to_stdout and not form.text and sys.stdout.isatty():
        do = f"Name a file, as in -o findings{form.suffix}, or send it into a pipe."
        raise UsageError(f"{form.name} is no text, and stdout is a terminal", do=do)


def _tell(text: str) -> None:
    click.echo(f"sre-cli: {text}", err=True)


def _to_file(path: Path, write: Write) -> int:
    """Writes beside the file and renames: who reads it sees the old one or the new one, whole."""
    from sre_findings.files import whole

    with whole(path.absolute()) as file:
        return write(file)
