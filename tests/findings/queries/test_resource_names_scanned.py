"""Every form of a name, on scanned resources of all types: snapshot, exports and live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.sources import folder_sources, make_sources

from sre_findings.inspector.client import connect
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.inspector_answer import live
from sre_findings.model.access import ALL, Access
from sre_findings.model.answers.verdict import NO_SUCH_RESOURCE
from sre_findings.model.errors import AmbiguousName, UsageError
from sre_findings.queries import ask
from sre_findings.queries.export import rows as rows_of
from sre_findings.questions.catalogue import (
    CACHED,
    LIVE,
    ExportFilters,
    OneFinding,
    Vulnerabilities,
)
from sre_findings.questions.history import Sla
from sre_findings.questions.remediation import Fixes
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import replay_fleet
from sre_simulator.inspector.server import Simulator

MINE, OTHER, REGION = "111122223333", "444455556666", "eu-west-1"
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
ORIGINAL, IMPOSTOR, SPACED, MISTYPED = (f"i-0{letter * 16}" for letter in "abcd")
OLD, NEW, ALONE = (f"sha256:{letter * 64}" for letter in "123")
AZURE = (
    "/subscriptions/1f/resourceGroups/Shop/providers/Microsoft.Compute/virtualMachines/billing-vm"
)
AZURE_IMAGE = f"shop.azurecr.io/cart@{ALONE}"
GCP = "//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/4711"
LAYER = f"arn:aws:lambda:{REGION}:{OTHER}:layer:telemetry:12"
PAY = f"arn:aws:lambda:{REGION}:{MINE}:function:pay"
TWICE = "same-in-two-accounts"


def image(repository: str, digest: str) -> str:
    return f"arn:aws:ecr:{REGION}:{MINE}:repository/{repository}/{digest}"


def machine(*addresses: str, v6: str | None = None) -> dict[str, Any]:
    return {
        "awsEc2Instance": {
            "ipV4Addresses": addresses,
            "ipV6Addresses": [v6] if v6 else [],
            "platform": "UBUNTU_24_04",
        }
    }


def of_ecr(repository: str, digest: str, *tags: str) -> dict[str, Any]:
    return {
        "awsEcrContainerImage": {
            "repositoryName": repository,
            "imageHash": digest,
            "imageTags": tags,
            "registry": MINE,
        }
    }


function = {"awsLambdaFunction": {"functionName": "pay", "version": "$LATEST", "layers": [LAYER]}}
azure_image = {
    "image": {
        "registry": "shop.azurecr.io",
        "repositoryName": "cart",
        "imageTags": ["7"],
        "imageDigest": ALONE,
    }
}
EC2, ECR = "AWS_EC2_INSTANCE", "AWS_ECR_CONTAINER_IMAGE"
One = tuple[str, str, str, dict[str, Any], dict[str, str]]
"""A resource: id, type, account, details and tags."""
ESTATE: list[One] = [
    (
        ORIGINAL,
        EC2,
        MINE,
        machine("10.1.0.5", "203.0.113.9", v6="2001:DB8:0::7"),
        {"Name": "ledger 1"},
    ),
    (IMPOSTOR, EC2, OTHER, machine("10.1.0.5"), {"Name": ORIGINAL}),
    (SPACED, EC2, MINE, machine("10.1.0.6"), {"Name": "ledger-primary "}),
    (MISTYPED, EC2, MINE, machine(), {"Name": "i-0123456789ABCDEF0"}),
    (image("store/api", OLD), ECR, MINE, of_ecr("store/api", OLD), {}),
    (image("store/api", NEW), ECR, MINE, of_ecr("store/api", NEW, "2026.11", "live"), {}),
    (image("store/one", ALONE), ECR, MINE, of_ecr("store/one", ALONE, "2.0", "stable"), {}),
    (f"{PAY}:$LATEST", "AWS_LAMBDA_FUNCTION", MINE, function, {}),
    ("checkout-code", "CODE_REPOSITORY", MINE, {"codeRepository": {"projectName": "checkout"}}, {}),
    (
        AZURE,
        "Microsoft.Compute/virtualMachines",
        MINE,
        {"vm": {"vmName": "billing", "ipV4Addresses": ["10.9.0.1"]}},
        {},
    ),
    (AZURE_IMAGE, "Microsoft.ContainerRegistry/registry/containerImage", MINE, azure_image, {}),
    (GCP, "compute.googleapis.com/Instance", MINE, {"vm": {"vmName": "gce-1"}}, {}),
    (TWICE, "A_TYPE_OF_NEXT_YEAR", MINE, {}, {}),
    (TWICE, "A_TYPE_OF_NEXT_YEAR", OTHER, {}, {}),
]
ECR_URI = f"{MINE}.dkr.ecr.{REGION}.amazonaws.com"
FORMS = [
    (
        ORIGINAL,
        [
            ORIGINAL,
            f" {ORIGINAL} ",
            f"arn:aws:ec2:{REGION}:{MINE}:instance/{ORIGINAL}",
            "ledger 1",
            "203.0.113.9",
            "2001:db8::7",
            "[2001:db8:0:0::7]",
            "ec2-203-0-113-9.eu-west-1.compute.amazonaws.com",
            f"{ORIGINAL}.eu-west-1.compute.internal",
        ],
    ),
    (
        SPACED,
        [
            "ledger-primary",
            "ledger-primary ",
            " ledger-primary",
            "10.1.0.6",
            "ip-10-1-0-6",
            "ip-10-1-0-6.eu-west-1.compute.internal",
        ],
    ),
    (MISTYPED, ["i-0123456789ABCDEF0"]),
    (
        image("store/api", OLD),
        [image("store/api", OLD), OLD, f"store/api@{OLD}", f"{ECR_URI}/store/api@{OLD}"],
    ),
    (
        image("store/api", NEW),
        [
            "store/api:live",
            "store/api:2026.11",
            f"{ECR_URI}/store/api:live",
            NEW.upper(),
            f"store/api:live@{NEW}",
        ],
    ),
    (
        image("store/one", ALONE),
        [
            "store/one",
            "store/one:stable",
            "store/one:2.0",
            f"{ECR_URI}/store/one",
            f"arn:aws:ecr:{REGION}:{MINE}:repository/store/one",
        ],
    ),
    (
        f"{PAY}:$LATEST",
        [
            PAY,
            f"{PAY}:$LATEST",
            "pay",
            "pay:$LATEST",
            f"{MINE}:function:pay",
            LAYER,
            LAYER[:-3],
            "telemetry",
            "telemetry:12",
        ],
    ),
    ("checkout-code", ["checkout-code", "checkout"]),
    (
        AZURE,
        [
            AZURE,
            AZURE.upper().replace("SUBSCRIPTIONS", "subscriptions"),
            "billing",
            "billing-vm",
            "10.9.0.1",
        ],
    ),
    (AZURE_IMAGE, [AZURE_IMAGE, "shop.azurecr.io/cart:7", "cart:7", f"cart@{ALONE}", "cart"]),
    (GCP, [GCP, "gce-1", "4711"]),
]
AMBIGUOUS = [
    ("store/api", {image("store/api", OLD), image("store/api", NEW)}),
    (f"{ECR_URI}/store/api", {image("store/api", OLD), image("store/api", NEW)}),
    ("10.1.0.5", {ORIGINAL, IMPOSTOR}),
    (ALONE, {image("store/one", ALONE), AZURE_IMAGE}),
    (TWICE, {TWICE}),
]


def finding(number: int, one: One) -> dict[str, Any]:
    identity, kind, account, details, tags = one
    return {
        "findingArn": f"arn:aws:inspector2:{REGION}:{account}:finding/{number:032x}",
        "awsAccountId": account,
        "type": "PACKAGE_VULNERABILITY",
        "severity": "CRITICAL",
        "status": "ACTIVE",
        "title": f"CVE-2026-{number} - zlib",
        "description": "A flaw.",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "fixAvailable": "YES",
        "firstObservedAt": NOW.timestamp() - 9e5,
        "lastObservedAt": NOW.timestamp(),
        "updatedAt": NOW.timestamp(),
        "resources": [
            {
                "id": identity,
                "type": kind,
                "region": REGION,
                "partition": "aws",
                "tags": tags,
                "details": details,
            }
        ],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number}",
            "source": "NVD",
            "vulnerablePackages": [
                {"name": "zlib", "version": "1", "fixedInVersion": "2", "packageManager": "OS"}
            ],
        },
    }


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    path = tmp_path_factory.mktemp("findings") / "estate.jsonl"
    path.write_text("\n".join(json.dumps(finding(*pair)) for pair in enumerate(ESTATE)))
    with Simulator(replay_fleet(path, now=NOW)) as simulator:
        simulator.clock = NOW
        yield simulator


@pytest.fixture(scope="module")
def sources(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """The resources of all types, scanned once."""
    folder = tmp_path_factory.mktemp("estate")
    snapshots, table = (
        SnapshotWriter(FolderBlobs(folder / "store")),
        SqliteTable(folder / "table.db"),
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "ACCESS_KEY_ID": "TESTING",
            "SECRET_ACCESS_KEY": "testing",
            "EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        scan(
            Request(regions=(REGION,), required=(REGION,), rate=5000.0),
            snapshots,
            table,
            now=lambda: simulator.clock,
        )
    return make_sources(snapshots, table, folder, NOW)


@pytest.fixture
def blank(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sources:
    """Sources without a snapshot, with an Inspector in another region by default."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)

    def opened(region: str) -> Inspector:
        return Inspector(connect(region), RateLimit(5000), Patience(deadline=20))

    asked = live(opened, lambda: ["us-east-1"], lambda: NOW)
    return folder_sources(tmp_path, tmp_path, NOW, live=asked)


def about(text: str, sources: Sources, source: str = CACHED) -> Any:
    return ask(Vulnerabilities(text, source=source), sources)


@pytest.mark.parametrize(
    ("identity", "text"), [(identity, text) for identity, texts in FORMS for text in texts]
)
def test_each_form_means_its_resource(identity: str, text: str, sources: Sources) -> None:
    answer = about(text, sources)
    assert (answer.resource.resource_id, answer.rollup.counts.critical) == (identity, 1)


@pytest.mark.parametrize(("text", "ids"), AMBIGUOUS)
def test_a_name_of_several_is_ambiguous_and_each_candidate_means_one(
    text: str, ids: set[str], sources: Sources
) -> None:
    with pytest.raises(AmbiguousName) as error:
        about(text, sources)
    found = [about(one, sources).resource for one in error.value.candidates]
    assert {one.resource_id for one in found} == ids
    assert len({(one.account_id, one.resource_id) for one in found}) == len(found) == 2


def test_every_question_about_a_resource_takes_the_same_forms(sources: Sources) -> None:
    text, identity = "store/one:stable", image("store/one", ALONE)
    _, batches = rows_of(ExportFilters(text=text), sources)
    assert [row["resource_id"] for batch in batches for row in batch] == [identity]
    assert [row["hosts"][0]["resource_id"] for row in ask(Fixes(resource=text), sources).items] == [
        identity
    ]
    assert "late" in ask(Sla(resource=text), sources).facts
    found = ask(OneFinding(resource=text, vulnerability_id="CVE-2026-6"), sources).finding
    assert found is not None
    assert found.resource_id == identity


def test_an_export_of_an_id_that_two_accounts_have_is_of_the_one_that_was_asked_for(
    sources: Sources,
) -> None:
    _, batches = rows_of(
        ExportFilters(text=f"{OTHER}/{REGION}/A_TYPE_OF_NEXT_YEAR/{TWICE}"), sources
    )
    assert [row["account_id"] for batch in batches for row in batch] == [OTHER]
    with pytest.raises(AmbiguousName):
        rows_of(ExportFilters(text=TWICE), sources)


def test_a_mistyped_name_is_answered_with_names_near_it_or_none(sources: Sources) -> None:
    near, far = (about(text, sources).verdict for text in ("ledger-primray", "nosuchhost"))
    assert near.explanation.endswith(f"similar names: ledger-primary ({SPACED})")
    assert (far.reason, far.explanation) == (
        NO_SUCH_RESOURCE,
        "no findings or coverage exist for this resource",
    )
    with pytest.raises(UsageError, match="Did you mean ledger-primary"):
        rows_of(ExportFilters(text="ledger-primray"), sources)
    with pytest.raises(UsageError, match="is not an EC2 instance id"):
        about("i-0123456789abcdef", sources)


def test_who_sees_one_account_meets_no_name_of_another(sources: Sources) -> None:
    limited = sources.seen_by(Access(frozenset({OTHER}), frozenset({ALL})))
    assert about("10.1.0.5", limited).resource.resource_id == IMPOSTOR
    # found by its Name tag, because the resource with this id is outside the access scope
    assert about(ORIGINAL, limited).resource.resource_id == IMPOSTOR
    assert (
        about("ledger-primray", limited).verdict.explanation
        == "no findings or coverage exist for this resource"
    )
    assert about(TWICE, limited).resource.account_id == OTHER


@pytest.mark.parametrize(("identity", "text"), [
    (ORIGINAL, f"arn:aws:ec2:{REGION}:{MINE}:instance/{ORIGINAL}"),
    (f"{PAY}:$LATEST", PAY),
    (image("store/api", NEW), f"{ECR_URI}/store/api@{NEW}"),
])  # fmt: skip
def test_inspector_is_asked_for_the_id_that_a_form_spells_out(
    identity: str, text: str, blank: Sources
) -> None:
    answer = about(text, blank, LIVE)
    assert (answer.resource.resource_id, answer.rollup.counts.critical) == (identity, 1)


@pytest.mark.parametrize("text", ["store/api:live", f"{ECR_URI}/store/api:live", "pay", "10.1.0.6"])
def test_inspector_is_not_asked_for_what_would_be_a_guess(text: str, blank: Sources) -> None:
    with pytest.raises(UsageError, match="Inspector cannot be queried by the name"):
        about(text, blank, LIVE)
