"""The tables ``details`` and ``packages``: what many findings share, stored once.

A million findings share about ten thousand details. Stored in each row group of findings, they
would take more space than everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sre_findings.inspector.subject import subject_of
from sre_findings.inspector.wire.finding_parts import decode_epss, decode_packages
from sre_findings.model.findings.reachability import Reachability
from sre_findings.rows.values import packages_of, reachability_of
from sre_findings.store.schema.tables import DETAILS, PACKAGES
from sre_scanner.spool.shapes import SHAPE_FIELDS
from sre_scanner.spool.spool import Spool

_CHUNK = 4096
_DETAIL = {
    name: SHAPE_FIELDS.index(name) for name in SHAPE_FIELDS if name not in ("title", "packages")
}
_COLUMN = {"vulnerability": "vulnerability_details"}

Ints = npt.NDArray[np.int32]


class Dimensions:
    """The numbers of details and of lists of packages.

    ``details`` and ``packages`` give the number for a shape, or -1 for none. ``derived`` are the
    columns of findings that follow from the details, and ``listed`` those that follow from the list
    of packages, with one value per number.
    """

    def __init__(self, spool: Spool) -> None:
        self._texts = spool.texts
        shapes = spool.shapes.table()
        self._details, self.details = _distinct(shapes[:, list(_DETAIL.values())])
        lists, self.packages = _distinct(shapes[:, [SHAPE_FIELDS.index("packages")]])
        self._lists = lists[:, 0]
        self.packages = np.where(self._lists[self.packages] == 0, -1, self.packages).astype(
            np.int32
        )
        self.derived = self._derive()
        self.listed = self._reachabilities()

    def details_tables(self, snapshot_id: str, region: str) -> Iterator[pa.Table]:
        """Yields the rows of ``details``, by number."""
        for start in range(0, len(self._details), _CHUNK):
            rows = self._details[start : start + _CHUNK]
            columns: dict[str, Any] = {
                _COLUMN.get(n, n): _texts(self._read(n, rows)) for n in _DETAIL
            }
            columns |= _place(snapshot_id, region, len(rows))
            columns["details_id"] = pa.array(range(start, start + len(rows)), pa.int32())
            yield pa.table([_as(columns[f.name], f.type) for f in DETAILS], schema=DETAILS)

    def packages_tables(self, snapshot_id: str, region: str) -> Iterator[pa.Table]:
        """Yields the rows of ``packages``, by number."""
        for start in range(0, len(self._lists), _CHUNK):
            numbers = self._lists[start : start + _CHUNK].tolist()
            lists = zip(
                range(start, start + len(numbers)),
                self._texts["packages"].read(numbers),
                strict=True,
            )
            rows = [row for number, text in lists if text for row in _package_rows(number, text)]
            place = {"snapshot_id": snapshot_id, "region": region}
            yield pa.Table.from_pylist([place | row for row in rows], PACKAGES)

    def _read(self, name: str, rows: Ints) -> Sequence[bytes]:
        place = list(_DETAIL).index(name)
        return self._texts[name].read(rows[:, place].tolist())

    def _reachabilities(self) -> dict[str, pa.Array]:
        found: list[Reachability] = []
        for start in range(0, len(self._lists), _CHUNK):
            texts = self._texts["packages"].read(self._lists[start : start + _CHUNK].tolist())
            found += map(reachability_of, texts)
        return {
            "reachability": pa.array([one.word for one in found], pa.string()),
            "reachability_reason": pa.array([one.reason for one in found], pa.string()),
        }

    def _derive(self) -> dict[str, pa.Array]:
        found: dict[str, list[Any]] = {
            name: []
            for name in ("vulnerability_id", "vulnerability_source", "epss_score", "subject")
        }
        for start in range(0, len(self._details), _CHUNK):
            rows = self._details[start : start + _CHUNK]
            names = ("vulnerability", "epss", "network_details", "code_details")
            for package, epss, network, code in zip(
                *(self._read(name, rows) for name in names), strict=True
            ):
                known = decode_packages(package or b"{}")
                found["vulnerability_id"].append(known.vulnerabilityId)
                found["vulnerability_source"].append(known.source)
                found["epss_score"].append(decode_epss(epss))
                found["subject"].append(known.vulnerabilityId or subject_of(network, code))
        score = pa.array(found.pop("epss_score"), pa.float64())
        return {name: pa.array(values, pa.string()) for name, values in found.items()} | {
            "epss_score": score
        }


def _distinct(rows: Ints) -> tuple[Ints, Ints]:
    """Returns the distinct rows in order of first appearance.

    Also returns, for each row, the position of its distinct row.
    """
    if not len(rows):
        return rows, np.empty(0, np.int32)
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return rows[first[order]], places[inverse.reshape(-1)]


def _package_rows(number: int, text: bytes) -> Iterator[dict[str, Any]]:
    """Yields one row per package. Position 0 has the whole list, even if it is empty."""
    found = packages_of(text)
    whole = {"packages_id": number, "position": 0, "list": text.decode()}
    if not found:
        yield whole
    for position, one in enumerate(found):
        row = {
            "packages_id": number,
            "position": position,
            "name": one.name,
            "version": one.version,
        }
        row |= {"fixed_in": one.fixed_in, "manager": one.manager, "path": one.path}
        row |= {
            name: getattr(one, name) for name in ("reachability", "reachability_reason", "purl")
        }
        yield row | whole if position == 0 else row


def _texts(texts: Sequence[bytes]) -> pa.Array:
    return (
        pa.array([text or None for text in texts], pa.binary())
        .cast(pa.string())
        .dictionary_encode()
    )


def _place(snapshot_id: str, region: str, length: int) -> dict[str, pa.Array]:
    zeros = pa.array(np.zeros(length, np.int32))
    return {
        name: pa.DictionaryArray.from_arrays(zeros, pa.array([text]))
        for name, text in (("snapshot_id", snapshot_id), ("region", region))
    }


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else column.cast(kind)
