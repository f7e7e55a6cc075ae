"""The registry of export formats, and writing each of them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any, BinaryIO, cast

import pyarrow.parquet as pq
import pytest

from sre_findings.model.answers.answer import Proof
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.suppression import Patterns, Reach, Suppression, Suppressions
from sre_reports.formats.registry import (
    FORMS,
    Options,
    form_of,
    write_export,
)

Rows = Callable[..., dict[str, Any]]
Proofs = Callable[..., Proof]


RULES = Suppressions(
    [
        Suppression(
            0,
            1,
            Patterns(("CVE-2026-1234",)),
            Patterns(),
            Reach(),
            "no way in",
            "payments",
            date(2999, 1, 1),
        )
    ]
)


class Pipe(io.RawIOBase):
    """A file that can only be written sequentially, such as a socket."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.taken += data
        return len(data)


def test_csv_is_written_with_options_and_ages_of_the_snapshot(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    options = Options("csv", columns="full", excel=True, raw=True)
    assert write_export(options, proof(), [[row(title="=1")], [row()]], file) == 2
    text = file.getvalue().decode("utf-8-sig")
    header, first, second, end = text.split("\r\n")
    assert (",Instance Name,Owner" in header, ",=1," in first, second.count(",19,"), end) == (
        True,
        True,
        1,
        "",
    )
    assert file.getvalue().startswith(b"\xef\xbb\xbf")


def test_csv_without_a_snapshot_time_is_as_of_now(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    assert write_export(Options("csv"), proof(as_of=None), [[row()]], file) == 1


def test_ndjson_is_one_line_per_row(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    assert write_export(Options("ndjson"), proof(), [[row(), row()]], file) == 2
    assert [json.loads(line)["severity"] for line in file.getvalue().splitlines()] == [
        "HIGH",
        "HIGH",
    ]


def test_parquet_is_one_file(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    assert write_export(Options("parquet"), proof(), [[row()], [row()]], file) == 2
    assert pq.read_table(file).num_rows == 2


@pytest.mark.parametrize("name", FORMS)
def test_every_format_is_written_to_an_unseekable_file(name: str, row: Rows, proof: Proofs) -> None:
    pipe, options = Pipe(), Options(name, suppressions=RULES, author="a")
    batches = iter([[row()], [row(finding_arn="arn:aws:x")]])
    assert write_export(options, proof(), batches, cast(BinaryIO, pipe)) == 2
    assert pipe.taken


@pytest.mark.parametrize("name", FORMS)
def test_every_format_has_a_media_type_suffix_and_readers(name: str) -> None:
    form = FORMS[name]
    assert form.name == name
    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; ?[a-z0-9=.-]+)*", form.media_type)
    assert re.fullmatch(r"(\.[a-z]+)+", form.suffix)
    assert form.readers
    assert {*form.options} <= {*Options.__slots__} - {"form"}


def test_no_two_formats_have_the_same_suffix() -> None:
    suffixes = [suffix for form in FORMS.values() for suffix in (form.suffix, *form.others)]
    assert len({*suffixes}) == len(suffixes)


@pytest.mark.parametrize(
    ("name", "file", "form"),
    [
        (None, "findings.csv", "csv"),
        (None, "out/2026.11.22/FINDINGS.CSV", "csv"),
        (None, "all.2026.parquet", "parquet"),
        (None, "-", "csv"),
        (None, "findings.jsonl", "ndjson"),
        (None, "findings.ocsf.ndjson", "ocsf"),
        (None, "findings.sarif.json", "sarif"),
        (None, "findings.CDX.json", "cyclonedx"),
        (None, "findings.vex.json", "openvex"),
        (None, "findings", "csv"),
        ("ndjson", "findings.csv", "ndjson"),
    ],
)
def test_a_format_is_named_or_inferred_from_the_file_name(
    name: str | None, file: str, form: str
) -> None:
    assert form_of(name, file).name == form


@pytest.mark.parametrize("file", ["findings.txt", "x.csv.gz"])
def test_an_unclear_file_name_is_an_error(file: str) -> None:
    with pytest.raises(UsageError, match=r"is unclear.*csv \(\.csv\)"):
        form_of(None, file)


def test_an_ambiguous_suffix_lists_its_formats() -> None:
    with pytest.raises(UsageError, match=r"could be .*cyclonedx \(\.cdx\.json\), openvex"):
        form_of(None, "findings.json")


def test_an_unknown_format_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match="csv, xlsx, ndjson, parquet, sarif, ocsf, cyclonedx, openvex"
    ):
        form_of("pdf", "x.csv")
