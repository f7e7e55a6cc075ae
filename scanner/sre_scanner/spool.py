"""Findings on their way from pages to sorted parts: a fixed-width row each, in an unnamed temporary file.

About 250 bytes a finding on disk, and nothing in memory but the texts that repeat (see ``texts``).
"""

from __future__ import annotations

import mmap
import tempfile
from collections import Counter
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from sre_findings.inspector.wire import FindingsPage, Garbled, WireFinding
from sre_scanner.texts import NOTHING, Texts

ARN_LIMIT = 100  # API reference, FindingArn

KIND_FIELDS = ("account_id", "type", "severity", "status", "fix_available", "exploit_available")
TEXT_FIELDS = ("title", "description", "resources", "vulnerability", "packages", "network_details", "code_details",
               "score_details", "exploitability", "epss", "remediation", "extra")  # fmt: skip
TIME_FIELDS = ("first_observed_at", "last_observed_at", "updated_at")

THIN = np.dtype([
    ("arn", f"S{ARN_LIMIT}"),
    ("arn_hash", "i8"),
    *((name, "f8") for name in (*TIME_FIELDS, "inspector_score")),
    ("kind", "i4"),
    *((name, "i4") for name in TEXT_FIELDS),
])  # fmt: skip

_MICROSECONDS = 9e12  # beyond this many seconds a double has no microseconds left


class Kinds(dict[tuple[str | None, ...], int]):
    """Numbers for the few combinations of short words (account, type, severity, status, fix, exploit)."""

    def __missing__(self, key: tuple[str | None, ...]) -> int:
        self[key] = number = len(self)
        return number


class Spool:
    """Takes pages, keeps thin rows. ``rows`` gives them back as one array over the file once all are in."""

    def __init__(self) -> None:
        self.kinds = Kinds()
        self.texts = {name: Texts() for name in TEXT_FIELDS}
        self.unknown: Counter[str] = Counter()
        self.count = 0
        self._splits = _Splits(self.texts["vulnerability"], self.texts["packages"])
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - unlinked at once, so that a killed scan leaves nothing
        self._map: mmap.mmap | None = None
        self._waiting: list[WireFinding] = []
        self._extras: dict[int, bytes] = {}

    def add(self, page: FindingsPage) -> None:
        """Takes a page. Raises Garbled for a finding that no API would send (its ARN is too long or not ASCII)."""
        for position, extra in page.extras.items():
            self._extras[len(self._waiting) + position] = extra
        self.unknown.update(page.unknown)
        self._waiting.extend(page.findings)
        if len(self._waiting) >= 4096:
            self._flush()

    def rows(self) -> npt.NDArray[Any]:
        """Every thin row so far, in the order of arrival."""
        self._flush()
        self._file.flush()
        if not self.count:
            return np.empty(0, THIN)
        self._map = mmap.mmap(self._file.fileno(), self.count * THIN.itemsize, access=mmap.ACCESS_READ)
        return np.frombuffer(self._map, THIN)

    def release(self) -> None:
        """Lets pages of the file that were read go from memory."""
        for mapped in (self._map, *self.texts.values()):
            if isinstance(mapped, mmap.mmap):
                mapped.madvise(mmap.MADV_DONTNEED)
            elif mapped is not None:
                mapped.release()

    def close(self) -> None:
        """Gives the files back to the disk."""
        self._file.close()
        for texts in self.texts.values():
            texts.close()

    def _flush(self) -> None:
        """Turns the waiting findings into thin rows, a column at a time."""
        found, self._waiting = self._waiting, []
        extras, self._extras = self._extras, {}
        if not found:
            return
        rows = np.empty(len(found), THIN)
        _fill_arns(rows, found)
        _fill_numbers(rows, found, extras)
        self._fill_kinds_and_texts(rows, found, extras)
        self._file.write(rows.tobytes())
        self.count += len(found)

    def _fill_kinds_and_texts(self, rows: npt.NDArray[Any], found: list[WireFinding], extras: dict[int, bytes]) -> None:
        kinds, texts = self.kinds, self.texts
        rows["kind"] = [kinds[f.awsAccountId, f.type, f.severity, f.status, f.fixAvailable, f.exploitAvailable] for f in found]
        title, description, splits = texts["title"], texts["description"], self._splits
        rows["title"] = [title[f.title.encode()] if f.title is not None else NOTHING for f in found]
        rows["description"] = [description[f.description.encode()] if f.description is not None else NOTHING for f in found]
        pairs = [splits[bytes(f.packageVulnerabilityDetails)] for f in found]
        rows["vulnerability"], rows["packages"] = zip(*pairs, strict=True)
        for name, attribute in _RAW.items():
            store = texts[name]
            rows[name] = [store[bytes(raw)] for raw in map(attrgetter(attribute), found)]
        _keep_empty_texts(found, extras)
        extra = texts["extra"]
        rows["extra"] = [extra[extras.get(i, b"")] for i in range(len(found))] if extras else NOTHING


_RAW = {
    "resources": "resources",
    "network_details": "networkReachabilityDetails",
    "code_details": "codeVulnerabilityDetails",
    "score_details": "inspectorScoreDetails",
    "exploitability": "exploitabilityDetails",
    "epss": "epss",
    "remediation": "remediation",
}


class _Splits(dict[bytes, tuple[int, int]]):
    """packageVulnerabilityDetails as two texts: the vulnerability, and the packages of it that a resource has."""

    def __init__(self, vulnerability: Texts, packages: Texts, limit: int = 40_000) -> None:
        super().__init__({b"": (NOTHING, NOTHING)})
        self._vulnerability, self._packages, self._limit = vulnerability, packages, limit

    def __missing__(self, raw: bytes) -> tuple[int, int]:
        if len(self) > self._limit:
            self.clear()
            self[b""] = (NOTHING, NOTHING)
        try:
            fields = _FIELDS.decode(raw)
        except msgspec.DecodeError:  # not an object: kept as it came
            return self._vulnerability[raw], NOTHING
        packages = bytes(fields.pop("vulnerablePackages", b""))
        self[raw] = pair = self._vulnerability[msgspec.json.encode(fields)], self._packages[packages]
        return pair


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _fill_arns(rows: npt.NDArray[Any], found: list[WireFinding]) -> None:
    arns = [f.findingArn for f in found]
    if max(map(len, arns)) > ARN_LIMIT or not all(map(str.isascii, arns)):
        raise Garbled("a findingArn that the API does not allow")
    rows["arn"] = arns
    rows["arn_hash"] = list(map(hash, arns))


def _fill_numbers(rows: npt.NDArray[Any], found: list[WireFinding], extras: dict[int, bytes]) -> None:
    """Times and score, None as NaN. What a column could not hold exactly goes to the row's extra JSON."""
    for name, wire in zip(TIME_FIELDS, ("firstObservedAt", "lastObservedAt", "updatedAt"), strict=True):
        values = np.array([getattr(f, wire) for f in found], dtype=np.float64)
        for i in np.flatnonzero(_inexact(values)):
            _add_extra(extras, int(i), wire, float(values[i]))
        rows[name] = np.where(np.abs(values) < _MICROSECONDS, values, np.nan)
    rows["inspector_score"] = np.array([f.inspectorScore for f in found], dtype=np.float64)


def _keep_empty_texts(found: list[WireFinding], extras: dict[int, bytes]) -> None:
    """An empty title is not a missing one, and a column of texts cannot tell them apart."""
    for i, f in enumerate(found):
        if f.title == "" or f.description == "":
            for key in ("title", "description"):
                if getattr(f, key) == "":
                    _add_extra(extras, i, key, "")


def _inexact(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which times a column of microseconds would not give back as they came."""
    known = ~np.isnan(seconds)
    inside = known & (np.abs(seconds) < _MICROSECONDS)
    exact = np.rint(np.where(inside, seconds, 0.0) * 1e6) / 1e6 == seconds
    lost: npt.NDArray[np.bool_] = known & ~(inside & exact)
    return lost


def _add_extra(extras: dict[int, bytes], position: int, key: str, value: float | str) -> None:
    fields = msgspec.json.decode(extras[position]) if position in extras else {}
    extras[position] = msgspec.json.encode({key: value, **fields})
