"""OpenVEX of exported findings, from the rules of the suppressions file only."""

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
from sre_reports.wording import number

if TYPE_CHECKING:
    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:  # noqa: ARG001 - a Writer
    """Writes the document.

    Findings without a valid rule have no statement; their number is reported. Raises UsageError
    without a suppressions file, or if nothing can be stated.
    """
    if options.suppressions is None:
        do = "Set SRE_SUPPRESSIONS to its path; docs/operations.md has an example."
        raise UsageError("OpenVEX needs a suppressions file, and none is set", do=do)
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
    uncovered = number(silent, "finding has", "findings have")
    warn(f"{uncovered} no statement: not covered by a valid rule.")
