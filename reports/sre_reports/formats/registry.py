"""One door for every export: which formats there are, and a writer to any open binary file."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from sre_findings.model.errors import UsageError

if TYPE_CHECKING:  # --help needs the list and none of the model
    from sre_findings.model.answers.answer import Proof
    from sre_findings.model.findings.suppression import Suppressions

Batches = Iterable[list[dict[str, Any]]]
"""Rows as ``sre_findings.queries.vulnerabilities.rows`` yields them: times in epoch microseconds, nested parts as
JSON text."""

Tell = Callable[[str], None]
"""Takes a sentence for whoever asked: what a format could not hold, or what a reader of it may
refuse."""


@dataclass(frozen=True, slots=True)
class Form:
    """A format: its name, what HTTP and file systems call it, who reads it, and which options it
    understands.

    ``module`` is the one of this package whose ``write`` writes it; it is imported when it is used
    and not before. ``suffix`` is the one to give a file, ``others`` are those that people use as
    well. What is no ``text`` spoils a terminal.
    """

    name: str
    media_type: str
    suffix: str
    readers: str
    module: str
    options: Sequence[str] = ()
    others: Sequence[str] = ()
    text: bool = True

    @property
    def write(self) -> Writer:
        """The writer."""
        found: Writer = importlib.import_module(f"sre_reports.formats.{self.module}").write
        return found


@dataclass(frozen=True, slots=True)
class Options:
    """What to write: a name of FORMS; the rest is for those that name it among their options."""

    form: str
    columns: str = "inspector"
    excel: bool = False
    raw: bool = False
    suppressions: Suppressions | None = None
    author: str = ""


class Writer(Protocol):
    """Writes every row to a file, from its begin to its end, without going back; a batch is asked
    for when it is needed."""

    def __call__(  # noqa: D102 - the class says it
        self, options: Options, proof: Proof, batches: Batches, file: BinaryIO, tell: Tell
    ) -> None: ...


FORMS = {
    form.name: form
    for form in (
        Form(
            "csv",
            "text/csv; charset=utf-8",
            ".csv",
            "importers of Inspector's reports, spreadsheets",
            "csv.export",
            ("columns", "excel", "raw"),
        ),
        Form(
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ".xlsx",
            "people: filters, typed columns, a summary",
            "xlsx.export",
            ("columns",),
            text=False,
        ),
        Form(
            "ndjson",
            "application/x-ndjson",
            ".ndjson",
            "scripts: each finding as Inspector sent it",
            "ndjson",
            others=(".jsonl",),
        ),
        Form(
            "parquet",
            "application/vnd.apache.parquet",
            ".parquet",
            "pandas, Spark, DuckDB, Athena",
            "parquet",
            text=False,
        ),
        Form(
            "sarif",
            "application/sarif+json",
            ".sarif",
            "GitHub code scanning, IDEs, gatherers of scanners' results",
            "sarif.export",
            others=(".sarif.json",),
        ),
        Form(
            "ocsf",
            "application/x-ndjson",
            ".ocsf.ndjson",
            "security lakes and SIEMs: Vulnerability Finding, a line each",
            "ocsf.export",
            others=(".ocsf.jsonl", ".ocsf.json", ".ocsf"),
        ),
        Form(
            "cyclonedx",
            "application/vnd.cyclonedx+json; version=1.6",
            ".cdx.json",
            "Dependency-Track and other VDR readers",
            "cyclonedx.export",
        ),
        Form(
            "openvex",
            "application/vnd.openvex+json",
            ".openvex.json",
            "scanners and auditors: what owners say of findings",
            "openvex.export",
            ("suppressions", "author"),
            (".vex.json",),
        ),
    )
}
"""Every format by its name, in the order in which help and documentation tell them."""


def form_of(name: str | None, file: str) -> Form:
    """The format of that name; without one, the format whose suffix the file has, and CSV for a
    file without any.

    Raises UsageError where the name is none, or the suffix says nothing or could be several.
    """
    if name is not None:
        if name not in FORMS:
            raise UsageError(f"{name!r} is not a format", do=f"Use one of: {', '.join(FORMS)}.")
        return FORMS[name]
    whole = PurePath(file).name.lower()
    by_suffix = {suffix: form for form in FORMS.values() for suffix in (form.suffix, *form.others)}
    found = max((suffix for suffix in by_suffix if whole.endswith(suffix)), key=len, default="")
    if not found and PurePath(file).suffix:
        raise UsageError(
            f"the name {file!r} does not tell the format",
            why=_which(whole),
            do="Say which with --format.",
        )
    return by_suffix[found] if found else FORMS["csv"]


def _which(whole: str) -> str:
    """Which formats a name may mean, or all of them with their suffixes."""
    fit = [
        form
        for form in FORMS.values()
        if any(one.endswith(PurePath(whole).suffix) for one in (form.suffix, *form.others))
    ]
    told = ", ".join(f"{form.name} ({form.suffix})" for form in fit or FORMS.values())
    return f"it could be {told}" if fit else f"the formats are {told}"


def write_export(
    options: Options, proof: Proof, batches: Batches, file: BinaryIO, tell: Tell = lambda _: None
) -> int:
    """Writes every row, a batch at a time, and returns how many there were. ``file`` need not be
    seekable."""
    counted = _Counted(batches)
    form_of(options.form, "").write(options, proof, counted, file, tell)
    return counted.rows


class _Counted:
    """Batches that count the rows which went through."""

    def __init__(self, batches: Batches) -> None:
        self._batches, self.rows = batches, 0

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        for batch in self._batches:
            self.rows += len(batch)
            yield batch
