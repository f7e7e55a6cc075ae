"""Downloads a file from a server.

The tool ``export`` returns a reference, with which the file is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sre_findings.client.connection import Remote
from sre_findings.model.answers import decoding
from sre_findings.model.answers.answer import Proof
from sre_findings.questions.findings import ExportFile
from sre_findings.sources.download_links import FOLDER, REFERENCE

_FILTERS = (
    "severities",
    "statuses",
    "types",
    "accounts",
    "regions",
    "owners",
    "as_of",
    "reachable",
)


@dataclass(frozen=True, slots=True)
class ServerFile:
    """A file that a server offers, with its number of findings, its provenance and notes."""

    remote: Remote
    reference: str
    total: int
    proof: Proof
    notes: Sequence[str] = ()

    def pieces(self) -> AbstractContextManager[Iterator[bytes]]:
        """Opens the file and yields its bytes in pieces; see Remote.fetch."""
        return self.remote.fetch(FOLDER + self.reference)


def server_file(question: ExportFile, remote: Remote) -> ServerFile:
    """Requests a file and returns its reference and metadata.

    Raises the same errors as a local query, and Unreadable if the server cannot be queried.
    """
    values = remote.call("export", _arguments(question)).values
    with remote.understood():
        reference = values["file"]["reference"]
        if not REFERENCE.fullmatch(reference):
            raise ValueError("the reference is not valid")
        return ServerFile(
            remote,
            reference,
            int(values["total_findings"]),
            decoding.proof(values),
            tuple(values["notes"]),
        )


def _arguments(question: ExportFile) -> dict[str, Any]:
    """Returns the arguments of the tool ``export`` for a query."""
    rows = question.rows
    asked = {name: getattr(rows, name) for name in _FILTERS} | {
        "resource_id": rows.text,
        "format": question.form,
    }
    return {name: list(value) if isinstance(value, tuple) else value
            for name, value in (asked | dict(question.options)).items() if value}  # fmt: skip
