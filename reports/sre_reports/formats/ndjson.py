"""Findings as Inspector sent them, one JSON object per line, with our own fields under ``_sre``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from sre_findings.model.answers.answer import Proof
from sre_findings.rows.wire_form import wire_form

if TYPE_CHECKING:
    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:  # noqa: ARG001 - a Writer
    """Writes the file; see :func:`chunks`."""
    file.writelines(piece.encode() for piece in chunks(batches))


def chunks(batches: Iterable[Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Yields the lines, one chunk per batch. ASCII only."""
    for batch in batches:
        yield "".join(f"{json.dumps(wire_form(row), separators=(',', ':'))}\n" for row in batch)
