"""Shapes: the texts that findings of one vulnerability share, each combination with a number."""

from __future__ import annotations

from array import array
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from sre_scanner.spool.texts import Digests, Texts, digest_of

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

_SHAPES_MEMORY = 24 << 20
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


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
