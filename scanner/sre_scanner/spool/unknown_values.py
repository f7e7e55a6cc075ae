"""Unknown fields and values in findings: which rows have them, and how often each occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sre_findings.inspector.unknown_fields import FINDING, mark, odd_words
from sre_scanner.spool.kinds import Kind
from sre_scanner.spool.shapes import SHAPE_FIELDS
from sre_scanner.spool.spool import Spool

_WORDS = {
    "type": "type",
    "severity": "severity",
    "status": "status",
    "fixAvailable": "fix_available",
    "exploitAvailable": "exploit_available",
}
_MOST = 500  # names that are counted individually
_REST = "(others)"

Names = tuple[str, ...]


def add_bounded(counts: Counter[str], more: Mapping[str, int]) -> None:
    """Adds to the counts.

    Beyond the limit, new names are counted together, so that no input can exhaust memory.
    """
    for name, count in more.items():
        counts[name if name in counts or len(counts) < _MOST else _REST] += count


def unknown_words(kind: Kind) -> Names:
    """Returns the unknown values of a kind of finding."""
    return odd_words(FINDING, ((wire, getattr(kind, name)) for wire, name in _WORDS.items()))


def counted_words(spool: Spool, rows: npt.NDArray[Any]) -> Counter[str]:
    """Returns the counts of unknown values, by finding."""
    many = np.bincount(spool.column(rows, "kind"), minlength=len(spool.kinds)).tolist()
    counts: Counter[str] = Counter()
    for kind, count in zip(spool.kinds.in_order(), many, strict=True):
        add_bounded(counts, {f"finding.{name}": count for name in unknown_words(kind)})
    return counts


class UnknownValues:
    """Builds the column ``not_understood``.

    Its values are what the spool found in kinds, shared texts, resources and extra fields.
    """

    def __init__(self, spool: Spool) -> None:
        self._names: dict[Names, int] = {(): 0}
        texts = spool.texts
        self._kinds = self._codes(
            len(spool.kinds), enumerate(map(unknown_words, spool.kinds.in_order()))
        )
        self._resources = self._codes(len(texts["resources"]), texts["resources"].odd.items())
        self._extra = self._codes(len(texts["extra"]), texts["extra"].odd.items())
        self._shapes = self._of_shapes(spool)

    def column(self, rows: npt.NDArray[Any]) -> pa.Array:
        """Returns the value for each row; null for nearly all."""
        places = [
            (self._kinds, "kind"),
            (self._shapes, "shape"),
            (self._resources, "resources"),
            (self._extra, "extra"),
        ]
        codes = np.stack([known[rows[name]] for known, name in places], axis=1)
        if not codes.any():
            return pa.DictionaryArray.from_arrays(
                pa.array([None] * len(rows), pa.int32()), pa.array([], pa.string())
            )
        distinct, inverse = np.unique(codes, axis=0, return_inverse=True)
        known = list(self._names)
        words = [mark(name for code in some for name in known[code]) for some in distinct.tolist()]
        return pa.array(words, pa.string()).take(pa.array(inverse.reshape(-1))).dictionary_encode()

    def _codes(self, many: int, found: Iterable[tuple[int, Names]]) -> npt.NDArray[np.int32]:
        codes = np.zeros(many, np.int32)
        for number, names in found:
            codes[number] = self._names.setdefault(names, len(self._names))
        return codes

    def _of_shapes(self, spool: Spool) -> npt.NDArray[np.int32]:
        table = spool.shapes.table()
        return self._codes(len(table), _odd_shapes(spool, table))


def _odd_shapes(spool: Spool, table: npt.NDArray[np.int32]) -> Iterator[tuple[int, Names]]:
    columns = [
        (place, spool.texts[name].odd)
        for place, name in enumerate(SHAPE_FIELDS)
        if spool.texts[name].odd
    ]
    hit = np.zeros(len(table), bool)
    for place, odd in columns:
        hit |= np.isin(table[:, place], list(odd))
    for shape in np.flatnonzero(hit).tolist():
        yield (
            shape,
            tuple(name for place, odd in columns for name in odd.get(int(table[shape, place]), ())),
        )
