"""Tests that need the environment of AWS CDK: the committed files are up to date, and cdk-nag and
cfn-lint find nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hcl2
import pytest
from aws_cdk import App
from aws_cdk.assertions import Match, Template

import app
import stack.nag
from stack.stack import Member, Whole
from stack.terraform import snake

DEPLOY = Path(__file__).resolve().parents[1]
WRITTEN = ("template.json", "member-template.json", "terraform/variables.tf")
# An empty value of an optional parameter reaches no resource: its condition or rule ensures that,
# which cfn-lint does not see.
LEFT_OUT = "W1030"


@pytest.fixture(scope="module")
def whole() -> Template:
    return Template.from_stack(Whole(App(analytics_reporting=False)))


def test_the_committed_files_are_up_to_date(tmp_path: Path) -> None:
    app.synthesize(tmp_path)
    for name in WRITTEN:
        assert (tmp_path / name).read_bytes() == (DEPLOY / name).read_bytes(), (
            f"{name} is not fresh: make synth"
        )


def test_every_cdk_nag_exception_has_a_reason_and_matches_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: set[tuple[str, str]] = set()

    def note(construct: object, finding: str, reason: str) -> None:
        assert len(reason) > 30
        accepted.add((f"AwsSolutions-{finding}", construct.node.path))  # type: ignore[attr-defined]  # a construct

    for module in [
        one
        for name, one in sys.modules.items()
        if name.startswith("stack.") and hasattr(one, "accept")
    ]:
        monkeypatch.setattr(module, "accept", note)
    assert stack.nag.accept is note
    assert app.checked(tmp_path) == accepted


def test_cfn_lint_reports_nothing() -> None:
    lint = [str(Path(sys.executable).with_name("cfn-lint")), "--ignore-checks", LEFT_OUT, "--"]
    files = [str(DEPLOY / name) for name in WRITTEN[:2]]
    done = subprocess.run([*lint, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_template_needs_no_assets_and_no_bootstrap(whole: Template) -> None:
    written = whole.to_json()
    assert "BootstrapVersion" not in written["Parameters"]
    assert "Rules" in written
    assert "CheckBootstrapVersion" not in written["Rules"]
    assert "cdk-hnb659fds" not in str(written)


def test_data_resources_are_private_encrypted_and_retained(whole: Template) -> None:
    closed = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    whole.all_resources_properties(
        "AWS::S3::Bucket", Match.object_like({"PublicAccessBlockConfiguration": closed})
    )
    whole.all_resources("AWS::S3::Bucket", Match.object_like({"DeletionPolicy": "Retain"}))
    whole.all_resources_properties(
        "AWS::DynamoDB::Table",
        {
            "BillingMode": "PAY_PER_REQUEST",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"Enabled": True},
        },
    )
    whole.has_resource(
        "AWS::DynamoDB::Table",
        {"DeletionPolicy": "Retain", "Properties": {"DeletionProtectionEnabled": True}},
    )
    whole.has_resource(
        "AWS::SecretsManager::Secret",
        {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"},
    )
    whole.all_resources_properties("AWS::SQS::Queue", {"SqsManagedSseEnabled": True})


def test_containers_are_unprivileged_with_a_read_only_file_system(whole: Template) -> None:
    one = Match.object_like({"ReadonlyRootFilesystem": True, "User": "10001:10001"})
    whole.all_resources_properties("AWS::ECS::TaskDefinition", {"ContainerDefinitions": [one]})


def test_the_server_is_internal_uses_tls_and_rolls_back(whole: Template) -> None:
    whole.has_resource_properties(
        "AWS::ElasticLoadBalancingV2::LoadBalancer", {"Scheme": "internal"}
    )
    whole.has_resource_properties(
        "AWS::ElasticLoadBalancingV2::Listener",
        {"Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    )
    breaker = {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
    whole.has_resource_properties("AWS::ECS::Service", {"DeploymentConfiguration": breaker})


def test_costs_have_limits(whole: Template) -> None:
    whole.resource_count_is("AWS::EC2::NatGateway", 1)
    whole.has_resource_properties("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"})
    whole.all_resources_properties("AWS::Logs::LogGroup", {"RetentionInDays": Match.any_value()})
    cut = {"BytesScannedCutoffPerQuery": 10 * 2**30, "EnforceWorkGroupConfiguration": True}
    whole.has_resource_properties("AWS::Athena::WorkGroup", {"WorkGroupConfiguration": cut})
    whole.has_resource_properties(
        "AWS::ECS::TaskDefinition", {"Cpu": {"Ref": "ScanCpu"}, "Memory": {"Ref": "ScanMemory"}}
    )


def test_the_reader_role_needs_the_organization_and_the_external_id() -> None:
    member = Template.from_stack(Member(App(analytics_reporting=False)))
    both = [{"Ref": "ScanRoleArn"}, {"Ref": "ServerRoleArn"}]
    member.has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Principal": {"AWS": both},
                        "Condition": {
                            "StringEquals": {
                                "sts:ExternalId": {"Ref": "ExternalId"},
                                "aws:PrincipalOrgID": {"Ref": "OrganizationId"},
                            },
                            "ArnEquals": {"aws:PrincipalArn": both},
                        },
                    }
                ]
            }
        },
    )


def test_terraform_passes_a_variable_for_each_parameter(whole: Template) -> None:
    parameters = {*whole.to_json()["Parameters"]}
    parsed = [
        hcl2.loads(file.read_text(encoding="utf-8"))
        for file in sorted((DEPLOY / "terraform").glob("*.tf"))
    ]
    names = {_bare(name) for one in parsed for block in one.get("variable", []) for name in block}
    assert names == {snake(name) for name in parameters} | {"name", "tags"}
    handed = {
        _bare(key)
        for one in parsed
        for block in one.get("locals", [])
        for key in block["parameters"]
    }
    assert {key for key in handed if not key.startswith("__")} == parameters


def test_terraform_deploys_the_same_template() -> None:
    parsed = hcl2.loads((DEPLOY / "terraform" / "main.tf").read_text(encoding="utf-8"))
    [resource] = parsed["resource"]
    [kinds] = [{_bare(kind): body for kind, body in resource.items()}]
    [made] = kinds["aws_cloudformation_stack"].values()
    assert "template.json" in str(made["template_body"])
    assert (DEPLOY / "template.json").stat().st_size < app.LARGEST


def test_terraform_is_formatted() -> None:
    for file in (DEPLOY / "terraform").glob("*.tf"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert all(line == line.rstrip() and "\t" not in line for line in lines), file.name
        for block in _runs(lines):
            assert len({line.index(" = ") for line in block}) == 1, f"{file.name}: {block[0]}"


def _runs(lines: list[str]) -> list[list[str]]:
    """Consecutive lines with assignments at one depth, whose equals signs terraform fmt aligns."""
    runs: list[list[str]] = [[]]
    for line in lines:
        sets = " = " in line and not line.rstrip().endswith(("{", "["))
        same = runs[-1] and _depth(runs[-1][-1]) == _depth(line)
        if sets and (same or not runs[-1]):
            runs[-1].append(line)
        else:
            runs.append([line] if sets else [])
    return [one for one in runs if one]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _bare(name: str) -> str:
    """python-hcl2 keeps the quotes of a label."""
    return name.strip('"')
