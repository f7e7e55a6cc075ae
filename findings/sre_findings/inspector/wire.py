"""The wire of ListFindings and ListCoverage, decoded to typed values; nothing that arrives is
dropped.

botocore's parser costs 160 µs a finding and forgets fields that its model does not know. A typed
decode of the raw body costs 6 µs; nested parts stay raw JSON. A page with anything odd is decoded
again field by field: one odd value spoils only itself, is kept in ``extra`` as it came, and is
counted.
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
    """A body that is no answer: no JSON even when it is mended, or without what every answer has.
    It is to be asked again."""


class WireFinding(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A finding as ListFindings sends it. Times are epoch seconds. Source: API reference, Finding
    (botocore 1.44.8)."""

    findingArn: str  # noqa: N815 - the wire's names, here and below
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
_LONGEST_NAME = 80  # of a field that we do not know, where it is counted

_Time = Annotated[float, msgspec.Meta(ge=EARLIEST, le=LATEST)]
_Score = Annotated[float, msgspec.Meta(ge=0, le=10)]
_Arn = Annotated[str, msgspec.Meta(min_length=1)]


def _strictly(name: str) -> Any:
    """The type of a field on the quick way, null excluded: what does not fit is for the slow way,
    which keeps it."""
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
    """One page. ``extras`` holds, by position, the JSON of a finding's fields that WireFinding
    cannot take; ``odd`` the names of those that we do not understand."""

    findings: list[WireFinding]
    nextToken: str | None = None  # noqa: N815
    extras: dict[int, bytes] = {}
    odd: dict[int, tuple[str, ...]] = {}
    unknown: Counter[str] = msgspec.field(default_factory=Counter)


class WireResource(msgspec.Struct):
    """The part of a finding's resource that becomes columns; the whole stays beside it as JSON."""

    id: str
    type: str = ""
    region: str = ""
    partition: str = ""
    tags: dict[str, str] | None = None
    details: dict[str, dict[str, Any]] = {}


class WirePackages(msgspec.Struct):
    """The part of packageVulnerabilityDetails that becomes columns; the list of packages stays
    JSON."""

    vulnerabilityId: str | None = None  # noqa: N815
    source: str | None = None
    vulnerablePackages: msgspec.Raw = NONESTED  # noqa: N815


class WireEpss(msgspec.Struct):
    """A finding's epss. Source: API reference, EpssDetails."""

    score: float | None = None


class ScanStatus(msgspec.Struct, forbid_unknown_fields=True):
    """ScanStatus of a covered resource."""

    statusCode: str = ""  # noqa: N815
    reason: str = ""


class WireCoverage(msgspec.Struct):
    """One row of ListCoverage; ``resourceMetadata`` stays raw. Source: API reference,
    CoveredResource."""

    resourceId: str  # noqa: N815
    resourceType: str  # noqa: N815
    accountId: str  # noqa: N815
    scanType: str  # noqa: N815
    scanStatus: ScanStatus = msgspec.field(default_factory=ScanStatus)  # noqa: N815
    scanMode: str | None = None  # noqa: N815
    lastScannedAt: float | None = None  # noqa: N815
    resourceMetadata: msgspec.Raw = NONESTED  # noqa: N815


class _Covered(msgspec.Struct, forbid_unknown_fields=True):
    """A row of coverage on the quick way: null excluded, and where it is from as it came."""

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
    """One page of ListCoverage. ``extras`` holds, for each row, the JSON of the fields that
    WireCoverage has not or cannot take, ``odd`` the names of those that we do not understand."""

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
    """One page of ListFindings from its raw body. Raises Garbled when it is not one.

    The quick way takes what the API documents; a page with anything else is decoded again, field by
    field.
    """
    try:
        body.decode()  # nested parts stay raw, and raw parts are not looked into
        page = _PAGE.decode(body)
    except NOT_JSON:
        return _insist(body, _findings_page, "a page without its findings")
    return FindingsPage(page.findings, page.nextToken)


def decode_object(body: bytes) -> dict[str, Any]:
    """The body of any other answer as plain data. Raises Garbled when it is not a JSON object."""
    values = _insist(body, lambda text: _ANY.decode(sound(text)), "not JSON")
    if not isinstance(values, dict):
        raise Garbled(f"not a JSON object but {type(values).__name__}")
    return values


def decode_coverage(body: bytes) -> CoveragePage:
    """One page of ListCoverage from its raw body. Raises Garbled when it is not one."""
    return _insist(body, _coverage_page, "a page without its coverage")


def decode_resources(raw: bytes) -> list[WireResource]:
    """A finding's resources. Of one of another shape what fits becomes columns; its JSON is kept
    all the same."""
    try:
        return _RESOURCES.decode(raw)
    except NOT_JSON:
        found = _value(raw)
        return [_resource(one) for one in found] if isinstance(found, list) else []


def decode_packages(raw: bytes) -> WirePackages:
    """A finding's packageVulnerabilityDetails; the same promise as :func:`decode_resources`."""
    try:
        return _PACKAGES.decode(raw)
    except NOT_JSON:
        return _packages(raw)


def decode_epss(raw: bytes) -> float | None:
    """The score of a finding's epss, 0 to 1; None where it has none."""
    try:
        score = _EPSS.decode(raw).score if raw else None
    except NOT_JSON:
        return None
    return score if score is not None and 0 <= score <= 1 else None


def _insist(body: bytes, decode: Callable[[bytes], T], what: str) -> T:
    """The body decoded as it came, or mended where that is no JSON."""
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
    """The JSON as plain data; None where it is none."""
    try:
        return _ANY.decode(raw)
    except NOT_JSON:
        return None


def _resource(value: Any) -> WireResource:
    """What fits of a resource of any shape."""
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
    """What fits of packageVulnerabilityDetails of any shape."""
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
    """Field by field, each as it came: a value that does not fit its field is no reason to lose the
    others."""
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
    """One finding of any shape: what fits becomes a field, what does not goes to ``extras`` as it
    came."""
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
    """The fields of an item of a list; one that is no object at all has a single field without a
    name."""
    try:
        return _FIELDS.decode(raw)
    except NOT_JSON:
        return {"": msgspec.Raw(raw)}


class _Item:
    """An item of a list while its fields pass: the ``known`` ones, those that are ``extra``, and
    the names of the ``odd``."""

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
        """One field. ``fit`` gives the value that a known field takes, or None; ``nested`` ones
        stay as they are."""
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
        """Whether the field's text was no Unicode: two that differ there look alike, so none is an
        identity."""
        return name in self._undecoded

    def extra_text(self) -> bytes:
        """The JSON of what has no field; empty where there is none."""
        kept = self._extra | (
            {UNDECODED: msgspec.Raw(msgspec.json.encode(self._undecoded))}
            if self._undecoded
            else {}
        )
        return msgspec.json.encode(kept) if kept else b""


def short_name(name: str) -> str:
    """The name of a field as it is counted: names are few and short, but nobody promised it."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _exact(fitted: Any, value: Any) -> bool:
    """Whether a field holds the value exactly as it came. No field holds a null: it is kept beside,
    for it is not absent."""
    if isinstance(fitted, ScanStatus):
        return set(value) <= {"statusCode", "reason"}
    return fitted is not None and fitted is value


def _fit(key: str, value: Any) -> Any:
    """The value as its field takes it, or None."""
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
    """A row of coverage, what it has no field for, and the names of what we do not understand in
    it."""
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
    """A row that lacks what names it has an empty text there, which is no resource that anybody can
    be told is clean."""
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
    """The same as :func:`_fit` for a row of coverage."""
    if key == "lastScannedAt":
        found = epoch_of(value) if isinstance(value, str) else value
        return found if is_time(found) else None
    if key == "scanStatus":
        texts = isinstance(value, dict) and all(
            isinstance(value.get(name, ""), str) for name in ("statusCode", "reason")
        )
        return ScanStatus(value.get("statusCode", ""), value.get("reason", "")) if texts else None
    return value if isinstance(value, str) else None
