"""Pages of ListFindings."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Annotated, Any

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
    short_name,
)
from sre_findings.model.findings.finding import NO_ARN


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

_Score = Annotated[float, msgspec.Meta(ge=0, le=10)]


def _strictly(name: str) -> Any:
    """The type of a field on the fast path, without null.

    Pages with any other value take the slow path, which keeps it.
    """
    if name in _TIMES:
        return Time
    return {"inspectorScore": _Score, "findingArn": NonEmpty}.get(
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


_PAGE = msgspec.json.Decoder(_STRICT_PAGE)


def decode_findings(body: bytes) -> FindingsPage:
    """Decodes a page of ListFindings. Raises Garbled if the body is not one.

    The fast path accepts what the API documents. A page with anything else is decoded again, field
    by field.
    """
    try:
        body.decode()  # checks UTF-8 in nested parts too, which the decoder does not parse
        page = _PAGE.decode(body)
    except NOT_JSON:
        return insist(body, _findings_page, "a page without its findings")
    return FindingsPage(page.findings, page.nextToken)


def _findings_page(body: bytes) -> FindingsPage:
    """Decodes field by field, so that an unexpected value does not lose the others."""
    values = FIELDS.decode(body)
    findings = NESTEDS.decode(values.get("findings", b"null"))
    token: str | None = TOKEN.decode(values.get("nextToken", b"null"))
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
    item = Item()
    for key, value in fields_of(raw).items():
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


def _fit(key: str, value: Any) -> Any:
    """The value in the type of its field, or None if it does not fit."""
    if key in _TIMES:
        return fit_time(value)
    if key == "inspectorScore":
        return (
            value
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10
            else None
        )
    return value if isinstance(value, str) else None
