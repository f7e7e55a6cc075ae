"""The export formats, and one function to write any of them to a binary file."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from sre_findings.model.errors import UsageError

if TYPE_CHECKING:  # --help needs only the list of formats
    from sre_findings.model.answers.answer import Proof
    from sre_findings.model.findings.suppression import Suppressions

Batches = Iterable[list[dict[str, Any]]]
"""Batches of finding rows: times in epoch microseconds, nested values as JSON text."""

Warn = Callable[[str], None]
"""Receives a message for the user: what the format could not hold, or a reader may reject."""


@dataclass(frozen=True, slots=True)
class Form:
    """A format: its name, media type, readers (for documentation), and supported options.

    ``module`` is the module of this package with its ``write`` function, imported on first use.
    ``suffix`` is the file suffix to use; ``others`` are also recognized. ``text`` is False for
    binary formats, which are not written to a terminal.
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
        """The function that writes the format."""
        found: Writer = importlib.import_module(f"sre_reports.formats.{self.module}").write
        return found


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an export.

    ``form`` is a name in FORMS. The other options apply to formats that list them. ``columns`` is
    "inspector" or "full"; None is the default of the format.
    """

    form: str
    columns: str | None = None
    excel: bool = False
    raw: bool = False
    suppressions: Suppressions | None = None
    author: str = ""


class Writer(Protocol):
    """Writes every row to a file sequentially, without seeking.

    Takes each batch only when it is needed.
    """

    def __call__(  # noqa: D102 - documented by the class
        self, options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn
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
            "GitHub code scanning, IDEs, collectors of scan results",
            "sarif.export",
            others=(".sarif.json",),
        ),
        Form(
            "ocsf",
            "application/x-ndjson",
            ".ocsf.ndjson",
            "security lakes and SIEMs: one Vulnerability Finding per line",
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
            "scanners and auditors: accepted risks",
            "openvex.export",
            ("suppressions", "author"),
            (".vex.json",),
        ),
    )
}
"""Every format by its name, in the order of help and documentation."""


def form_of(name: str | None, file: str) -> Form:
    """Returns the format with that name.

    Without a name, returns the format of the file's suffix, or CSV for a file without a suffix.
    Raises UsageError for an unknown name, or a suffix that is unknown or ambiguous.
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
            f"the format of {file!r} is unclear",
            why=_which(whole),
            do="Set it with --format.",
        )
    return by_suffix[found] if found else FORMS["csv"]


def _which(whole: str) -> str:
    """Returns the formats that a file name may mean, or all formats, with their suffixes."""
    fit = [
        form
        for form in FORMS.values()
        if any(one.endswith(PurePath(whole).suffix) for one in (form.suffix, *form.others))
    ]
    listed = ", ".join(f"{form.name} ({form.suffix})" for form in fit or FORMS.values())
    return f"it could be {listed}" if fit else f"the formats are {listed}"


def write_export(
    options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn = lambda _: None
) -> int:
    """Writes every row, batch by batch, and returns the number of rows.

    ``file`` need not be seekable.
    """
    counted = _Counted(batches)
    form_of(options.form, "").write(options, proof, counted, file, warn)
    return counted.rows


class _Counted:
    """Counts the rows of the batches that pass through."""

    def __init__(self, batches: Batches) -> None:
        self._batches, self.rows = batches, 0

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        for batch in self._batches:
            self.rows += len(batch)
            yield batch
