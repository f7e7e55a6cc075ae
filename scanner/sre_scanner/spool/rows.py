"""The rows of the spool: a finding's fields as columns of fixed width."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from sre_findings.inspector.wire.findings import WireFinding

Tails = npt.NDArray[np.uint8]
"""One row of 16 bytes for each ARN."""

Keys = npt.NDArray[np.uint64]
"""One number for each ARN."""

TIME_FIELDS = ("first_observed_at", "last_observed_at", "updated_at")
_WIRE_TIMES = ("firstObservedAt", "lastObservedAt", "updatedAt")

THIN = np.dtype(
    [
        ("tail", "u1", 16),
        *((name, "f8") for name in (*TIME_FIELDS, "inspector_score")),
        *((name, "i4") for name in ("kind", "shape", "resources", "extra")),
    ]
)

_TAIL = 32  # hexadecimal digits at the end of an ARN
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # any odd number
_MICROSECONDS = 9e12  # seconds; a double cannot hold microseconds beyond this


def fill_arns(rows: npt.NDArray[Any], found: list[WireFinding]) -> list[str]:
    """Stores the hexadecimal ends of the ARNs as 16 bytes, and returns the heads.

    An ARN of another form becomes a head as a whole, marked by a trailing NUL, with a digest as its
    tail.
    """
    arns = [f.findingArn for f in found]
    if (tails := tails_of(arns)) is not None:
        rows["tail"] = tails
        return [arn[:-_TAIL] for arn in arns]
    rows["tail"] = digests_of(arns)
    return [f"{arn}\0" for arn in arns]


def tails_of(arns: Sequence[str]) -> Tails | None:
    """Returns the hexadecimal ends of ARNs as 16 bytes each, or None if any has another form."""
    digits = "".join([arn[-_TAIL:] for arn in arns])
    try:
        tails = bytes.fromhex(digits)
    except ValueError:
        return None
    if len(tails) != 16 * len(arns) or tails.hex() != digits:
        return None
    return np.frombuffer(tails, np.uint8).reshape(-1, 16)


def digests_of(arns: Sequence[str]) -> Tails:
    """Returns a digest of 16 bytes for each ARN."""
    digests = b"".join(hashlib.blake2b(arn.encode(), digest_size=16).digest() for arn in arns)
    return np.frombuffer(digests, np.uint8).reshape(-1, 16)


def arn_keys(tails: Tails) -> Keys:
    """Returns 64 bits of each tail. Of a million findings, two share them once in 10⁷ scans."""
    halves = np.ascontiguousarray(tails).view(np.uint64)
    keys: Keys = halves[:, 0] * _FACTOR + halves[:, 1]
    return keys


def arn_of(head: str, tail: bytes) -> str:
    """Returns the ARN from the head and tail that the spool stores."""
    return head[:-1] if head.endswith("\0") else head + tail.hex()


def fill_numbers(
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


def keep_empty_texts(found: list[WireFinding], extras: dict[int, bytes]) -> None:
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
