"""`sre-cli doctor` checks the setup over real HTTP and shows a remedy for each failure."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support.dynamodb import create_table
from tests.support.http_server import HttpResponse, HttpServer, json_response

from sre_cli.doctor import identity, storage
from sre_cli.doctor.aws_calls import Aws
from sre_cli.doctor.check import (
    FAILED,
    OFF,
    OK,
    STATES,
    UNKNOWN,
    WARNING,
    Check,
    exit_code,
    headline,
    to_json,
)
from sre_cli.doctor.render import render
from sre_cli.doctor.slack_app import SCOPES
from sre_cli.doctor.task_pool import Task, run_tasks
from sre_findings.model.errors import StoreUnreadable
from sre_findings.settings import load
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.urls import open_blobs, open_table
from sre_simulator.inspector.faults import Fault
from sre_simulator.slack.web_api import CHANNEL, TOKEN, Workspace, serving

Cli = Callable[..., Any]
NOW = datetime(2026, 11, 30, 1, tzinfo=UTC)
HERE = ("--region", "us-east-1", "--output", "json", "--timeout", "300")
S3 = {f"s3:{name}" for name in ("ListBucket", "PutObject", "GetObject", "DeleteObject")}
DYNAMODB = {f"dynamodb:{name}" for name in ("PutItem", "Query", "BatchWriteItem")}
OPTIONAL = {
    "ec2:DescribeRegions",
    "ec2:DescribeInstances",
    "organizations:ListAccounts",
    "cloudwatch:GetMetricStatistics",
}

INSPECTOR = (
    "ListFindings",
    "ListCoverage",
    "BatchGetAccountStatus",
    "BatchGetFindingDetails",
    "ListFindingAggregations",
)
# moto uses different names for CloudWatch's actions
POLICED = S3 | DYNAMODB | OPTIONAL - {"cloudwatch:GetMetricStatistics"}


def keys_left() -> list[str]:
    """The keys in the bucket."""
    client: Any = boto3.client("s3")
    return [one["Key"] for one in client.list_objects_v2(Bucket="findings").get("Contents", [])]


@pytest.fixture
def deployed(aws: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket and a table in moto, with settings that point to them."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="findings")
    create_table("rollups", endpoint=aws)
    monkeypatch.setenv("SRE_STORE", "s3://findings/inspector")
    monkeypatch.setenv("SRE_TABLE", "dynamodb://rollups")
    return aws


@contextmanager
def allowed(endpoint: str, *statements: dict[str, Any]) -> Iterator[None]:
    """Within the block, moto enforces these policy statements, as IAM does."""

    def enforce(after: str) -> None:
        plain = {"Content-Type": "text/plain"}
        urlopen(
            Request(f"{endpoint}/moto-api/reset-auth", after.encode(), plain, method="POST")
        ).close()

    iam = boto3.client("iam", endpoint_url=endpoint)
    name = f"doctor-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        # moto keeps the first credentials that it gets
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        enforce("0")
        try:
            yield
        finally:
            enforce("inf")


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def states(run: Any) -> dict[str, str]:
    return {one["what"]: one["state"] for one in run.json["checks"]}


def check(run: Any, what: str) -> dict[str, str]:
    (found,) = [one for one in run.json["checks"] if one["what"] == what]
    return dict(found)


def test_without_aws_its_checks_are_off_and_nothing_fails(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    before = sorted(demo.rglob("*"))
    run = cli("doctor", "--output", "json", "--max-age", "3650d")
    assert states(run) == {
        "identity": OFF,
        "clock": OFF,
        "permissions": OFF,
        "store": OK,
        "table": OK,
        "snapshot": OK,
        "server": OFF,
        "Slack": OFF,
    }
    assert run.code == 0
    assert sorted(demo.rglob("*")) == before, "test data is removed"
    assert "complete for all visible accounts" in check(run, "snapshot")["detail"]


def test_with_aws_everything_is_checked_and_test_data_removed(
    deployed: str, cli: Cli, inspector: Any
) -> None:
    with inspector():
        run = cli("doctor", *HERE)
    found = states(run)
    tried = {one for one, state in found.items() if ":" in one and state == OK}
    assert tried >= S3 | DYNAMODB | OPTIONAL | {f"inspector2:{name}" for name in INSPECTOR}
    assert {
        found[one] for one in ("identity", "clock", "store", "table", "Inspector us-east-1")
    } == {OK}
    assert check(run, "Inspector us-east-1")["detail"].startswith("on: ")
    assert found["snapshot"] == WARNING
    assert keys_left() == []
    assert boto3.client("dynamodb").scan(TableName="rollups")["Count"] == 0


@settings(
    max_examples=settings().max_examples // 5,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(missing=st.sets(st.sampled_from(sorted(POLICED)), max_size=6))
def test_exactly_the_missing_permissions_are_named_with_their_statement(
    deployed: str, cli: Cli, inspector: Any, missing: set[str]
) -> None:
    with (
        inspector(),
        allowed(deployed, allow("sts:*", "ssm:*", "monitoring:*", *sorted(POLICED - missing))),
    ):
        run = cli("doctor", *HERE)
    # without a written object, nothing can be read or removed
    follows = missing & {"s3:PutObject", "dynamodb:PutItem"}
    for one in sorted(POLICED):
        found = check(run, one)
        if found["state"] == UNKNOWN:
            assert follows, one
        elif one in missing:
            assert found["state"] == (WARNING if one in OPTIONAL else FAILED), one
            assert f'"Effect": "Allow", "Action": "{one}", "Resource": "' in found["remedy"]
        else:
            assert found["state"] == OK, one
    leftover = keys_left()
    assert len(leftover) <= ("s3:DeleteObject" in missing)
    for key in leftover:
        boto3.client("s3").delete_object(Bucket="findings", Key=key)


def test_the_named_statements_fix_the_checks(deployed: str) -> None:
    """moto does not check DynamoDB's resources, so its statements apply to all of them."""
    statements, seen = [allow("sts:*")], list[Check]()
    for _ in range(6):  # rounds, because a step runs only once the previous one is allowed
        with allowed(deployed, *statements):
            seen = [
                *storage.store(open_blobs("s3://findings/inspector"), NOW),
                *storage.table(open_table("dynamodb://rollups"), "dynamodb://rollups", NOW),
            ]
        lines = [
            one.remedy.partition("Add to the role's policy: ")[2]
            for one in seen
            if one.state == FAILED
        ]
        if not lines:
            break
        statements += [json.loads(f"{{{line}}}") for line in lines]
        for one in statements:
            one["Resource"] = "*" if "dynamodb" in str(one["Action"]) else one["Resource"]
    assert {one.state for one in seen} == {OK}
    assert {one["Action"] for one in statements[1:]} == S3 | DYNAMODB


def test_a_denial_of_inspector_names_the_policy_statement(
    deployed: str, cli: Cli, inspector: Any
) -> None:
    denied = ("ListCoverage", "BatchGetFindingDetails", "GetClustersForImage")
    with inspector(faults=[Fault("denied", name, times=99) for name in denied]):
        run = cli("doctor", *HERE)
    for name in denied:
        found = check(run, f"inspector2:{name}")
        assert found["state"] == (WARNING if name == "GetClustersForImage" else FAILED)
        assert found["remedy"].endswith(
            f'"Effect": "Allow", "Action": "inspector2:{name}", "Resource": "*"'
        )
    assert run.code == 4
    assert states(run)["inspector2:ListFindings"] == OK


def test_a_denied_scan_names_the_policy_statement(cli: Cli, inspector: Any, tmp_path: Path) -> None:
    with inspector(faults=[Fault("denied", "ListCoverage", times=99)]):
        run = cli("scan", "--region", "us-east-1", "--store", str(tmp_path), "--rate", "1000")
    assert run.code == 3
    assert '"Effect": "Allow", "Action": "inspector2:ListCoverage", "Resource": "*"' in run.err


def test_a_throttled_call_is_unknown_and_not_denied(
    deployed: str, cli: Cli, inspector: Any
) -> None:
    faults = [
        Fault("throttle", "ListCoverage", times=99),
        Fault("internal", "ListFindings", times=99),
    ]
    with inspector(faults=faults):
        run = cli("doctor", *HERE)
    assert {states(run)[f"inspector2:{name}"] for name in ("ListCoverage", "ListFindings")} == {
        UNKNOWN
    }
    assert run.code == 3


@pytest.mark.parametrize("fault", ["expired", "unrecognized"])
def test_expired_credentials_are_named_as_such(
    deployed: str,
    cli: Cli,
    inspector: Any,
    fault: str,
    service: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.url)
    code = {"expired": "ExpiredToken", "unrecognized": "InvalidClientTokenId"}[fault]
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    service.tell("GetCallerIdentity", body, status=403)
    with inspector():
        run = cli("doctor", *HERE)
    assert check(run, "identity")["state"] == FAILED
    assert "aws sso login" in check(run, "identity")["remedy"]
    assert states(run)["clock"] == OK, "a refusal has a date too"
    assert states(run)["permissions"] == UNKNOWN
    assert run.code == 4


def test_a_region_without_inspector_fails_only_if_it_is_required(
    deployed: str, cli: Cli, inspector: Any
) -> None:
    with inspector():
        named = cli("doctor", "--region", "ap-south-1", "--region", "us-east-1", "--output", "json")
        every = cli("doctor", "--output", "json")
    assert check(named, "Inspector ap-south-1")["state"] == FAILED
    assert (
        "aws inspector2 enable --region ap-south-1"
        in check(named, "Inspector ap-south-1")["remedy"]
    )
    elsewhere = check(every, "Inspector elsewhere")
    assert (elsewhere["state"], "ap-south-1" in elsewhere["detail"]) == (OFF, True)
    assert states(every)["Inspector us-east-1"] == OK


def test_inspector_off_in_all_regions_is_a_failure(
    deployed: str, cli: Cli, service: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(server := disabled_inspector()):
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", server.url)
        run = cli("doctor", "--output", "json")
    found = check(run, "Inspector")
    assert found["state"] == FAILED
    assert "off in all regions" in found["detail"]


def disabled_inspector() -> HttpServer:
    """An Inspector that is disabled in the account."""
    account = {
        "accountId": "111122223333",
        "state": {"status": "DISABLED"},
        "resourceState": {},
    }
    return HttpServer(json_response({"accounts": [account]}))


def test_a_check_without_an_answer_in_time_is_unknown(
    deployed: str, cli: Cli, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.url)
    service.before = lambda _: service.over.wait(60)
    run = cli("doctor", *HERE[:-2], "--timeout", "6")
    assert check(run, "identity")["state"] == UNKNOWN
    assert "Check the network" in check(run, "identity")["remedy"]
    assert states(run)["store"] == OK


def test_without_a_network_aws_is_unknown_and_a_required_bucket_fails(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("botocore.retryhandler.delay_exponential", lambda *_: 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    run = cli(
        "doctor", *HERE, "--store", "s3://findings", "--table", f"sqlite:///{tmp_path}/table.db"
    )
    assert states(run)["identity"] == UNKNOWN
    assert states(run)["permissions"] == UNKNOWN
    assert states(run)["store" if "store" in states(run) else "s3:ListBucket"] == FAILED
    assert run.code == 4


def test_a_missing_table_fails_until_it_exists(deployed: str, cli: Cli, inspector: Any) -> None:
    boto3.client("dynamodb").delete_table(TableName="rollups")
    with inspector():
        gone = cli("doctor", *HERE)
        create_table("rollups", endpoint=deployed)
        back = cli("doctor", *HERE)
    assert {states(gone)[one] for one in DYNAMODB} == {FAILED}
    assert "ResourceNotFoundException" in check(gone, "dynamodb:Query")["detail"]
    assert gone.code == 4
    assert states(back)["table"] == OK


def test_a_missing_local_store_is_a_warning_and_not_created(cli: Cli, tmp_path: Path) -> None:
    run = cli("doctor", "--output", "json", "--store", str(tmp_path / "store"))
    assert {states(run)[one] for one in ("store", "table", "snapshot")} == {WARNING}
    assert not (tmp_path / "store").exists()


def test_a_missing_region_warns_and_missing_credentials_fail_for_a_bucket(
    deployed: str, cli: Cli, inspector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with inspector():
        run = cli("doctor", *HERE)
    assert check(run, "region")["state"] == WARNING
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    nobody = cli("doctor", *HERE)
    assert check(nobody, "identity")["state"] == FAILED
    assert nobody.code == 4


def test_an_overridden_inspector_endpoint_leaves_other_services_unchecked(
    cli: Cli, inspector: Any, monkeypatch: pytest.MonkeyPatch, demo: Path
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with inspector():
        run = cli("doctor", *HERE)
    assert states(run)["inspector2:ListFindings"] == OK
    assert {states(run)[one] for one in OPTIONAL | {"identity"}} == {OFF}


def test_a_partial_or_stale_snapshot_is_a_warning_with_the_reason(
    cli: Cli, inspector: Any, tmp_path: Path
) -> None:
    with inspector(faults=[Fault("denied", "ListCoverage", times=99)]):
        cli("scan", "--region", "us-east-1", "--store", str(tmp_path), "--rate", "1000")
    partial = check(cli("doctor", "--output", "json", "--store", str(tmp_path)), "snapshot")
    assert partial["state"] == WARNING
    assert "coverage" in partial["detail"]


def test_a_snapshot_is_stale_beyond_the_maximum_age(demo: Path) -> None:
    from sre_findings.store.snapshots.writer import SnapshotWriter

    snapshots = SnapshotWriter(open_blobs(str(demo)))
    values = load(os.environ, demo, max_age="26h")
    newest = snapshots.commits()[-1].started_at
    (young,) = storage.snapshot(snapshots, values, newest + timedelta(hours=26))
    (old,) = storage.snapshot(snapshots, values, newest + timedelta(hours=26, seconds=1))
    assert (young.state, old.state) == (OK, WARNING)
    assert "stale: the limit is 26 h" in old.detail
    (close,) = storage.snapshot(snapshots, values, newest - timedelta(minutes=5))
    (future,) = storage.snapshot(snapshots, values, newest - timedelta(minutes=5, seconds=1))
    assert (close.state, future.state) == (OK, WARNING)
    assert "in the future" in future.detail


@given(offset=st.integers(-7200, 7200), took=st.integers(0, 10))
def test_clock_skew_does_not_include_the_duration_of_the_call(offset: int, took: int) -> None:
    theirs = NOW + timedelta(seconds=took / 2)
    before, after = NOW + timedelta(seconds=offset), NOW + timedelta(seconds=offset + took)
    found = identity.clock(format_datetime(theirs, usegmt=True), before, after)
    if abs(offset) + took + 1 < 30:
        assert found.state == OK
    elif 30 + took + 1 < abs(offset) < 300 - took - 1:
        assert found.state == WARNING
    elif abs(offset) > 300 + took + 1:
        assert found.state == FAILED
    if found.state != OK:
        assert ("fast" if offset > 0 else "slow") in found.detail


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 01:00:00 GMT"])
def test_without_a_date_header_the_clock_is_unknown(date: str) -> None:
    assert identity.clock(date, NOW, NOW).state == UNKNOWN


def test_clock_skew_is_seen_in_a_real_response(deployed: str) -> None:
    aws = Aws(None, os.environ)
    late = identity.identify(
        aws, "eu-west-1", lambda: datetime.now(UTC) - timedelta(minutes=10), needed=True
    )
    right = identity.identify(aws, "eu-west-1", lambda: datetime.now(UTC), needed=True)
    assert [one.state for one in late.checks] == [OK, FAILED]
    assert [one.state for one in right.checks] == [OK, OK]


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        (
            "arn:aws:sts::111122223333:assumed-role/scan/task-1",
            "arn:aws:iam::111122223333:role/scan",
        ),
        (
            "arn:aws-cn:sts::111122223333:assumed-role/scan/x",
            "arn:aws-cn:iam::111122223333:role/scan",
        ),
        ("arn:aws:iam::111122223333:user/you", "arn:aws:iam::111122223333:user/you"),
    ],
)
def test_the_policy_simulator_gets_the_role_and_not_its_session(arn: str, principal: str) -> None:
    caller = identity.Caller(arn, "111122223333")
    assert caller.principal == principal
    assert caller.partition == arn.split(":")[1]


DECISIONS = [
    ("allowed", OK),
    ("implicitDeny", FAILED),
    ("explicitDeny", FAILED),
    ("unheard", UNKNOWN),
]


@pytest.mark.parametrize(("decision", "state"), DECISIONS)
def test_actions_without_a_harmless_call_use_the_policy_simulator(
    deployed: str,
    cli: Cli,
    inspector: Any,
    service: Any,
    monkeypatch: pytest.MonkeyPatch,
    decision: str,
    state: str,
) -> None:
    result = "".join(
        f"<member><EvalActionName>ses:{name}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>"
        for name in ("SendEmail", "SendRawEmail")
    )
    results = f"<EvaluationResults>{result}</EvaluationResults>"
    inner = f"<SimulatePrincipalPolicyResult>{results}</SimulatePrincipalPolicyResult>"
    service.tell(
        "SimulatePrincipalPolicy",
        f"<SimulatePrincipalPolicyResponse>{inner}</SimulatePrincipalPolicyResponse>",
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", service.url)
    monkeypatch.setenv("SRE_SMTP", "ses://eu-west-1")
    with inspector():
        found = check(cli("doctor", *HERE), "ses:SendRawEmail")
    assert found["state"] == state
    assert "policy simulator" in found["detail"]


def test_a_denied_policy_simulator_is_unknown_with_its_own_statement(
    deployed: str, cli: Cli, inspector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_ENGINE", "athena://sre/primary")
    with inspector(), allowed(deployed, allow("sts:*", "athena:*")):
        found = check(cli("doctor", *HERE), "athena:StartQueryExecution")
    assert found["state"] == UNKNOWN
    assert '"Action": "iam:SimulatePrincipalPolicy"' in found["remedy"]


def test_a_test_blob_that_cannot_be_removed_does_not_become_two(
    deployed: str, tmp_path: Path
) -> None:
    with allowed(deployed, allow("s3:ListBucket", "s3:PutObject", "s3:GetObject")):
        blobs = open_blobs("s3://findings/inspector")
        for hours in range(3):
            found = {one.what: one for one in storage.store(blobs, NOW + timedelta(hours=hours))}
            assert found["s3:DeleteObject"].state == FAILED
            assert "store" not in found
    assert len(keys_left()) == 1
    assert (
        storage.store(open_blobs("s3://findings/inspector"), NOW + timedelta(hours=9))[0].state
        == OK
    )
    assert keys_left() == []


def test_a_store_that_loses_or_replaces_blobs_fails(tmp_path: Path) -> None:
    class Forgetful:
        url = "s3://findings"
        said = b""

        def keys(self, prefix: str) -> Iterator[str]:
            yield from ()

        def create(self, key: str, body: bytes) -> bool:
            self.said = body
            return True

        def read(self, key: str) -> bytes:
            return self.said

        def delete(self, key: str) -> None: ...

    assert "does not return" in storage.store(Forgetful(), NOW)[0].detail  # type: ignore[arg-type]  # a partial store

    class Generous(Forgetful):
        def create(self, key: str, body: bytes) -> bool:
            self.said = self.said or body
            return True

    assert "second writer" in storage.store(Generous(), NOW)[0].detail  # type: ignore[arg-type]


def test_a_table_that_loses_rows_fails(tmp_path: Path) -> None:
    table: Any = SqliteTable(tmp_path / "t.db")
    table.put([])
    table.query = lambda *_: iter(())
    assert storage.table(table, f"sqlite:///{tmp_path}/t.db", NOW)[0].state == FAILED
    right = SqliteTable(tmp_path / "t.db")
    assert storage.table(right, f"sqlite:///{tmp_path}/t.db", NOW)[0].state == OK
    assert list(right.query("doctor")) == []


def test_an_invalid_url_is_a_failed_check(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    run = cli("doctor", "--output", "json", "--store", "ftp://x", "--table", "sqlite:x")
    assert (states(run)["store"], states(run)["table"], run.code) == (FAILED, FAILED, 4)


def test_a_region_that_does_not_exist_is_a_usage_error(cli: Cli) -> None:
    run = cli("doctor", "--region", "eu-wset-1")
    assert run.code == 2
    assert "eu-west-1" in run.err


Ready = Callable[..., AbstractContextManager[str]]


@pytest.mark.parametrize(
    ("status", "body", "state", "said"),
    [
        (200, b'{"ready": true}', OK, "ready"),
        (503, b'{"ready": false, "why": "the table cannot be read"}', FAILED, "the table"),
        (404, b"<html>", FAILED, "HTTP status 404"),
        (503, b"[]", FAILED, "HTTP status 503"),
    ],
)
def test_a_server_is_checked_with_its_readiness_endpoint(
    cli: Cli,
    running: Any,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    state: str,
    said: str,
) -> None:
    server = HttpServer(HttpResponse(status, body))
    monkeypatch.setenv("SRE_SERVER", f"{server.url}/mcp")
    with running(server):
        run = cli("doctor", "--output", "json")
    assert {request.path for request in server.requests} == {"/readyz"}
    assert check(run, "server")["state"] == state
    assert said in check(run, "server")["detail"]
    assert {states(run)[one] for one in ("store", "table", "snapshot")} == {OFF}


def test_an_unreachable_server_fails(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRE_SERVER", "http://127.0.0.1:9/mcp")
    run = cli("doctor", "--output", "json")
    assert (states(run)["server"], run.code) == (FAILED, 4)


def test_slack_is_checked_with_its_channels(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(
        f"channels:\n  - channel: {CHANNEL}\n    owners: ['*']\n  - channel: C0000000000\n   "
        " owners: [a]\n"
    )
    workspace = Workspace(scopes=set(SCOPES))
    monkeypatch.setenv("SRE_SLACK_BOT_TOKEN", TOKEN)
    with serving(workspace) as slack:
        monkeypatch.setenv("SRE_SLACK_API_URL", slack.url)
        unnamed = cli("doctor", "--output", "json")
        monkeypatch.setenv("SRE_SLACK_CHANNELS", str(file))
        run = cli("doctor", "--output", "json")
    told = [
        (one["what"], one["state"]) for one in run.json["checks"] if one["what"].startswith("Slack")
    ]
    assert told == [
        ("Slack bot", OK),
        ("Slack scopes", OK),
        ("Slack channel", OK),
        ("Slack channel", FAILED),
    ]
    assert states(unnamed)["Slack channels"] == OFF
    assert TOKEN not in run.out


@pytest.mark.parametrize(
    ("answer", "status", "state"),
    [
        ({"SecretString": "{}"}, 200, OFF),
        ({"SecretString": '{"signing_secrets": ["x"]}'}, 200, OFF),
        (
            {
                "__type": "ResourceNotFoundException",
                "message": "no value for staging label: AWSCURRENT",
            },
            400,
            OFF,
        ),
        ({"__type": "AccessDeniedException", "message": "no"}, 400, FAILED),
        ({"SecretString": "no json"}, 200, FAILED),
    ],
)
def test_slack_without_a_secret_is_off_and_an_unreadable_secret_fails(
    cli: Cli,
    service: Any,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, str],
    status: int,
    state: str,
) -> None:
    service.tell("GetSecretValue", answer, status=status)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", service.url)
    monkeypatch.setenv("SRE_SLACK_SECRET_ID", "sre/slack")
    found = check(cli("doctor", "--output", "json"), "Slack")
    assert found["state"] == state
    if answer.get("__type") == "AccessDeniedException":
        assert '"Action": "secretsmanager:GetSecretValue"' in found["remedy"]
        assert ":secret:sre/slack-*" in found["remedy"]


def test_results_are_in_the_order_of_the_tasks() -> None:
    first_may_end = threading.Event()

    def slow() -> list[Check]:
        first_may_end.wait(60)
        return [Check("slow", OK, "")]

    def quick() -> list[Check]:
        first_may_end.set()
        return [Check("quick", OK, "")]

    assert [
        one.what for one in run_tasks([Task("slow", slow), Task("quick", quick)], 60.0, lambda: 0.0)
    ] == ["slow", "quick"]


def test_a_hanging_task_is_unknown_and_an_internal_error_is_raised() -> None:
    over = threading.Event()

    def hang() -> list[Check]:
        over.wait(60)
        return []

    def unreadable() -> list[Check]:
        raise StoreUnreadable("gone", why="deleted", do="Make it.")

    def wrong() -> list[Check]:
        raise ZeroDivisionError

    late = run_tasks([Task("hangs", hang)], 0.0, lambda: 1.0)
    assert [(one.what, one.state) for one in late] == [("hangs", UNKNOWN)]
    over.set()
    assert run_tasks([Task("store", unreadable)], 60.0, lambda: 0.0) == [
        Check("store", FAILED, "gone: deleted", "Make it.")
    ]
    with pytest.raises(ZeroDivisionError):
        run_tasks([Task("wrong", wrong)], 60.0, lambda: 0.0)


CHECKS = st.lists(
    st.builds(
        Check,
        st.text(max_size=20),
        st.sampled_from(STATES),
        st.text(max_size=30),
        st.text(max_size=30),
    )
)


@given(CHECKS)
def test_the_exit_code_is_0_only_if_everything_is_ok_or_off(checks: list[Check]) -> None:
    found = {one.state for one in checks}
    assert (exit_code(checks) == 0) == (found <= {OK, OFF})
    assert (exit_code(checks) == 4) == (FAILED in found)
    assert exit_code(checks) in (0, 3, 4)
    assert sum(to_json(checks)["counts"].values()) == len(checks)
    assert ("passed" in headline(checks)) == (exit_code(checks) == 0)


@given(CHECKS)
def test_every_check_and_remedy_is_shown_without_control_characters(
    checks: list[Check],
) -> None:
    text = render(checks, 80, 0)
    assert not [letter for letter in text if letter < " " and letter != "\n"]
    assert text.count("\n") >= len(checks) + sum(bool(one.remedy) for one in checks)


def test_a_part_checks_only_what_its_role_needs_and_may_write(
    deployed: str, cli: Cli, inspector: Any
) -> None:
    reading = allow(
        "sts:*",
        "ssm:*",
        "monitoring:*",
        "s3:ListBucket",
        "s3:GetObject",
        "dynamodb:*",
        "ec2:DescribeInstances",
    )
    with inspector(), allowed(deployed, reading):
        server, jobs, scan = (
            cli("doctor", "--for", part, *HERE) for part in ("server", "jobs", "scan")
        )
    assert FAILED not in states(server).values()
    assert FAILED not in states(jobs).values()
    assert not [one for one in states(jobs) if one.startswith(("inspector2:", "Inspector"))]
    assert {one for one, state in states(scan).items() if state == FAILED} == {"s3:PutObject"}
    assert "ec2:DescribeInstances" not in states(scan)


def test_inspector_is_checked_with_the_reader_role_if_there_is_one(
    deployed: str, cli: Cli, inspector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_READER_ROLE", "arn:aws:iam::444455556666:role/sre-inspector-reader")
    monkeypatch.setenv("SRE_READER_EXTERNAL_ID", "a-word-that-is-long-enough")
    with inspector():
        taken = cli("doctor", *HERE)
        with allowed(
            deployed,
            allow("sts:GetCallerIdentity", "s3:*", "dynamodb:*", "ssm:*", "monitoring:*", "ec2:*"),
        ):
            refused = cli("doctor", *HERE)
    assert check(taken, "reader")["state"] == OK
    assert ":assumed-role/sre-inspector-reader/" in check(taken, "reader")["detail"]
    assert check(taken, "identity")["detail"] == "arn:aws:sts::123456789012:user/moto"
    assert check(refused, "reader")["state"] == FAILED
    assert '"Action": "sts:AssumeRole"' in check(refused, "reader")["remedy"]


def test_the_parts_are_the_choices_of_the_command() -> None:
    from sre_cli.commands.doctor import command
    from sre_cli.doctor.required_permissions import PARTS

    (offered,) = [one.type.choices for one in command.params if one.name == "part"]  # type: ignore[attr-defined]  # the type is a Choice
    assert tuple(offered) == PARTS
