"""The spool: each finding as a row of fixed width in an unnamed temporary file.

A finding takes 64 bytes on disk. Only repeated values are kept in memory: kinds, shapes and texts.
"""

from __future__ import annotations

import mmap
import tempfile
from collections import Counter
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from sre_findings.files import mapped_errors
from sre_findings.inspector.unknown_fields import look_at
from sre_findings.inspector.wire.findings import FindingsPage, WireFinding
from sre_scanner.spool.kinds import Kinds
from sre_scanner.spool.rows import THIN, fill_arns, fill_numbers, keep_empty_texts
from sre_scanner.spool.shapes import SHAPE_FIELDS, Shapes
from sre_scanner.spool.texts import NOTHING, Look, Texts

TEXT_FIELDS = (*SHAPE_FIELDS, "resources", "extra")

_PACKAGES = "finding.packageVulnerabilityDetails"
_PATHS = {
    "vulnerability": _PACKAGES,
    "packages": f"{_PACKAGES}.vulnerablePackages",
    "network_details": "finding.networkReachabilityDetails",
    "code_details": "finding.codeVulnerabilityDetails",
    "score_details": "finding.inspectorScoreDetails",
    "exploitability": "finding.exploitabilityDetails",
    "epss": "finding.epss",
    "remediation": "finding.remediation",
    "resources": "finding.resources",
}
"""The fields whose distinct texts are checked for unknown content."""

_WAITING = 4096
_BLOCK = 1 << 17  # rows; 8 MB
_DOING = "cannot write temporary files of the scan"
_UNWRITTEN = "nothing was committed"
_WORDS = attrgetter(
    "awsAccountId", "type", "severity", "status", "fixAvailable", "exploitAvailable"
)


class Spool:
    """Stores pages of findings as narrow rows.

    ``rows`` returns them as one array over the file after all pages were added. ``changed`` counts
    findings updated at or after ``since`` (epoch seconds), which means while the scan was reading.
    """

    def __init__(self, since: float = np.inf) -> None:
        self._since, self.changed = since, 0
        self.kinds = Kinds()
        self.texts = {
            name: Texts(look=self._look(path) if (path := _PATHS.get(name)) else None)
            for name in TEXT_FIELDS
        }
        self.shapes = Shapes(self.texts)
        self.unknown: Counter[str] = Counter()
        self.count = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - unlinked at once, so that a killed scan leaves nothing
        self._map: mmap.mmap | None = None
        self._waiting: list[WireFinding] = []
        self._extras: dict[int, bytes] = {}
        self._odd: dict[int, tuple[str, ...]] = {}

    def _look(self, path: str) -> Look:
        """Returns a function that checks a field's distinct texts and counts unknown content."""

        def look(text: bytes) -> tuple[bytes, tuple[str, ...]]:
            kept, names = look_at(path, text)
            self.unknown.update(f"finding.{name}" for name in names)
            return kept, names

        return look

    def add(self, page: FindingsPage) -> None:
        """Adds a page. Raises StoreUnreadable if the disk for temporary files is full."""
        for position, extra in page.extras.items():
            self._extras[len(self._waiting) + position] = extra
        for position, names in page.odd.items():
            self._odd[len(self._waiting) + position] = names
        self.unknown.update(page.unknown)
        self._waiting.extend(page.findings)
        if len(self._waiting) >= _WAITING:
            with mapped_errors(_DOING, _UNWRITTEN):
                self._flush()

    def seal(self) -> None:
        """Frees the memory for finding known texts.

        A page added later can store a text a second time.
        """
        with mapped_errors(_DOING, _UNWRITTEN):
            self._flush()
        self.shapes.seal()
        for texts in self.texts.values():
            texts.seal()

    def rows(self) -> npt.NDArray[Any]:
        """Returns all rows so far, in order of arrival."""
        with mapped_errors(_DOING, _UNWRITTEN):
            self._flush()
            self._file.flush()
        if not self.count:
            return np.empty(0, THIN)
        self._map = mmap.mmap(
            self._file.fileno(), self.count * THIN.itemsize, access=mmap.ACCESS_READ
        )
        return np.frombuffer(self._map, THIN)

    def column(self, rows: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
        """Returns one field of all rows.

        It is read in blocks, so that the rest of the file does not stay in memory.
        """
        found = np.empty((len(rows), *rows.dtype[name].shape), rows.dtype[name].base)
        for start in range(0, len(rows), _BLOCK):
            found[start : start + _BLOCK] = rows[name][start : start + _BLOCK]
            self.release()
        return found

    def pick(self, rows: npt.NDArray[Any], places: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Returns the rows at these positions, read in blocks of the file as in ``column``."""
        found, order = np.empty(len(places), rows.dtype), np.argsort(places)
        ascending = places[order]
        for start in range(0, len(rows), _BLOCK):
            first, last = np.searchsorted(ascending, (start, start + _BLOCK))
            if first < last:
                found[order[first:last]] = rows[ascending[first:last]]
                self.release()
        return found

    def release(self) -> None:
        """Removes pages of the files from memory. They are read again when needed."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)
        for texts in self.texts.values():
            texts.release()

    def close(self) -> None:
        """Closes and deletes the files."""
        self._file.close()
        for texts in self.texts.values():
            texts.close()

    def _flush(self) -> None:
        """Writes the waiting findings as rows, column by column."""
        found, self._waiting = self._waiting, []
        (extras, self._extras), (odd, self._odd) = (self._extras, {}), (self._odd, {})
        if not found:
            return
        rows = np.empty(len(found), THIN)
        heads = fill_arns(rows, found)
        fill_numbers(rows, found, extras)
        self.changed += int(np.count_nonzero(rows["updated_at"] >= self._since))
        self._fill_repeated(rows, found, heads)
        keep_empty_texts(found, extras)
        extra = self.texts["extra"]
        rows["extra"] = (
            [extra[extras.get(i, b"")] for i in range(len(found))] if extras else NOTHING
        )
        extra.odd.update(
            (int(rows["extra"][i]), names)
            for i, names in odd.items()
            if rows["extra"][i] != NOTHING
        )
        self._file.write(rows.tobytes())
        self.count += len(found)

    def _fill_repeated(
        self, rows: npt.NDArray[Any], found: list[WireFinding], heads: list[str]
    ) -> None:
        kinds, shapes, resources = self.kinds, self.shapes, self.texts["resources"]
        words = zip(map(_WORDS, found), heads, strict=True)
        rows["kind"] = [kinds[(*some, head)] for some, head in words]
        rows["shape"] = [
            shapes[
                f.title,
                f.description,
                bytes(f.packageVulnerabilityDetails),
                bytes(f.networkReachabilityDetails),
                bytes(f.codeVulnerabilityDetails),
                bytes(f.inspectorScoreDetails),
                bytes(f.exploitabilityDetails),
                bytes(f.epss),
                bytes(f.remediation),
            ]
            for f in found
        ]
        rows["resources"] = [resources[bytes(f.resources)] for f in found]
