"""Export files of a server: the answer with the download link, and the rows of the download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.answer import Proof
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.errors import UsageError
from sre_findings.model.quantity import quantity
from sre_findings.model.text import phrase
from sre_findings.model.timestamps import iso
from sre_findings.queries.export import rows
from sre_findings.queries.findings import count_whole, left_out_of
from sre_findings.questions.findings import ExportFile
from sre_findings.sources.cursors import Cursor, pinned
from sre_findings.sources.download_links import DownloadRequest
from sre_findings.sources.places import place_of, within
from sre_findings.sources.sources import Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.findings import ExportAnswer, File


def export_file(question: ExportFile, sources: Sources) -> ExportAnswer:
    """The number of findings in the file, their provenance, and the download link.

    Only the request is stored; the file is created when it is downloaded. Raises UsageError if
    there is no snapshot, or if no server is running that could send the file.
    """
    if sources.issue_link is None:
        raise UsageError(
            phrase("no download links are available here"),
            why=phrase("no server is running that could send the file"),
            do=phrase("Read the findings page by page, without format."),
        )
    found = find(sources, question.rows.as_of)
    found = within(found, place_of(question.rows, question.rows.types), question.rows.statuses)
    total, now = count_whole(question.rows, found), sources.now()
    handed = sources.issue_link(
        DownloadRequest(question, found.commit.snapshot_id, now, sources.caller.access)
    )
    headline = phrase(
        "{} as {}. Download with GET until {}.",
        quantity(total, "finding"),
        question.form,
        iso(handed.expires_at),
    )
    file: File = {
        "reference": handed.reference,
        "path": handed.path,
        "url": handed.url,
        "format": question.form,
        "expires_at": iso(handed.expires_at),
    }
    return ListAnswer(
        headline,
        "findings",
        [],
        total,
        (),
        (),
        found.proof,
        {"file": file},
        left_out_of(question.rows, found),
    )


def fetched(
    handout: DownloadRequest, sources: Sources
) -> tuple[Proof, Iterator[list[dict[str, Any]]]]:
    """The rows of a file as of the time of the request, even if there are newer snapshots.

    Raises UsageError if the snapshot was pruned since.
    """
    return rows(
        handout.question.rows, pinned(sources, Cursor(handout.snapshot_id, handout.asked_at, 0))
    )
