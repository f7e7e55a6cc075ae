"""An odd value in a finding, coverage row or status affects only its own field.

Each field gets each odd value in a separate finding. All of them are scanned at once, together with
a valid one.
"""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.support.sources import make_sources

from sre_findings.queries import ask
from sre_findings.queries.export import rows
from sre_findings.questions.catalogue import CACHED, ExportFilters, Summary, Vulnerabilities
from sre_findings.questions.findings import OneFinding
from sre_findings.questions.remediation import Priorities
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.reader import Manifest
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.formats.registry import (
    FORMS,
    Options,
    write_export,
)
from sre_scanner.scan import Request, scan

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
FINE = "i-0123456789abcdef0"
ACCOUNT = "111122223333"


class Verbatim(str):
    """Raw JSON for a body, valid or not."""

    __slots__ = ()


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    5,
    1e300,
    1_763_773_200_000,
    10**40,
    "",
    " ",
    "\u202e\x00\x1b[31m=1+1",
    "_x0000_<r></r>",
    "x" * 1_000_000,
    [],
    {},
    [None],
    [[]],
    {"a": {"b": [1]}},
    [5] * 3,
    "https://[bad",
    Verbatim("NaN"),
    Verbatim("-Infinity"),
    Verbatim("1e999"),
    Verbatim("9" * 5000),
    Verbatim(r'"\ud83d"'),
    Verbatim('"\udcff"'),
    Verbatim("[" * 300 + "]" * 300),
    Verbatim("[" * 5000 + "]" * 5000),
]

FEW: list[Any] = [None, 1_763_773_200_000, "https://[bad", [None], {"a": 1}, Verbatim(r'"\ud83d"')]


def finding(number: int) -> dict[str, Any]:
    """All fields that a package finding can have, and some fields of other findings."""
    package = {
        "name": "openssl",
        "version": "3.0.1",
        "epoch": 1,
        "release": "2",
        "arch": "X86_64",
        "packageManager": "OS",
        "filePath": "/usr/lib/x",
        "fixedInVersion": "3.0.2",
        "remediation": "dnf update",
        "purl": "pkg:rpm/openssl@3.0.1",
        "runtimeReachability": "REACHABLE",
        "runtimeReachabilityReason": "PROCESS_OBSERVED_IN_EC2_RUNTIME",
    }
    machine = {
        "type": "t3.micro",
        "imageId": "ami-1",
        "ipV4Addresses": ["10.0.0.1"],
        "platform": "AMAZON_LINUX_2023",
        "launchedAt": 1_700_000_000.0,
    }
    image = {
        "repositoryName": "shop",
        "imageTags": ["1"],
        "imageHash": "sha256:ab",
        "inUseCount": 1,
        "lastInUseAt": 1.7e9,
    }
    function = {
        "functionName": "pay",
        "version": "1",
        "layers": ["arn:x"],
        "runtime": "PYTHON_3_12",
    }
    return {
        "findingArn": f"arn:aws:inspector2:eu-west-1:{ACCOUNT}:finding/{number:032x}",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "severity": "HIGH",
        "status": "ACTIVE",
        "title": "CVE-2026-1 - openssl",
        "description": "A flaw",
        "fixAvailable": "YES",
        "exploitAvailable": "YES",
        "inspectorScore": 7.5,
        "firstObservedAt": 1_700_000_000.0,
        "lastObservedAt": 1_700_000_001.0,
        "updatedAt": 1_700_000_002.0,
        "resources": [
            {
                "id": f"i-{number:017x}",
                "type": "AWS_EC2_INSTANCE",
                "partition": "aws",
                "region": "eu-west-1",
                "tags": {"Name": "web", "team": "payments"},
                "details": {
                    "awsEc2Instance": machine,
                    "awsEcrContainerImage": image,
                    "awsLambdaFunction": function,
                },
            }
        ],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number}",
            "source": "NVD",
            "sourceUrl": "https://example.org/a",
            "vendorSeverity": "High",
            "vendorCreatedAt": 1_700_000_000.0,
            "vendorUpdatedAt": 1_700_000_000.0,
            "referenceUrls": ["https://example.org/b"],
            "relatedVulnerabilities": ["CVE-2026-2"],
            "vulnerablePackages": [package],
            "cvss": [
                {
                    "baseScore": 7.5,
                    "scoringVector": "CVSS:3.1/AV:L",
                    "version": "3.1",
                    "source": "NVD",
                }
            ],
        },
        "networkReachabilityDetails": {
            "openPortRange": {"begin": 22, "end": 22},
            "protocol": "TCP",
            "networkPath": {"steps": [{"componentId": "igw-1", "componentType": "x"}]},
        },
        "codeVulnerabilityDetails": {
            "detectorId": "d",
            "detectorName": "D",
            "cwes": ["CWE-1"],
            "referenceUrls": [],
            "filePath": {"fileName": "a.py", "filePath": "b/a.py", "startLine": 1, "endLine": 2},
        },
        "inspectorScoreDetails": {
            "adjustedCvss": {"score": 7.5, "version": "3.1", "scoringVector": "CVSS:3.1/AV:L"}
        },
        "exploitabilityDetails": {"lastKnownExploitAt": 1_700_000_000.0},
        "epss": {"score": 0.5},
        "remediation": {"recommendation": {"text": "Update", "Url": "https://example.org/c"}},
    }


def covered(number: int) -> dict[str, Any]:
    return {
        "resourceId": f"i-{number:017x}",
        "resourceType": "AWS_EC2_INSTANCE",
        "accountId": ACCOUNT,
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "scanMode": "EC2_AGENTLESS",
        "lastScannedAt": NOW.timestamp() - 60,
        "provider": "AWS",
        "resourceMetadata": {
            "ec2": {"tags": {"team": "payments"}, "amiId": "ami-1", "platform": "LINUX"},
            "ecrImage": {"tags": ["1"], "inUseCount": 1},
            "lambdaFunction": {"functionName": "pay"},
        },
    }


def detail(arn: str) -> dict[str, Any]:
    return {
        "findingArn": arn,
        "cisaData": {"dateAdded": 1.7e9, "dateDue": 1.7e9, "action": "x"},
        "epssScore": 0.5,
        "cwes": ["CWE-1"],
        "exploitObserved": {"firstSeen": 1.7e9, "lastSeen": 1.7e9},
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every field and of every item inside it."""
    for key, inner in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield (*path, key)
        yield from places(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    made = copy.deepcopy(value)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    return made


def spoiled(make: Callable[[int], Any]) -> list[Any]:
    """One object for each field and odd value; nested fields get only some of the values."""
    changes = [(path, odd) for path in places(make(0)) for odd in (ODD if len(path) == 1 else FEW)]
    return [replaced(make(number), path, odd) for number, (path, odd) in enumerate(changes, 1)]


def written(value: Any) -> bytes:
    """JSON with raw values inserted."""
    held: list[str] = []

    def plain(one: Any) -> Any:
        if isinstance(one, Verbatim):
            held.append(one)
            return f"@@{len(held) - 1}@@"
        if isinstance(one, dict):
            return {key: plain(inner) for key, inner in one.items()}
        return [plain(inner) for inner in one] if isinstance(one, list) else one

    text = json.dumps(plain(value))
    for place, one in enumerate(held):
        text = text.replace(f'"@@{place}@@"', one, 1)
    return text.encode("utf-8", "surrogateescape")


class Service:
    """Inspector in a region.

    Its responses are raw bodies in pages, and one finding is valid.
    """

    def __init__(self) -> None:
        fine = finding(0)
        fine["resources"][0]["id"] = FINE
        self.fine = fine["findingArn"]
        self.findings = [*spoiled(finding), fine]
        self.coverage = [*spoiled(covered), covered(0) | {"resourceId": FINE}]
        self._details = iter(spoiled(lambda _: detail("")))

    def connect(self, _region: str, **_: Any) -> Callable[[str, Mapping[str, Any]], bytes]:
        return self.call

    def call(self, operation: str, body: Mapping[str, Any]) -> bytes:
        match operation:
            case "ListFindings":
                return self._page("findings", self.findings, body)
            case "ListCoverage":
                return self._page("coveredResources", self.coverage, body)
            case "BatchGetAccountStatus":
                state = {"status": "ENABLED"}
                kinds = dict.fromkeys(("ec2", "ecr", "lambda"), state)
                return written(
                    {
                        "accounts": [
                            {"accountId": one, "state": state, "resourceState": kinds}
                            for one in body.get("accountIds") or [ACCOUNT]
                        ]
                    }
                )
            case "BatchGetFindingDetails":
                made = [
                    {**next(self._details, detail("")), "findingArn": arn}
                    for arn in body["findingArns"]
                ]
                return written({"findingDetails": made, "errors": []})
            case _:
                return b'{"members":[],"responses":[]}'

    def _page(self, key: str, items: list[Any], body: Mapping[str, Any]) -> bytes:
        first = int(body.get("nextToken") or 0)
        rest = {"nextToken": str(first + 100)} if first + 100 < len(items) else {}
        return written({key: items[first : first + 100], **rest})


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


@pytest.fixture(scope="module")
def sources(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """A store with one scan of all of these."""
    folder = tmp_path_factory.mktemp("odd")
    snapshots, table = (
        SnapshotWriter(FolderBlobs(folder / "store")),
        SqliteTable(folder / "table.db"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sre_scanner.scan.connect", service.connect)
        scan(
            Request(regions=("eu-west-1",), required=("eu-west-1",), rate=1e6, deadline=0.5),
            snapshots,
            table,
            now=lambda: NOW,
        )
    return make_sources(snapshots, table, folder / "copies", NOW)


@pytest.fixture(scope="module")
def manifest(sources: Sources) -> Manifest:
    (commit,) = sources.stores.snapshots.commits()
    return sources.stores.snapshots.manifest(commit)


def test_odd_values_are_counted_and_lose_no_finding_or_coverage_row(
    service: Service, manifest: Manifest
) -> None:
    (facts,) = manifest.shards
    assert facts.findings is not None
    assert facts.coverage is not None
    assert (facts.findings.outcome, facts.coverage.outcome, facts.findings.retries) == (
        "ended",
        "ended",
        0,
    )
    assert facts.distinct == len(service.findings)
    assert facts.coverage.items == len(service.coverage)
    for name in (
        "finding.findingArn",
        "finding.updatedAt",
        "finding.resources",
        "coverage.lastScannedAt",
        "finding.epss.score",
    ):
        assert facts.unknown[name] > 0


def test_the_valid_finding_is_in_every_answer(service: Service, sources: Sources) -> None:
    answer = ask(Vulnerabilities(FINE, source=CACHED), sources)
    (one,) = answer.findings
    assert (one.finding_arn, one.not_understood, one.owner, answer.verdict.verdict) == (
        service.fine,
        None,
        "payments",
        "vulnerable",
    )
    json.dumps(answer.to_json(), ensure_ascii=False, allow_nan=False).encode()
    whole = ask(Summary("owner"), sources)
    assert whole.rollup.counts.total > len(service.findings) * 0.9
    listed = ask(Priorities(count=0), sources)
    assert "CVE-2026-0" in {item["vulnerability_id"] for item in listed.items}
    assert ask(OneFinding(finding_arn=service.fine), sources).finding is not None


@pytest.mark.parametrize("form", [name for name in FORMS if name != "openvex"])
def test_every_export_has_every_finding(form: str, service: Service, sources: Sources) -> None:
    proof, batches = rows(ExportFilters(), sources)
    file = io.BytesIO()
    assert write_export(Options(form), proof, batches, file) == len(service.findings)
    text = file.getvalue()
    if form not in ("xlsx", "parquet"):
        assert text.decode().count(service.fine) >= 1 or form == "cyclonedx"
    if form in ("ndjson", "ocsf"):
        for line in text.splitlines():
            json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    if form == "cyclonedx":
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.decode()) is None
