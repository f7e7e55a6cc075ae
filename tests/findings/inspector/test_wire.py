"""Every response is decoded or kept and nothing is dropped; an invalid one raises Garbled."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.inspector.wire.body import Garbled, decode_object
from sre_findings.inspector.wire.coverage import ScanStatus, WireCoverage, decode_coverage
from sre_findings.inspector.wire.finding_parts import (
    WirePackages,
    WireResource,
    decode_epss,
    decode_packages,
    decode_resources,
)
from sre_findings.inspector.wire.findings import FindingsPage, WireFinding, decode_findings
from sre_findings.model.findings.finding import NO_ARN, UNDECODED

ARN = "arn:aws:inspector2:eu-west-1:111122223333:finding/0123456789abcdef0123456789abcdef"
DOCUMENTED: dict[str, Any] = {
    "findingArn": ARN,
    "awsAccountId": "111122223333",
    "type": "PACKAGE_VULNERABILITY",
    "severity": "HIGH",
    "status": "ACTIVE",
    "title": "CVE-2026-1 - öpenssl",
    "description": "\n a hole",
    "fixAvailable": "YES",
    "exploitAvailable": "NO",
    "firstObservedAt": 1678220584.098,
    "lastObservedAt": 1678220584,
    "updatedAt": 1.678220584098e9,
    "inspectorScore": 7.5,
    "resources": [
        {"type": "AWS_EC2_INSTANCE", "id": "i-0123456789abcdef0", "unheardOf": [1, {"x": None}]}
    ],
    "packageVulnerabilityDetails": {
        "vulnerabilityId": "CVE-2026-1",
        "vulnerablePackages": [{"name": "a", "version": "1"}],
    },
    "epss": {"score": 0.5},
    "remediation": {"recommendation": {"text": "None Provided"}},
}
RAW = (
    "resources",
    "packageVulnerabilityDetails",
    "networkReachabilityDetails",
    "codeVulnerabilityDetails",
    "inspectorScoreDetails",
    "exploitabilityDetails",
    "epss",
    "remediation",
)
TEXTS = (
    "awsAccountId",
    "type",
    "severity",
    "status",
    "title",
    "description",
    "fixAvailable",
    "exploitAvailable",
)
TIMES = ("firstObservedAt", "lastObservedAt", "updatedAt")


def page(*findings: Any, **more: Any) -> bytes:
    return json.dumps({"findings": list(findings), **more}).encode()


def given_back(decoded: FindingsPage, position: int) -> dict[str, Any]:
    """A finding rebuilt from its fields and extras only, without the values that were null."""
    one = decoded.findings[position]
    values: dict[str, Any] = {}
    for name in WireFinding.__struct_fields__:
        value = getattr(one, name)
        if isinstance(value, msgspec.Raw):
            if bytes(value):
                values[name] = json.loads(bytes(value))
        elif value is not None:
            values[name] = value
    return {**values, **json.loads(decoded.extras.get(position, b"{}"))}


def test_a_documented_finding_takes_the_quick_way_and_is_whole() -> None:
    decoded = decode_findings(page(DOCUMENTED, {"findingArn": "b"}, nextToken="t" * 1964))
    assert (decoded.nextToken, decoded.extras, decoded.unknown) == ("t" * 1964, {}, {})
    assert given_back(decoded, 0) == DOCUMENTED
    assert given_back(decoded, 1) == {"findingArn": "b"}


def test_nested_parts_stay_as_they_came_to_the_byte() -> None:
    body = b'{"findings":[{"findingArn":"a", "epss": { "score" : 1.0e-1 } , "unheardOf": 1 }]}'
    assert bytes(decode_findings(body).findings[0].epss) == b'{ "score" : 1.0e-1 }'


@pytest.mark.parametrize("end", [{}, {"nextToken": None}, {"nextToken": ""}])
def test_an_absent_null_or_empty_token_is_no_token(end: dict[str, Any]) -> None:
    assert not decode_findings(page(**end)).nextToken
    assert not decode_findings(page({"findingArn": "a", "unheardOf": 1}, **end)).nextToken


@pytest.mark.parametrize("odd", [5, True, ["t"], {"t": 1}])
def test_a_token_that_is_no_text_is_no_last_page(odd: Any) -> None:
    """Taken for "no token", it would end the listing early without an error."""
    with pytest.raises(Garbled):
        decode_findings(page(DOCUMENTED, nextToken=odd))
    with pytest.raises(Garbled):
        decode_coverage(json.dumps({"coveredResources": [], "nextToken": odd}).encode())


def test_unknown_fields_are_counted_and_our_own_names_cannot_be_injected() -> None:
    decoded = decode_findings(page(DOCUMENTED, extras={"0": "e30="}, unknown={"a": 5}, total=9))
    assert decoded.extras == {}
    assert decoded.unknown == {"page.extras": 1, "page.unknown": 1, "page.total": 1}


def test_unknown_fields_of_a_finding_are_kept_and_counted_where_they_are() -> None:
    decoded = decode_findings(
        page(DOCUMENTED, {**DOCUMENTED, "riskScore": {"v": [1, None]}, "x": None}, nextToken="more")
    )
    assert decoded.unknown == {"finding.riskScore": 1, "finding.x": 1}
    assert list(decoded.extras) == [1]
    assert json.loads(decoded.extras[1]) == {"riskScore": {"v": [1, None]}, "x": None}
    assert decoded.nextToken == "more"
    assert given_back(decoded, 0) == DOCUMENTED


@pytest.mark.parametrize("name", [*TEXTS, "inspectorScore"])
@pytest.mark.parametrize("odd", [5, 1.5, True, "text", ["a"], {"a": 1}])
def test_a_field_of_a_wrong_type_is_kept_beside_and_the_finding_with_it(
    name: str, odd: Any
) -> None:
    decoded = decode_findings(page({**DOCUMENTED, name: odd}))
    assert given_back(decoded, 0) == {**DOCUMENTED, name: odd}
    fits = (
        isinstance(odd, str)
        if name in TEXTS
        else isinstance(odd, int | float) and not isinstance(odd, bool)
    )
    assert decoded.unknown == ({} if fits else {f"finding.{name}": 1})
    assert getattr(decoded.findings[0], name) == (odd if fits else None)


@pytest.mark.parametrize("name", [*TEXTS, *TIMES, "inspectorScore", *RAW])
def test_null_is_as_good_as_absent_and_is_no_news(name: str) -> None:
    for more in ({}, {"unheardOf": 1}):
        decoded = decode_findings(page({"findingArn": ARN, name: None, **more}))
        assert decoded.unknown == {f"finding.{key}": 1 for key in more}
        value = getattr(decoded.findings[0], name)
        assert value is None or bytes(value) == b"null"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2023-03-07T20:23:04.098Z", 1678220584.098),
        ("2023-03-07T20:23:04.098", 1678220584.098),
        ("2023-03-07T22:23:04+02:00", 1678220584.0),
        ("0001-01-01", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_iso_time_becomes_seconds_in_utc_and_stays_as_it_came(
    text: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    decoded = decode_findings(page({"findingArn": ARN, "updatedAt": text}))
    assert decoded.findings[0].updatedAt == seconds
    assert json.loads(decoded.extras[0]) == {"updatedAt": text}
    assert decoded.unknown == {"finding.updatedAt": 1}


def test_numbers_are_kept_to_the_digit_and_as_text_where_no_double_holds_them() -> None:
    body = b'{"findings":[{"findingArn":"a","odd":123456789012345678901234567890,"vast":1e999,"updatedAt":1e999}]}'
    decoded = decode_findings(body)
    assert (
        decoded.extras[0]
        == b'{"odd":123456789012345678901234567890,"vast":"1e999","updatedAt":"1e999"}'
    )
    assert decoded.findings[0].updatedAt is None


@pytest.mark.parametrize("odd", [0, -1, 1e12, 1763773200000, 253402300800, 315532799])
def test_a_number_that_is_no_time_is_unknown_kept_and_counted(odd: float) -> None:
    """Milliseconds, the year 10000 and the epoch are errors, not times."""
    decoded = decode_findings(page({**DOCUMENTED, "lastObservedAt": odd}, DOCUMENTED))
    first, second = decoded.findings
    assert (first.lastObservedAt, first.firstObservedAt, second.lastObservedAt) == (
        None,
        1678220584.098,
        1678220584,
    )
    assert json.loads(decoded.extras[0]) == {"lastObservedAt": odd}
    assert (decoded.unknown, decoded.odd) == (
        {"finding.lastObservedAt": 1},
        {0: ("lastObservedAt",)},
    )


def test_a_null_is_not_absent() -> None:
    decoded = decode_findings(page({**DOCUMENTED, "title": None}))
    assert (decoded.findings[0].title, decoded.extras, decoded.unknown) == (
        None,
        {0: b'{"title":null}'},
        {},
    )


@pytest.mark.parametrize("odd", [{}, {"findingArn": None}, {"findingArn": 5}, {"findingArn": ""}])
def test_a_finding_without_an_arn_stays_with_an_identity_of_our_own(odd: dict[str, Any]) -> None:
    rest = {name: value for name, value in DOCUMENTED.items() if name != "findingArn"}
    decoded = decode_findings(
        page(DOCUMENTED, {**rest, **odd}, {**rest, **odd, "title": "another"})
    )
    known, first, second = (one.findingArn for one in decoded.findings)
    assert (known, first[: len(NO_ARN)], first == second) == (ARN, NO_ARN, False)
    assert decoded.unknown == {"finding.findingArn": 2}
    assert decoded.findings[1].severity == "HIGH"


@pytest.mark.parametrize("odd", [b"null", b"[]", b"5", b'"text"'])
def test_an_item_that_is_no_finding_is_kept_and_counted_among_those_that_are(odd: bytes) -> None:
    decoded = decode_findings(b'{"findings":[%b,{"findingArn":"a"}]}' % odd)
    assert [one.findingArn[: len(NO_ARN)] for one in decoded.findings] == [NO_ARN, "a"]
    assert decoded.extras == {0: b'{"":%b}' % odd}
    assert decoded.unknown["finding.findingArn"] == 1


@pytest.mark.parametrize(
    ("text", "shown", "kept"),
    [
        (rb'"x\ud83dy"', "x\ufffdy", r'"x\ud83dy"'),
        (rb'"x\uDC00"', "x\ufffd", r'"x\udc00"'),
        (rb'"x\ud83d\ud83d\ude00"', "x\ufffd\U0001f600", r'"x\ud83d\ud83d\ude00"'),
        (b'"x\xff\xfey"', "x\ufffd\ufffdy", r'"x\xff\xfey"'),
    ],
)
def test_a_text_that_is_no_unicode_is_readable_and_what_came_is_beside_it(
    text: bytes, shown: str, kept: str
) -> None:
    others = json.dumps(DOCUMENTED).encode()
    decoded = decode_findings(
        b'{"findings":[{"findingArn":"a","title":%b,"epss":{"x":%b}},%b]}' % (text, text, others)
    )
    first = decoded.findings[0]
    assert (first.title, json.loads(bytes(first.epss))) == (shown, {"x": shown})
    assert json.loads(decoded.extras[0]) == {UNDECODED: {"title": kept, "epss": f'{{"x":{kept}}}'}}
    assert decoded.unknown == {"finding.title": 1, "finding.epss": 1}
    assert given_back(decoded, 1) == DOCUMENTED


def test_words_that_are_no_json_and_depth_without_end_spoil_only_their_field() -> None:
    deep = b"[" * 5000 + b"]" * 5000
    body = (
        b'{"findings":[{"findingArn":"a","inspectorScore":NaN,"odd":-Infinity,"epss":{"deep":%b}},{"findingArn":"b"}]}'
        % deep
    )
    first, second = decode_findings(body).findings
    assert (first.inspectorScore, second.findingArn) == (None, "b")
    assert json.loads(decode_findings(body).extras[0]) == {
        "inspectorScore": "NaN",
        "odd": "-Infinity",
    }
    assert bytes(first.epss).count(b"[") == 5000


GARBAGE = [
    b"",
    b" ",
    b"{}",
    b"null",
    b"[]",
    b"5",
    b'"findings"',
    b"<html><body>502 Bad Gateway</body></html>",
    page(DOCUMENTED)[:-1],
    page(DOCUMENTED)[:200],
    page(DOCUMENTED) + b"}",
    b'{"findings":null}',
    b'{"findings":{}}',
    b'{"message":"Rate exceeded"}',
    b"\xff\xfe",
    b'{"findings":[{"findingArn":"a","epss":' + b"[" * 100_000,
    b'{"findings":[{"findingArn":"a","title":' + b"[" * 100_000,
    b"[" * 100_000,
]


@pytest.mark.parametrize(
    "body", GARBAGE, ids=[f"{n}:{body[:40]!r}" for n, body in enumerate(GARBAGE)]
)
def test_what_is_no_page_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        decode_findings(body)
    with pytest.raises(Garbled):
        decode_coverage(body)


@given(st.binary(max_size=60) | st.integers(0, 400).map(lambda n: page(DOCUMENTED)[:n]))
def test_any_bytes_are_a_page_or_garbled_and_nothing_else(body: bytes) -> None:
    for decode in (decode_findings, decode_coverage, decode_object):
        with contextlib.suppress(Garbled):
            decode(body)


def _utf8(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
).filter(_utf8)


NAMES = st.sampled_from([*TEXTS, *TIMES, "inspectorScore", *RAW]) | st.text(max_size=12).filter(
    _utf8
)
FINDINGS = st.dictionaries(NAMES.filter(lambda name: name != "findingArn"), JSON, max_size=6).map(
    lambda fields: {"findingArn": ARN, **fields}
)


@given(st.lists(FINDINGS, max_size=4), st.none() | st.text(max_size=9).filter(_utf8))
def test_every_field_of_any_finding_comes_back(
    findings: list[dict[str, Any]], token: str | None
) -> None:
    decoded = decode_findings(
        json.dumps({"findings": findings, "nextToken": token}, ensure_ascii=False).encode()
    )
    assert decoded.nextToken == token
    assert len(decoded.findings) == len(findings)
    for position, finding in enumerate(findings):
        back = given_back(decoded, position)
        nulls = {name for name, value in finding.items() if value is None}
        assert {name: value for name, value in back.items() if name not in nulls} == {
            name: value for name, value in finding.items() if name not in nulls
        }
        assert all(back.get(name) is None for name in nulls)


def test_a_row_of_coverage_is_decoded_with_its_metadata_raw() -> None:
    row = {
        "resourceId": "i-1",
        "resourceType": "AWS_EC2_INSTANCE",
        "accountId": "1",
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "scanMode": "EC2_AGENTLESS",
        "lastScannedAt": 1678220584.098,
        "resourceMetadata": {"ec2": {"tags": {"Name": "web"}}},
        "unheardOf": 1,
    }
    decoded = decode_coverage(json.dumps({"coveredResources": [row], "nextToken": "more"}).encode())
    one = decoded.coveredResources[0]
    assert (one.resourceId, one.scanStatus.statusCode, one.scanMode, one.lastScannedAt) == (
        "i-1",
        "ACTIVE",
        "EC2_AGENTLESS",
        1678220584.098,
    )
    assert json.loads(bytes(one.resourceMetadata)) == row["resourceMetadata"]
    assert decoded.nextToken == "more"


@pytest.mark.parametrize(
    "name",
    [
        "resourceId",
        "resourceType",
        "accountId",
        "scanType",
        "scanStatus",
        "scanMode",
        "lastScannedAt",
    ],
)
@pytest.mark.parametrize("odd", [None, 5, 1e15, True, ["a"], {"reason": 1}])
def test_an_odd_field_of_coverage_spoils_only_itself(name: str, odd: Any) -> None:
    row = {
        "resourceId": "i-1",
        "resourceType": "T",
        "accountId": "1",
        "scanType": "PACKAGE",
        "provider": "AWS",
    }
    status = {
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "lastScannedAt": 1678220584.0,
        "scanMode": "M",
    }
    decoded = decode_coverage(
        json.dumps({"coveredResources": [{**row, **status, name: odd}, {**row, **status}]}).encode()
    )
    first, second = decoded.coveredResources
    assert json.loads(decoded.extras[0]) == {"provider": "AWS", name: odd}
    empty = {**dict.fromkeys(row, ""), "scanStatus": ScanStatus()}
    for other in WireCoverage.__struct_fields__[:-1]:
        assert getattr(first, other) == (
            empty.get(name) if other == name else getattr(second, other)
        )
    counted = odd is not None or name in row
    assert (decoded.unknown, decoded.odd) == (
        {f"coverage.{name}": 1} if counted else {},
        [(name,) if counted else (), ()],
    )
    assert json.loads(decoded.extras[1]) == {"provider": "AWS"}


def test_a_text_of_coverage_that_is_no_unicode_spoils_only_itself() -> None:
    body = b'{"coveredResources":[{"resourceId":"i-1","scanMode":"\\ud800","resourceMetadata":{"ec2":{"amiId":"\xff"}}}]}'
    decoded = decode_coverage(body)
    assert (decoded.coveredResources[0].resourceId, decoded.coveredResources[0].scanMode) == (
        "i-1",
        "\ufffd",
    )
    assert json.loads(bytes(decoded.coveredResources[0].resourceMetadata)) == {
        "ec2": {"amiId": "\ufffd"}
    }


def test_coverage_without_a_status_is_not_active() -> None:
    row = {"resourceId": "i-1", "resourceType": "T", "accountId": "1", "scanType": "PACKAGE"}
    decoded = decode_coverage(json.dumps({"coveredResources": [row]}).encode())
    assert decoded.coveredResources[0].scanStatus.statusCode == ""
    assert not decoded.nextToken


@pytest.mark.parametrize("body", [b"[]", b"5", b"", b"<html>", b'{"a":', b"[" * 100_000])
def test_an_answer_that_is_no_object_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        decode_object(body)


def test_resources_and_packages_of_any_shape_give_columns_or_none() -> None:
    assert decode_resources(b'[{"id":"i-1","tags":{"Name":"web"},"odd":1}]')[0].tags == {
        "Name": "web"
    }
    assert decode_resources(b"{}") == decode_resources(b"null") == []
    odd = decode_resources(
        b'[{"id":"i-1","tags":{"Name":"web","n":5},"details":{"awsEc2Instance":{"vpcId":"v"},"x":null}},{"id":5}]'
    )
    assert odd == [
        WireResource("i-1", tags={"Name": "web"}, details={"awsEc2Instance": {"vpcId": "v"}}),
        WireResource(""),
    ]
    assert decode_packages(b'{"vulnerabilityId":"CVE-1","source":5}') == WirePackages("CVE-1")
    assert (
        decode_packages(b'{"vulnerabilityId":"CVE-1","source":"NVD","odd":1}').vulnerabilityId
        == "CVE-1"
    )
    assert (
        decode_packages(b"[]").vulnerabilityId
        is decode_packages(b'{"vulnerabilityId":5}').vulnerabilityId
        is None
    )


@pytest.mark.parametrize(
    ("raw", "score"),
    [
        (b'{"score":0.5,"odd":1}', 0.5),
        (b'{"score":1}', 1.0),
        (b"", None),
        (b"{}", None),
        (b"null", None),
        (b'{"score":"a"}', None),
        (b'{"score":-1}', None),
        (b'{"score":1e300}', None),
    ],
)
def test_an_epss_score_is_a_number_or_none(raw: bytes, score: float | None) -> None:
    assert decode_epss(raw) == score
