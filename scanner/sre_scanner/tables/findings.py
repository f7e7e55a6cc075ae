"""The table ``findings``, built one row group at a time.

The spool's narrow rows become the columns of the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sre_findings.model.findings.severity import rank
from sre_findings.store.schema.tables import FINDINGS
from sre_scanner.spool.identities import Identities
from sre_scanner.spool.kinds import Kind
from sre_scanner.spool.order import Sorted
from sre_scanner.spool.owners import ResourceOwners
from sre_scanner.spool.rows import TIME_FIELDS
from sre_scanner.spool.shapes import SHAPE_FIELDS
from sre_scanner.spool.spool import Spool
from sre_scanner.spool.unknown_values import UnknownValues
from sre_scanner.tables.details import Dimensions


class Columns:
    """Builds tables of the schema from slices of the sorted rows."""

    def __init__(
        self,
        spool: Spool,
        rows: npt.NDArray[Any],
        found: Identities,
        shared: Dimensions,
        place: tuple[str, str],
        owned: ResourceOwners,
    ) -> None:
        self._spool, self._rows, self._found, self._shared, self._owned = (
            spool,
            rows,
            found,
            shared,
            owned,
        )
        self._constant = {"snapshot_id": place[0], "region": place[1]}
        self._kinds, self._unknown = spool.kinds.in_order(), UnknownValues(spool)
        self._titles = spool.shapes.table()[:, SHAPE_FIELDS.index("title")]

    def table(self, where: Sorted, start: int, stop: int) -> pa.Table:
        """Returns the rows from ``start`` to ``stop`` in sorted order."""
        rows = self._spool.pick(
            self._rows, where.row[start:stop]
        )  # the rows are scattered over the file
        columns = {
            "resource_index": pa.array(where.position[start:stop].astype(np.int16)),
            "inspector_score": pa.array(rows["inspector_score"], from_pandas=True),
            **{name: _times(rows[name]) for name in TIME_FIELDS},
            **{name: _repeated(text, len(rows)) for name, text in self._constant.items()},
            **self._of_kinds(rows),
            **dict(self._of_resources(where.entry[start:stop])),
            "owner": self._owned.of_rows(where.resource[start:stop]),
            **dict(self._of_shapes(rows)),
            **dict(self._texts(rows)),
            "not_understood": self._unknown.column(rows),
        }
        return pa.table([columns[name] for name in FINDINGS.names], schema=FINDINGS)

    def _of_kinds(self, rows: npt.NDArray[Any]) -> dict[str, pa.Array]:
        words = {
            name: pa.array([getattr(kind, name) for kind in self._kinds], pa.string())
            for name in Kind._fields
        }
        indices = pa.array(rows["kind"])
        ranks = np.array([rank(kind.severity) for kind in self._kinds], np.int16)
        return {
            "severity_rank": pa.array(ranks[rows["kind"]]),
            "finding_arn": _arns([kind.arn_head for kind in self._kinds], rows),
            **{name: _words(values, indices) for name, values in words.items()},
        }

    def _of_resources(self, entries: npt.NDArray[np.int32]) -> Iterator[tuple[str, pa.Array]]:
        found = pa.array(entries).dictionary_encode()
        ours = found.dictionary.to_pylist()
        for name, values in (
            ("resource_id", self._found.ids),
            ("resource_type", self._found.types),
            ("resource_name", self._found.names),
        ):
            yield name, _words(pa.array([values[i] for i in ours], pa.string()), found.indices)

    def _of_shapes(self, rows: npt.NDArray[Any]) -> Iterator[tuple[str, pa.Array]]:
        """Yields the numbers of shared texts, and the columns that follow from them."""
        numbers = self._shared.packages[rows["shape"]]
        lists = pa.array(numbers, mask=numbers < 0)
        yield "packages_id", lists
        listed = lists.dictionary_encode()
        for name, values in self._shared.listed.items():
            yield name, _words(values.take(listed.dictionary), listed.indices)
        details = pa.array(self._shared.details[rows["shape"]])
        yield "details_id", details
        chosen = details.dictionary_encode()
        for name, values in self._shared.derived.items():
            yield name, _words(values.take(chosen.dictionary), chosen.indices)

    def _texts(self, rows: npt.NDArray[Any]) -> Iterator[tuple[str, pa.Array]]:
        for name, numbers in (
            ("title", self._titles[rows["shape"]]),
            ("resources", rows["resources"]),
            ("extra", rows["extra"]),
        ):
            distinct = pa.array(np.ascontiguousarray(numbers)).dictionary_encode()
            yield (
                name,
                _words(
                    _strings(self._spool.texts[name].read(distinct.dictionary.to_pylist())),
                    distinct.indices,
                ),
            )


_HEX = np.array([f"{byte:02x}" for byte in range(256)], "S2")


def _arns(heads: list[str], rows: npt.NDArray[Any]) -> pa.Array:
    """Returns the ARNs from their heads and tails.

    An ARN of another form is stored in its head.
    """
    tails = (
        np.ascontiguousarray(_HEX[rows["tail"]]).view("S32")[:, 0]
        if len(rows)
        else np.empty(0, "S32")
    )
    whole = pa.array([head.endswith("\0") for head in heads], pa.bool_()).take(
        pa.array(rows["kind"])
    )
    starts = pa.array([head.removesuffix("\0") for head in heads], pa.string()).take(
        pa.array(rows["kind"])
    )
    ends = pc.call_function("if_else", [whole, pa.scalar(""), pa.array(tails).cast(pa.string())])
    return pc.call_function("binary_join_element_wise", [starts, ends, pa.scalar("")])


def _strings(texts: Sequence[bytes]) -> pa.Array:
    return pa.array([text or None for text in texts], pa.binary()).cast(pa.string())


def _words(values: pa.Array, indices: pa.Array) -> pa.Array:
    """Returns a dictionary column in which ``indices`` select the values.

    Equal values are merged, as Parquet requires.
    """
    if values.type == pa.float64():
        return values.take(indices)
    encoded = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        encoded.indices.take(indices).cast(pa.int32()), encoded.dictionary
    )


def _repeated(text: str, length: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), pa.array([text]))


def _times(seconds: npt.NDArray[np.float64]) -> pa.Array:
    """Returns epoch seconds as microseconds, NaN as null.

    Values that this cannot hold exactly are in ``extra`` already.
    """
    missing = np.isnan(seconds)
    microseconds = np.rint(np.where(missing, 0.0, seconds) * 1e6).astype(np.int64)
    return pa.array(microseconds, mask=missing).cast(pa.timestamp("us", tz="UTC"))
