"""The spool: each finding as a row of fixed width in an unnamed temporary file.

A finding takes 64 bytes on disk. Only repeated values are kept in memory: kinds, shapes and texts.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from array import array
from collections import Counter
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from sre_findings.inspector.unknown_fields import look_at
from sre_findings.inspector.wire import FindingsPage, WireFinding
from sre_findings.store.objects.blobs import mapped_errors
from sre_scanner.spool.texts import NOTHING, Digests, Look, Texts, digest_of

SHAPE_FIELDS = (
    "title",
    "description",
    "vulnerability",
    "packages",
    "network_details",
    "code_details",
    "score_details",
    "exploitability",
    "epss",
    "remediation",
)
TEXT_FIELDS = (*SHAPE_FIELDS, "resources", "extra")
TIME_FIELDS = ("first_observed_at", "last_observed_at", "updated_at")
_WIRE_TIMES = ("firstObservedAt", "lastObservedAt", "updatedAt")

THIN = np.dtype(
    [
        ("tail", "u1", 16),
        *((name, "f8") for name in (*TIME_FIELDS, "inspector_score")),
        *((name, "i4") for name in ("kind", "shape", "resources", "extra")),
    ]
)

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

_TAIL = 32  # hexadecimal digits at the end of an ARN
_MICROSECONDS = 9e12  # seconds; a double cannot hold microseconds beyond this
_SHAPES_MEMORY = 24 << 20
_WAITING = 4096
_BLOCK = 1 << 17  # rows; 8 MB
_DOING = "cannot write temporary files of the scan"
_UNWRITTEN = "nothing was committed"


class Kind(NamedTuple):
    """The enumerated fields of a finding and the head of its ARN.

    A large organization has a few hundred kinds.
    """

    account_id: str | None
    type: str | None
    severity: str | None
    status: str | None
    fix_available: str | None
    exploit_available: str | None
    arn_head: str


class Kinds(dict[tuple[str | None, ...], int]):
    """Numbers of kinds, in order of first appearance."""

    def __missing__(self, key: tuple[str | None, ...]) -> int:
        self[key] = number = len(self)
        return number

    def in_order(self) -> list[Kind]:
        """Returns all kinds, by number."""
        return [Kind._make(key) for key in self]


class Shapes(dict[tuple[Any, ...], int]):
    """Numbers of the texts that findings of one vulnerability share.

    Memory is bounded by forgetting, as in Texts.
    """

    def __init__(self, texts: dict[str, Texts]) -> None:
        super().__init__()
        self._texts = [texts[name] for name in SHAPE_FIELDS]
        self._numbers, self._held, self._digests = array("i"), 0, Digests()

    def __missing__(self, key: tuple[Any, ...]) -> int:
        if self._held > _SHAPES_MEMORY:
            self.clear()
            self._held = 0
        title, description, *rest = key
        parts = ((title or "").encode(), (description or "").encode(), *rest)
        digest = digest_of(*parts)
        if (number := self._digests.get(digest)) is None:
            number = self._add(*parts)
            self._digests.keep(digest, number)
        self[key] = number
        self._held += sum(map(len, parts)) + 600
        return number

    def _add(self, title: bytes, description: bytes, package: bytes, *rest: bytes) -> int:
        parts = (title, description, *_split(package), *rest)
        self._numbers.extend([texts[part] for texts, part in zip(self._texts, parts, strict=True)])
        return len(self._numbers) // len(SHAPE_FIELDS) - 1

    def seal(self) -> None:
        """Frees everything but the numbers."""
        self.clear()
        self._digests.clear()

    def table(self) -> npt.NDArray[np.int32]:
        """Returns the text numbers of every shape, with one column per field of SHAPE_FIELDS."""
        return np.array(self._numbers, np.int32).reshape(-1, len(SHAPE_FIELDS))


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
        heads = _fill_tails(rows, found)
        _fill_numbers(rows, found, extras)
        self.changed += int(np.count_nonzero(rows["updated_at"] >= self._since))
        self._fill_repeated(rows, found, heads)
        _keep_empty_texts(found, extras)
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


_WORDS = attrgetter(
    "awsAccountId", "type", "severity", "status", "fixAvailable", "exploitAvailable"
)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Splits packageVulnerabilityDetails into two texts.

    They are the vulnerability, and its packages on the resource.
    """
    try:
        fields = _FIELDS.decode(raw) if raw else {}
    except (msgspec.DecodeError, RecursionError):  # not an object: kept unchanged
        return raw, b""
    packages = bytes(fields.pop("vulnerablePackages", b""))
    return msgspec.json.encode(fields) if raw else b"", packages


def _fill_tails(rows: npt.NDArray[Any], found: list[WireFinding]) -> list[str]:
    """Stores the hexadecimal ends of the ARNs as 16 bytes, and returns the heads.

    An ARN of another form becomes a head as a whole, marked by a trailing NUL, with a digest as its
    tail.
    """
    arns = [f.findingArn for f in found]
    digits = "".join([arn[-_TAIL:] for arn in arns])
    try:
        tails = bytes.fromhex(digits)
        if len(tails) == 16 * len(arns) and tails.hex() == digits:
            rows["tail"] = np.frombuffer(tails, np.uint8).reshape(-1, 16)
            return [arn[:-_TAIL] for arn in arns]
    except ValueError:
        pass
    digests = b"".join(hashlib.blake2b(arn.encode(), digest_size=16).digest() for arn in arns)
    rows["tail"] = np.frombuffer(digests, np.uint8).reshape(-1, 16)
    return [f"{arn}\0" for arn in arns]


def arn_of(head: str, tail: bytes) -> str:
    """Returns the ARN from the head and tail that the spool stores."""
    return head[:-1] if head.endswith("\0") else head + tail.hex()


def _fill_numbers(
    rows: npt.NDArray[Any], found: list[WireFinding], extras: dict[int, bytes]
) -> None:
    """Stores times and the score, None as NaN.

    Values that a column cannot hold exactly go into the row's extra JSON.
    """
    for name, wire in zip(TIME_FIELDS, _WIRE_TIMES, strict=True):
        values = np.array(list(map(attrgetter(wire), found)), dtype=np.float64)
        for i in np.flatnonzero(_inexact(values)):
            _add_extra(extras, int(i), wire, float(values[i]))
        rows[name] = np.where(np.abs(values) < _MICROSECONDS, values, np.nan)
    rows["inspector_score"] = np.array([f.inspectorScore for f in found], dtype=np.float64)


def _keep_empty_texts(found: list[WireFinding], extras: dict[int, bytes]) -> None:
    """Keeps empty titles and descriptions in the extra JSON.

    Text columns do not distinguish empty from missing.
    """
    for key in ("title", "description"):
        for i, text in enumerate(map(attrgetter(key), found)):
            if text == "":
                _add_extra(extras, i, key, "")


def _inexact(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Returns which times a column of microseconds cannot hold exactly."""
    known = ~np.isnan(seconds)
    inside = known & (np.abs(seconds) < _MICROSECONDS)
    exact = np.rint(np.where(inside, seconds, 0.0) * 1e6) / 1e6 == seconds
    lost: npt.NDArray[np.bool_] = known & ~(inside & exact)
    return lost


def _add_extra(extras: dict[int, bytes], position: int, key: str, value: float | str) -> None:
    fields = msgspec.json.decode(extras[position]) if position in extras else {}
    extras[position] = msgspec.json.encode({key: value, **fields})
