"""OpenVEX of the findings of an export: what owners say of them in the file of suppressions.
Nobody's word is made up."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from sre_findings.model.answers.answer import Proof
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.finding import Finding, is_open
from sre_findings.model.findings.suppression import Suppression
from sre_findings.rows.values import finding_of
from sre_reports.formats.openvex.document import document

if TYPE_CHECKING:
    from sre_reports.formats.registry import (
        Batches,
        Options,
        Tell,
    )


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, tell: Tell) -> None:  # noqa: ARG001 - a Writer
    """The whole document. Findings that no live rule covers have no statement: how many is told.

    Raises UsageError without rules, or where nothing can be stated.
    """
    if options.suppressions is None:
        do = "Set SRE_SUPPRESSIONS to the path of their file; docs/operations.md shows one."
        raise UsageError(
            "OpenVEX says what owners say in a file of suppressions, and there is none", do=do
        )
    now, silent = datetime.now(UTC), 0
    pairs: list[tuple[Suppression, Finding]] = []
    for row in chain.from_iterable(batches):
        finding = finding_of(
            {
                **row,
                "first_observed_us": row["first_observed_at"],
                "last_observed_us": row["last_observed_at"],
            }
        )
        rule = (
            options.suppressions.of(finding, finding.owner, now.date())
            if is_open(finding.status)
            else None
        )
        if rule:
            pairs.append((rule, finding))
        silent += rule is None
    made = document(
        options.suppressions, author=options.author or "sre-cli", timestamp=now, matched=pairs
    )
    file.write(made.to_text().encode())
    tell(f"{silent:,} findings have no statement, for no live rule covers them.")
