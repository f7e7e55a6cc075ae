"""sre-cli suppressions."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sre_cli import options
from sre_cli.messages import tell
from sre_findings.questions.remediation import SuppressionList
from sre_findings.settings import Settings


@click.command("suppressions", epilog=options.exit_help)
@click.option(
    "--openvex",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the rules to this file, as an OpenVEX document.",
)
@click.option("--author", help="Author of the OpenVEX document.  [default: the user]")
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings, openvex: Path | None, author: str | None, as_of: str | None, output: str
) -> int:
    """List accepted risks: owner, reason and expiry of each rule.

    The rules are in the YAML file SRE_SUPPRESSIONS. A finding that a rule covers stays open and is
    counted, but shown as accepted. Rules that have expired or cover no findings cause a warning.

    \b
    SRE_SUPPRESSIONS=suppressions.yaml sre-cli suppressions
    sre-cli suppressions --openvex vex.json --author security@example.com
    """
    if openvex:
        _write(settings, openvex, author or os.environ.get("USER", "sre-cli"), as_of)
    return options.answer_list(SuppressionList(as_of), settings, output)


def _write(settings: Settings, path: Path, author: str, as_of: str | None) -> None:
    from sre_findings.files import output
    from sre_findings.queries.suppressions import matched, of_sources
    from sre_findings.sources.sources import find_any
    from sre_reports.formats.openvex.document import document
    from sre_reports.wording import number

    sources = options.sources_here(
        settings, instead="With a server, use sre-cli export --format openvex."
    )
    rules, found, now = of_sources(sources), find_any(sources, as_of), sources.now()
    pairs = matched(rules, found, now.date()) if found else ()
    vex = document(rules, author=author, timestamp=now, matched=pairs)
    with output(path) as file:
        file.write(vex.to_text().encode())
    left_out = number(len(vex.left_out), "rule")
    tell(f"OpenVEX written to {path}, {left_out} left out")
