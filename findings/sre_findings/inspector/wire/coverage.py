"""Pages of ListCoverage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec

from sre_findings.inspector.json_repair import NOT_JSON
from sre_findings.inspector.wire.body import insist
from sre_findings.inspector.wire.fields import (
    FIELDS,
    NESTEDS,
    NONESTED,
    TOKEN,
    Item,
    NonEmpty,
    Time,
    fields_of,
    fit_time,
)


class ScanStatus(msgspec.Struct, forbid_unknown_fields=True):
    """The scan status of a covered resource. Source: API reference, ScanStatus."""

    statusCode: str = ""  # noqa: N815
    reason: str = ""


class WireCoverage(msgspec.Struct):
    """One row of ListCoverage; ``resourceMetadata`` stays raw.

    Source: API reference, CoveredResource.
    """

    resourceId: str  # noqa: N815
    resourceType: str  # noqa: N815
    accountId: str  # noqa: N815
    scanType: str  # noqa: N815
    scanStatus: ScanStatus = msgspec.field(default_factory=ScanStatus)  # noqa: N815
    scanMode: str | None = None  # noqa: N815
    lastScannedAt: float | None = None  # noqa: N815
    resourceMetadata: msgspec.Raw = NONESTED  # noqa: N815


class _Covered(msgspec.Struct, forbid_unknown_fields=True):
    """A row of coverage on the fast path: without nulls, and with the provider fields raw."""

    resourceId: NonEmpty  # noqa: N815
    resourceType: NonEmpty  # noqa: N815
    accountId: NonEmpty  # noqa: N815
    scanType: NonEmpty  # noqa: N815
    scanStatus: ScanStatus | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    scanMode: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    lastScannedAt: Time | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    resourceMetadata: msgspec.Raw = NONESTED  # noqa: N815
    provider: msgspec.Raw = NONESTED
    providerAccountId: msgspec.Raw = NONESTED  # noqa: N815
    providerOrgId: msgspec.Raw = NONESTED  # noqa: N815
    providerRegion: msgspec.Raw = NONESTED  # noqa: N815
    providerPartition: msgspec.Raw = NONESTED  # noqa: N815


@dataclass(frozen=True, slots=True)
class CoveragePage:
    """One page of ListCoverage.

    For each row, ``extras`` has the JSON of the fields that WireCoverage lacks or cannot hold, and
    ``odd`` the names of the fields and values that are unknown.
    """

    coveredResources: list[WireCoverage]  # noqa: N815
    extras: list[bytes]
    nextToken: str | None  # noqa: N815
    unknown: Counter[str]
    odd: list[tuple[str, ...]]


_COVERED = msgspec.json.Decoder(_Covered)
_COVERED_FIELDS = frozenset(WireCoverage.__struct_fields__)
_PROVIDER_FIELDS = tuple(name for name in _Covered.__struct_fields__ if name not in _COVERED_FIELDS)
_IDENTITY = ("resourceId", "resourceType", "accountId", "scanType")


def decode_coverage(body: bytes) -> CoveragePage:
    """Decodes a page of ListCoverage. Raises Garbled if the body is not one."""
    return insist(body, _coverage_page, "a page without its coverage")


def _coverage_page(body: bytes) -> CoveragePage:
    values = FIELDS.decode(body)
    token: str | None = TOKEN.decode(values.get("nextToken", b"null"))
    page = CoveragePage([], [], token, Counter(), [])
    for raw in NESTEDS.decode(values.get("coveredResources", b"null")):
        row, extra, odd = _covered(bytes(raw))
        page.coveredResources.append(row)
        page.extras.append(extra)
        page.odd.append(odd)
        page.unknown.update(f"coverage.{name}" for name in odd)
    return page


def _covered(raw: bytes) -> tuple[WireCoverage, bytes, tuple[str, ...]]:
    """Decodes a row of coverage.

    Returns the row, the JSON of its extra fields, and the names of the unknown ones.
    """
    try:
        found = _COVERED.decode(raw)
    except NOT_JSON:
        return _covered_leniently(raw)
    row = WireCoverage(
        found.resourceId,
        found.resourceType,
        found.accountId,
        found.scanType,
        found.scanStatus or ScanStatus(),
        found.scanMode or None,
        found.lastScannedAt or None,
        found.resourceMetadata,
    )
    others = {name: value for name in _PROVIDER_FIELDS if bytes(value := getattr(found, name))}
    return row, msgspec.json.encode(others) if others else b"", ()


def _covered_leniently(raw: bytes) -> tuple[WireCoverage, bytes, tuple[str, ...]]:
    """Decodes a row of any shape.

    A missing identifying field becomes an empty string, so the row matches no resource and cannot
    prove one clean.
    """
    item = Item()
    for key, value in fields_of(raw).items():
        item.take(key, value, _COVERED_FIELDS, ("resourceMetadata",), _fit_covered)
    named: dict[str, Any] = {**dict.fromkeys(_IDENTITY, ""), **item.known}
    odd = dict.fromkeys((*item.odd, *(name for name in _IDENTITY if not named[name])))
    return (
        WireCoverage(**named),
        item.extra_text(),
        tuple(name for name in odd if name not in _PROVIDER_FIELDS),
    )


def _fit_covered(key: str, value: Any) -> Any:
    """The value in the type of its field, or None if it does not fit."""
    if key == "lastScannedAt":
        return fit_time(value)
    if key == "scanStatus":
        texts = isinstance(value, dict) and all(
            isinstance(value.get(name, ""), str) for name in ("statusCode", "reason")
        )
        return ScanStatus(value.get("statusCode", ""), value.get("reason", "")) if texts else None
    return value if isinstance(value, str) else None
