"""The wire of ListFindings and ListCoverage, decoded to typed values; nothing that arrives is dropped.

botocore's parser costs 160 µs a finding and forgets fields that its model does not know. A typed decode of the raw body
costs 6 µs; nested parts stay raw JSON, and fields that we do not know are kept in ``extra`` and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

NO_RAW = msgspec.Raw()


class Garbled(Exception):
    """A body that is no answer: not JSON, or without what every answer has. The same page is to be asked again."""


class WireFinding(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A finding as ListFindings sends it. Times are epoch seconds. Source: API reference, Finding (botocore 1.44.8)."""

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
    resources: msgspec.Raw = NO_RAW
    packageVulnerabilityDetails: msgspec.Raw = NO_RAW  # noqa: N815
    networkReachabilityDetails: msgspec.Raw = NO_RAW  # noqa: N815
    codeVulnerabilityDetails: msgspec.Raw = NO_RAW  # noqa: N815
    inspectorScoreDetails: msgspec.Raw = NO_RAW  # noqa: N815
    exploitabilityDetails: msgspec.Raw = NO_RAW  # noqa: N815
    epss: msgspec.Raw = NO_RAW
    remediation: msgspec.Raw = NO_RAW


class _WirePage(msgspec.Struct, forbid_unknown_fields=True):
    """What a page is on the wire, and nothing else."""

    findings: list[WireFinding]
    nextToken: str | None = None  # noqa: N815


class FindingsPage(msgspec.Struct):
    """One page. ``extras`` holds, by position, the JSON of a finding's fields that WireFinding cannot take."""

    findings: list[WireFinding]
    nextToken: str | None = None  # noqa: N815
    extras: dict[int, bytes] = {}
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
    """The part of packageVulnerabilityDetails that becomes columns; the list of packages stays JSON."""

    vulnerabilityId: str | None = None  # noqa: N815
    source: str | None = None
    vulnerablePackages: msgspec.Raw = NO_RAW  # noqa: N815


class WireEpss(msgspec.Struct):
    """A finding's epss. Source: API reference, EpssDetails."""

    score: float | None = None


class ScanStatus(msgspec.Struct):
    """ScanStatus of a covered resource."""

    statusCode: str = ""  # noqa: N815
    reason: str = ""


class WireCoverage(msgspec.Struct):
    """One row of ListCoverage; ``resourceMetadata`` stays raw. Source: API reference, CoveredResource."""

    resourceId: str  # noqa: N815
    resourceType: str  # noqa: N815
    accountId: str  # noqa: N815
    scanType: str  # noqa: N815
    scanStatus: ScanStatus = msgspec.field(default_factory=ScanStatus)  # noqa: N815
    scanMode: str | None = None  # noqa: N815
    lastScannedAt: float | None = None  # noqa: N815
    resourceMetadata: msgspec.Raw = NO_RAW  # noqa: N815


@dataclass(frozen=True, slots=True)
class CoveragePage:
    """One page of ListCoverage. ``extras`` holds, for each row, the JSON of the fields that WireCoverage has not."""

    coveredResources: list[WireCoverage]  # noqa: N815
    extras: list[bytes]
    nextToken: str | None  # noqa: N815
    unknown: Counter[str]


class _RawCoveragePage(msgspec.Struct):
    coveredResources: list[dict[str, msgspec.Raw]]  # noqa: N815
    nextToken: str | None = None  # noqa: N815


_STRICT = msgspec.json.Decoder(_WirePage)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TOKEN = msgspec.json.Decoder(str | None)
_LIST = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_COVERAGE = msgspec.json.Decoder(_RawCoveragePage)
_COVERED = msgspec.json.Decoder(WireCoverage, strict=False)
_COVERED_FIELDS = frozenset(WireCoverage.__struct_fields__)
_PROVIDER_FIELDS = frozenset({"provider", "providerAccountId", "providerOrgId", "providerRegion", "providerPartition"})
_ANY = msgspec.json.Decoder()
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # RecursionError: brackets without end
_RESOURCES = msgspec.json.Decoder(list[WireResource])
_PACKAGES = msgspec.json.Decoder(WirePackages)
_EPSS = msgspec.json.Decoder(WireEpss)
_KNOWN = frozenset(WireFinding.__struct_fields__)
_RAW = frozenset(f.name for f in msgspec.structs.fields(WireFinding) if f.type is msgspec.Raw)
_TIMES = frozenset({"firstObservedAt", "lastObservedAt", "updatedAt"})


def decode_findings(body: bytes) -> FindingsPage:
    """One page of ListFindings from its raw body. Raises Garbled when it is not one.

    The quick way takes what the API documents; a page with anything else is decoded again, field by field.
    """
    try:
        body.decode()  # nested parts stay raw, and raw parts are not looked into
        page = _STRICT.decode(body)
    except msgspec.ValidationError:
        return _decode_leniently(body)
    except _NOT_JSON as error:
        raise Garbled(f"not JSON: {error}") from error
    return FindingsPage(page.findings, page.nextToken)


def decode_object(body: bytes) -> dict[str, Any]:
    """The body of any other answer as plain data. Raises Garbled when it is not a JSON object."""
    try:
        values = _ANY.decode(body)
    except _NOT_JSON as error:
        raise Garbled(f"not JSON: {error}") from error
    if not isinstance(values, dict):
        raise Garbled(f"not a JSON object but {type(values).__name__}")
    return values


def decode_coverage(body: bytes) -> CoveragePage:
    """One page of ListCoverage from its raw body. Raises Garbled when it is not one."""
    try:
        body.decode()
        page = _COVERAGE.decode(body)
        rows = [_COVERED.decode(msgspec.json.encode({k: v for k, v in row.items() if k in _COVERED_FIELDS}))
                for row in page.coveredResources]  # fmt: skip
    except _NOT_JSON as error:
        raise Garbled(f"not a page of coverage: {error}") from error
    others = [{k: v for k, v in row.items() if k not in _COVERED_FIELDS} for row in page.coveredResources]
    unknown = Counter(f"coverage.{key}" for row in others for key in row if key not in _PROVIDER_FIELDS)
    return CoveragePage(rows, [msgspec.json.encode(row) if row else b"" for row in others], page.nextToken, unknown)


def decode_resources(raw: bytes) -> list[WireResource]:
    """A finding's resources. What does not fit the API's shape gives no columns; its JSON is kept all the same."""
    try:
        return _RESOURCES.decode(raw)
    except msgspec.DecodeError:
        return []


def decode_packages(raw: bytes) -> WirePackages:
    """A finding's packageVulnerabilityDetails; the same promise as :func:`decode_resources`."""
    try:
        return _PACKAGES.decode(raw)
    except msgspec.DecodeError:
        return WirePackages()


def decode_epss(raw: bytes) -> float | None:
    """The score of a finding's epss, 0 to 1; None where it has none."""
    try:
        return _EPSS.decode(raw).score if raw else None
    except msgspec.DecodeError:
        return None


def _decode_leniently(body: bytes) -> FindingsPage:
    """Field by field, each as it came: a value that does not fit its field is no reason to lose the others."""
    try:
        values = _FIELDS.decode(body)
        findings = _LIST.decode(values.get("findings", b"null"))
        token: str | None = _TOKEN.decode(values.get("nextToken", b"null"))
        unknown = Counter({f"page.{key}": 1 for key in values.keys() - {"findings", "nextToken"}})
        page = FindingsPage([], token, {}, unknown)
        for position, finding in enumerate(findings):
            _take(page, position, finding)
    except _NOT_JSON as error:
        raise Garbled(f"a page without its findings: {error}") from error
    return page


def _take(page: FindingsPage, position: int, finding: Mapping[str, msgspec.Raw]) -> None:
    """One finding of any shape: what fits becomes a field, what does not goes to ``extras`` as it came."""
    known: dict[str, Any] = {}
    extra: dict[str, msgspec.Raw] = {}
    for key, raw in finding.items():
        if key in _RAW:
            known[key] = raw.copy()
            continue
        value = _ANY.decode(raw) if key in _KNOWN else None
        if key in _KNOWN and (fitted := _fit(key, value)) is not None:
            known[key] = fitted
        if key not in _KNOWN or (value is not None and not _same(key, value)):
            extra[key] = raw
    if "findingArn" not in known:
        raise Garbled("a finding without its ARN")
    page.findings.append(WireFinding(**known))
    page.unknown.update(f"finding.{key}" for key in extra)
    if extra:
        page.extras[position] = msgspec.json.encode(extra)


def _fit(key: str, value: Any) -> Any:
    """The value as its field takes it, or None."""
    if key in _TIMES and isinstance(value, str):
        return _epoch(value)
    return value if _same(key, value) else None


def _same(key: str, value: Any) -> bool:
    """Whether the field holds the value exactly as it came."""
    if key in _TIMES or key == "inspectorScore":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _epoch(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 time, which some AWS services send in place of numbers; in UTC unless it says else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
