"""Typed decoding of ListFindings and ListCoverage responses, without loss.

botocore's parser takes 160 µs per finding and drops fields that are not in its model. Typed
decoding of the raw body takes 6 µs; nested parts stay raw JSON. A page with anything unexpected is
decoded again field by field: an unexpected value affects only its own field, is kept unchanged in
``extra``, and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, TypeVar

import msgspec

from sre_findings.inspector.json_repair import NOT_JSON, cleaned, is_marked, mended, original, sound
from sre_findings.model.findings.finding import NO_ARN, UNDECODED
from sre_findings.model.timestamps import EARLIEST, LATEST, epoch_of, is_time

NONESTED = msgspec.Raw()


class Garbled(Exception):
    """A body that is not JSON even after repair, or lacks required fields. It is retried."""


class WireFinding(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A finding in ListFindings. Times are epoch seconds.

    Source: API reference, Finding (botocore 1.44.8).
    """

    findingArn: str  # noqa: N815 - names of the API, here and below
    awsAccountId: str | None = None  # noqa: N815
    type: str | None = None
    severity: str | None = None
    status: str | None = None
    title: str | None = None
    description: str | None = None
    fixAvailable: str | None = None  # noqa: N815
    exploitAvailable: str | None = None  # noqa: N815
    firstObservedAt: float | None = None  # noqa: N815
    lastObservedAt: float | None = None  # noqa: N815
    updatedAt: float | None = None  # noqa: N815
    inspectorScore: float | None = None  # noqa: N815
    resources: msgspec.Raw = NONESTED
    packageVulnerabilityDetails: msgspec.Raw = NONESTED  # noqa: N815
    networkReachabilityDetails: msgspec.Raw = NONESTED  # noqa: N815
    codeVulnerabilityDetails: msgspec.Raw = NONESTED  # noqa: N815
    inspectorScoreDetails: msgspec.Raw = NONESTED  # noqa: N815
    exploitabilityDetails: msgspec.Raw = NONESTED  # noqa: N815
    epss: msgspec.Raw = NONESTED
    remediation: msgspec.Raw = NONESTED


_TIMES = frozenset({"firstObservedAt", "lastObservedAt", "updatedAt"})
_LONGEST_NAME = 80  # of an unknown field, in counts

_Time = Annotated[float, msgspec.Meta(ge=EARLIEST, le=LATEST)]
_Score = Annotated[float, msgspec.Meta(ge=0, le=10)]
_Arn = Annotated[str, msgspec.Meta(min_length=1)]


def _strictly(name: str) -> Any:
    """The type of a field on the fast path, without null.

    Pages with any other value take the slow path, which keeps it.
    """
    if name in _TIMES:
        return _Time
    return {"inspectorScore": _Score, "findingArn": _Arn}.get(
        name, msgspec.Raw if name in NESTED else str
    )


NESTED = frozenset(f.name for f in msgspec.structs.fields(WireFinding) if f.type is msgspec.Raw)
_KNOWN = frozenset(WireFinding.__struct_fields__)
_STRICT_FIELDS: list[Any] = [
    (f.name, _strictly(f.name)) if f.required else (f.name, _strictly(f.name), f.default)
    for f in msgspec.structs.fields(WireFinding)
]
_STRICT: Any = msgspec.defstruct(
    "_Strict", _STRICT_FIELDS, bases=(WireFinding,), forbid_unknown_fields=True, gc=False
)
_STRICT_PAGE: Any = msgspec.defstruct(
    "_StrictPage",
    [("findings", list[_STRICT]), ("nextToken", str | None, None)],
    forbid_unknown_fields=True,
)


class FindingsPage(msgspec.Struct):
    """One page of ListFindings.

    ``extras`` has, by position, the JSON of the fields that WireFinding cannot hold, and ``odd``
    the names of the fields and values that are unknown.
    """

    findings: list[WireFinding]
    nextToken: str | None = None  # noqa: N815
    extras: dict[int, bytes] = {}
    odd: dict[int, tuple[str, ...]] = {}
    unknown: Counter[str] = msgspec.field(default_factory=Counter)


class WireResource(msgspec.Struct):
    """The part of a finding's resource that becomes columns. The whole is stored as JSON too."""

    id: str
    type: str = ""
    region: str = ""
    partition: str = ""
    tags: dict[str, str] | None = None
    details: dict[str, dict[str, Any]] = {}


class WirePackages(msgspec.Struct):
    """The part of packageVulnerabilityDetails that becomes columns; the packages stay JSON."""

    vulnerabilityId: str | None = None  # noqa: N815
    source: str | None = None
    vulnerablePackages: msgspec.Raw = NONESTED  # noqa: N815


class WireEpss(msgspec.Struct):
    """A finding's EPSS. Source: API reference, EpssDetails."""

    score: float | None = None


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

    resourceId: _Arn  # noqa: N815
    resourceType: _Arn  # noqa: N815
    accountId: _Arn  # noqa: N815
    scanType: _Arn  # noqa: N815
    scanStatus: ScanStatus | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    scanMode: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    lastScannedAt: _Time | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
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


T = TypeVar("T")

_PAGE = msgspec.json.Decoder(_STRICT_PAGE)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TOKEN = msgspec.json.Decoder(str | None)
NESTEDS = msgspec.json.Decoder(list[msgspec.Raw])
_COVERED = msgspec.json.Decoder(_Covered)
_COVERED_FIELDS = frozenset(WireCoverage.__struct_fields__)
_PROVIDER_FIELDS = tuple(name for name in _Covered.__struct_fields__ if name not in _COVERED_FIELDS)
_IDENTITY = ("resourceId", "resourceType", "accountId", "scanType")
_ANY = msgspec.json.Decoder()
_RESOURCES = msgspec.json.Decoder(list[WireResource])
_PACKAGES = msgspec.json.Decoder(WirePackages)
_EPSS = msgspec.json.Decoder(WireEpss)


def decode_findings(body: bytes) -> FindingsPage:
    """Decodes a page of ListFindings. Raises Garbled if the body is not one.

    The fast path accepts what the API documents. A page with anything else is decoded again, field
    by field.
    """
    try:
        body.decode()  # checks UTF-8 in nested parts too, which the decoder does not parse
        page = _PAGE.decode(body)
    except NOT_JSON:
        return _insist(body, _findings_page, "a page without its findings")
    return FindingsPage(page.findings, page.nextToken)


def decode_object(body: bytes) -> dict[str, Any]:
    """Decodes any other response as plain data. Raises Garbled if it is not a JSON object."""
    values = _insist(body, lambda text: _ANY.decode(sound(text)), "not JSON")
    if not isinstance(values, dict):
        raise Garbled(f"not a JSON object but {type(values).__name__}")
    return values


def decode_coverage(body: bytes) -> CoveragePage:
    """Decodes a page of ListCoverage. Raises Garbled if the body is not one."""
    return _insist(body, _coverage_page, "a page without its coverage")


def decode_resources(raw: bytes) -> list[WireResource]:
    """A finding's resources.

    If one has an unexpected shape, the fields that fit become columns; its JSON is kept anyway.
    """
    try:
        return _RESOURCES.decode(raw)
    except NOT_JSON:
        found = _value(raw)
        return [_resource(one) for one in found] if isinstance(found, list) else []


def decode_packages(raw: bytes) -> WirePackages:
    """A finding's packageVulnerabilityDetails; as lenient as :func:`decode_resources`."""
    try:
        return _PACKAGES.decode(raw)
    except NOT_JSON:
        return _packages(raw)


def decode_epss(raw: bytes) -> float | None:
    """The EPSS score of a finding, 0 to 1; None if there is none."""
    try:
        score = _EPSS.decode(raw).score if raw else None
    except NOT_JSON:
        return None
    return score if score is not None and 0 <= score <= 1 else None


def _insist(body: bytes, decode: Callable[[bytes], T], what: str) -> T:
    """Decodes the body, repairing it first if it is not valid JSON. Raises Garbled."""
    try:
        body.decode()
        return decode(body)
    except NOT_JSON:
        pass
    try:
        return decode(mended(body))
    except NOT_JSON as error:
        raise Garbled(f"{what}: {error}") from error


def _value(raw: bytes) -> Any:
    """The JSON as plain data; None if it is not valid."""
    try:
        return _ANY.decode(raw)
    except NOT_JSON:
        return None


def _resource(value: Any) -> WireResource:
    """The fields that fit, from a resource of any shape."""
    if not isinstance(value, dict):
        return WireResource("")
    texts = {
        key: value[key]
        for key in ("id", "type", "region", "partition")
        if isinstance(value.get(key), str)
    }
    tags, details = value.get("tags"), value.get("details")
    kept = (
        {key: text for key, text in tags.items() if isinstance(text, str)}
        if isinstance(tags, dict)
        else None
    )
    kinds = (
        {key: one for key, one in details.items() if isinstance(one, dict)}
        if isinstance(details, dict)
        else {}
    )
    return WireResource(**{"id": "", **texts}, tags=kept, details=kinds)


def _packages(raw: bytes) -> WirePackages:
    """The fields that fit, from packageVulnerabilityDetails of any shape."""
    try:
        fields = _FIELDS.decode(raw)
    except NOT_JSON:
        return WirePackages()
    texts = {
        key: value
        for key in ("vulnerabilityId", "source")
        if isinstance(value := _value(fields.get(key, b"null")), str)
    }
    return WirePackages(**texts, vulnerablePackages=fields.get("vulnerablePackages", NONESTED))


def _findings_page(body: bytes) -> FindingsPage:
    """Decodes field by field, so that an unexpected value does not lose the others."""
    values = _FIELDS.decode(body)
    findings = NESTEDS.decode(values.get("findings", b"null"))
    token: str | None = _TOKEN.decode(values.get("nextToken", b"null"))
    unknown = Counter(
        {f"page.{short_name(key)}": 1 for key in values.keys() - {"findings", "nextToken"}}
    )
    page = FindingsPage([], token, {}, {}, unknown)
    for position, finding in enumerate(findings):
        _take(page, position, bytes(finding))
    return page


def _take(page: FindingsPage, position: int, raw: bytes) -> None:
    """Adds a finding of any shape to the page.

    Fields that do not fit go to ``extras`` unchanged.
    """
    item = _Item()
    for key, value in _fields_of(raw).items():
        item.take(key, value, _KNOWN, NESTED, _fit)
    if not item.known.get("findingArn") or item.is_undecoded("findingArn"):
        item.known["findingArn"] = NO_ARN + sha256(raw).hexdigest()
        item.odd.setdefault("findingArn")
    page.findings.append(WireFinding(**item.known))
    page.unknown.update(f"finding.{name}" for name in item.odd)
    if item.odd:
        page.odd[position] = tuple(item.odd)
    if (extra := item.extra_text()) or item.odd:
        page.extras[position] = extra or b"{}"


def _fields_of(raw: bytes) -> dict[str, msgspec.Raw]:
    """The fields of a list item. An item that is not an object becomes one field without a name."""
    try:
        return _FIELDS.decode(raw)
    except NOT_JSON:
        return {"": msgspec.Raw(raw)}


class _Item:
    """Collects an item's fields: ``known`` values, extra fields, and the names of ``odd`` ones."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.odd: dict[str, None] = {}
        self._extra: dict[str, msgspec.Raw] = {}
        self._undecoded: dict[str, str] = {}

    def take(
        self,
        key: str,
        raw: msgspec.Raw,
        known: Container[str],
        nested: Container[str],
        fit: Callable[[str, Any], Any],
    ) -> None:
        """Adds one field. ``fit`` returns the value of a known field, or None if it does not fit.

        ``nested`` fields stay raw JSON.
        """
        name = cleaned(key.encode()).decode()
        text = cleaned(bytes(raw))
        if is_marked(bytes(raw)) or is_marked(key.encode()):
            self._undecoded[name] = original(bytes(raw))
            self.odd[short_name(name)] = None
        if name in nested:
            self.known[name] = msgspec.Raw(text)
            return
        value = _value(text) if name in known else None
        fitted = fit(name, value) if value is not None else None
        if fitted is not None:
            self.known[name] = fitted
        if not _exact(fitted, value):
            self._extra[name] = msgspec.Raw(sound(text))
            if name not in known or text != b"null":
                self.odd[short_name(name)] = None

    def is_undecoded(self, name: str) -> bool:
        """Whether the field's text was not valid Unicode, so that it cannot serve as an identity.

        Two different values may look the same after repair.
        """
        return name in self._undecoded

    def extra_text(self) -> bytes:
        """The JSON of the extra fields; empty if there are none."""
        kept = self._extra | (
            {UNDECODED: msgspec.Raw(msgspec.json.encode(self._undecoded))}
            if self._undecoded
            else {}
        )
        return msgspec.json.encode(kept) if kept else b""


def short_name(name: str) -> str:
    """A field's name, truncated for counting."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _exact(fitted: Any, value: Any) -> bool:
    """Whether a field holds the value unchanged.

    A null never is: it differs from an absent field and is kept among the extra fields.
    """
    if isinstance(fitted, ScanStatus):
        return set(value) <= {"statusCode", "reason"}
    return fitted is not None and fitted is value


def _fit(key: str, value: Any) -> Any:
    """The value in the type of its field, or None if it does not fit."""
    if key in _TIMES:
        found = epoch_of(value) if isinstance(value, str) else value
        return found if is_time(found) else None
    if key == "inspectorScore":
        return (
            value
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10
            else None
        )
    return value if isinstance(value, str) else None


def _coverage_page(body: bytes) -> CoveragePage:
    values = _FIELDS.decode(body)
    token: str | None = _TOKEN.decode(values.get("nextToken", b"null"))
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
    item = _Item()
    for key, value in _fields_of(raw).items():
        item.take(key, value, _COVERED_FIELDS, ("resourceMetadata",), _fit_covered)
    named: dict[str, Any] = {**dict.fromkeys(_IDENTITY, ""), **item.known}
    odd = dict.fromkeys((*item.odd, *(name for name in _IDENTITY if not named[name])))
    return (
        WireCoverage(**named),
        item.extra_text(),
        tuple(name for name in odd if name not in _PROVIDER_FIELDS),
    )


def _fit_covered(key: str, value: Any) -> Any:
    """Like :func:`_fit`, for a row of coverage."""
    if key == "lastScannedAt":
        found = epoch_of(value) if isinstance(value, str) else value
        return found if is_time(found) else None
    if key == "scanStatus":
        texts = isinstance(value, dict) and all(
            isinstance(value.get(name, ""), str) for name in ("statusCode", "reason")
        )
        return ScanStatus(value.get("statusCode", ""), value.get("reason", "")) if texts else None
    return value if isinstance(value, str) else None
