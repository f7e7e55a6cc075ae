"""sre-cli export."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from sre_cli import exit_codes, options
from sre_cli.completion_words import HOST, completing
from sre_cli.destination_option import destination_option
from sre_cli.list_option import list_option
from sre_cli.messages import tell
from sre_cli.render.terminal import printable
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings
from sre_reports.formats.registry import (
    FORMS,
    Form,
    form_of,
)

if TYPE_CHECKING:  # --help does not need them
    from sre_findings.model.answers.answer import Proof
    from sre_findings.questions.findings import ExportFile

Write = Callable[[BinaryIO], int]


@click.command("export", epilog=options.exit_help)
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(FORMS)),
    help="File format.  [default: by the file name, else csv]",
)
@destination_option(
    "--file",
    "destination",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    default="-",
    help="Output file; - is stdout.",
)
@click.option(
    "-i",
    "--id",
    "text",
    metavar="ID|NAME|IP",
    help="Only this resource. docs/resources.md lists the forms of ids.",
    shell_complete=completing(HOST),
)
@list_option(
    "-s",
    "--severity",
    "severities",
    type=options.SEVERITY,
    help="Only this severity. Repeatable or comma-separated.",
)
@list_option(
    "--status",
    "statuses",
    type=options.STATUS,
    help="Only this status. Repeatable or comma-separated. Default: active.",
)
@list_option(
    "--type",
    "types",
    type=options.TYPE,
    help="Only this resource type: ec2, ecr, lambda, code. Repeatable or comma-separated.",
)
@options.account_option
@options.region_option
@options.owner_option
@options.reachable_option
@click.option(
    "--columns",
    type=click.Choice(("inspector", "full")),
    help="Columns of CSV and XLSX.  [default: inspector]",
)
@click.option(
    "--excel", is_flag=True, help="CSV with a byte-order mark: Excel needs it to read UTF-8."
)
@click.option(
    "--raw",
    is_flag=True,
    help="CSV without protection against spreadsheet formulas. Only for programs.",
)
@click.option("--author", help="Author of the OpenVEX document.  [default: the user]")
@options.as_of_option
@options.question_options
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
    csv        .csv           Inspector's 55 columns, for tools that import them
    xlsx       .xlsx          a workbook with filters and a summary
    ndjson     .ndjson        each finding as Inspector sent it, for scripts
    parquet    .parquet       every column, for pandas, Spark, DuckDB
    sarif      .sarif         SARIF 2.1.0, for code scanning and IDEs
    ocsf       .ocsf.ndjson   OCSF 1.6 events, for security lakes and SIEMs
    cyclonedx  .cdx.json      a CycloneDX 1.6 VDR, for Dependency-Track
    openvex    .openvex.json  OpenVEX statements from the suppressions file

    Without --format, the extension of the file selects the format. A file is replaced only when
    everything is written; links are followed, devices and pipes are written directly. Folders are
    not created.

    \b
    sre-cli export -f findings.xlsx
    sre-cli export -s critical -s high -f worst.ndjson
    sre-cli export --status active --status closed -f all.parquet
    sre-cli export --format sarif -i prod-web-36 | jq .runs[0].results[].message.text
    """
    from sre_findings.questions.findings import ExportFile, ExportFilters
    from sre_reports.wording import number

    chosen = form_of(form, str(destination))
    to_stdout = str(destination) == "-"
    given = {"columns": columns, "excel": excel, "raw": raw, "author": author}
    _check(chosen, to_stdout, given)
    if raw:
        _note("--raw: cells may contain formulas; do not open this file in a spreadsheet.")
    filters["statuses"] = filters["statuses"] or ("ACTIVE",)
    if "author" in chosen.options:
        given["author"] = author or os.environ.get("USER", "sre-cli")
    question = ExportFile(
        ExportFilters(**filters),
        chosen.name,
        {name: value for name, value in given.items() if value},
    )
    proof, write = (
        _from_server(question, settings) if settings.server else _from_store(question, settings)
    )
    count = write(sys.stdout.buffer) if to_stdout else _to_file(destination, write)
    source = f"snapshot {proof.snapshot_id} ({proof.state})"
    target = "stdout" if to_stdout else destination
    _note(f"{number(count, 'finding')} of {source} written to {target}")
    for reason in proof.unread:
        _note(f"incomplete: {printable(reason)}")
    return exit_codes.ANSWERED if proof.sure else exit_codes.UNSURE


def _from_store(question: ExportFile, settings: Settings) -> tuple[Proof, Write]:
    """Returns the provenance of the findings, and a function that writes them and counts them."""
    from sre_cli.progress import counting
    from sre_findings.queries.export import left_out, rows
    from sre_reports.formats.registry import Options, write_export

    sources = options.sources_here(settings)
    proof, batches = rows(question.rows, sources)
    for note in left_out(question.rows, sources):
        _note(note)
    asked = Options(question.form, **question.options, suppressions=sources.suppressions)
    return proof, lambda file: write_export(
        asked, proof, counting(batches, "findings"), file, _note
    )


def _from_server(question: ExportFile, settings: Settings) -> tuple[Proof, Write]:
    """Returns the same for findings on a server, which makes the file and streams it."""
    from sre_cli.progress import counting
    from sre_findings.client.connection import Remote
    from sre_findings.client.downloads import server_file

    remote_file = server_file(question, Remote(settings.server, settings.token))
    for note in remote_file.notes:
        _note(note)

    def write(file: BinaryIO) -> int:
        with remote_file.pieces() as pieces:
            file.writelines(counting(pieces, "bytes"))
        return remote_file.total

    return remote_file.proof, write


def _check(form: Form, to_stdout: bool, given: Mapping[str, object]) -> None:
    """Checks the options against the format.

    Raises UsageError for an option that the format would ignore, and for a binary format on a
    terminal.
    """
    for name, value in given.items():
        if value and name not in form.options:
            fit = ", ".join(one.name for one in FORMS.values() if name in one.options)
            raise UsageError(f"--{name} does not apply to {form.name}", why=f"it is for {fit}")
    if to_stdout and not form.text and sys.stdout.isatty():
        do = f"Use -f findings{form.suffix}, or pipe the output."
        raise UsageError(f"{form.name} is binary, and stdout is a terminal", do=do)


def _note(text: str) -> None:
    tell(text)


def _to_file(path: Path, write: Write) -> int:
    """Writes the file (see ``files.output``). Returns the count."""
    from sre_findings.files import output

    with output(path) as file:
        return write(file)
