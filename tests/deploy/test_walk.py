"""Follows docs/operations.md from an empty account to the first digest.

The account is an emulator's, Inspector is simulated, Slack is a stand-in, and a task is a process
with its definition's command and environment variables. Types that the emulator does not support
are left out (see conftest.py).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.support.clock import session_hour

from sre_cli.doctor.slack_app import SCOPES
from sre_simulator.aws_lambda.function import REGION
from sre_simulator.fleet import default_fleet
from sre_simulator.inspector.server import Simulator
from sre_simulator.slack.web_api import CHANNEL, TOKEN, Workspace, serving

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
STEPS = re.findall(r"### (\d)\. .*?\n(.*?)(?=### \d\. |An alarm leads)", PAGE, re.DOTALL)
CALENDAR = {
    name: os.environ[name]
    for name in ("LD_PRELOAD", "SRE_CLOCK_OFFSET", "TZ")
    if name in os.environ
}
SIGNING = "signingsecretofthewalkintests000"


def commands(text: str) -> str:
    """The commands of a step on the page."""
    return "\n".join(re.findall(r"```bash\n(.*?)```", text, re.DOTALL))


@dataclass(frozen=True)
class Walk:
    """The state after following the page: a folder, a shell environment, Slack, and the output.

    The folder has the files of the checkout.
    """

    folder: Path
    environ: dict[str, str]
    workspace: Workspace
    said: str

    def tasks(self) -> list[tuple[dict[str, Any], str]]:
        """The tasks that ran, each with its output."""
        return [
            (json.loads(one.read_text()), one.with_suffix(".log").read_text())
            for one in sorted(self.folder.glob("task-*.json"))
        ]

    def does(self, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs a line in the page's shell, with the functions of deploy/stack.sh."""
        start = (
            f"export AWS_REGION={REGION} stack=walk PATH=$PATH:$PWD/.venv/bin\n. deploy/stack.sh\n"
        )
        return _shell(self.folder, start + line, self.environ | environ)


def _shell(
    folder: Path, script: str, environ: dict[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


# few regions are enabled in most accounts, but all in the emulator
REGIONS = "".join(
    f"<item><regionName>{one}</regionName></item>" for one in ("eu-west-1", "us-east-1")
)
EC2 = {
    "DescribeRegions": (
        f"<DescribeRegionsResponse><regionInfo>{REGIONS}</regionInfo></DescribeRegionsResponse>"
    ),
    "DescribeInstances": "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>",
}
LOOK = "sre-cli doctor\n"


@pytest.fixture(scope="module")
def walk(
    deployed: Any, slack_zip: Path, service_of_module: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walk]:
    """Runs every step of the page in one shell, up to the inspection of the results."""
    folder: Path = tmp_path_factory.mktemp("walk")
    workspace = Workspace(scopes=set(SCOPES))
    for operation, answer in EC2.items():
        service_of_module.tell(operation, answer)
    with (
        Simulator(default_fleet(nights=1, now=session_hour())) as inspector,
        serving(workspace) as slack,
    ):
        places = {"": deployed.url, "_INSPECTOR2": inspector.url, "_EC2": service_of_module.url}
        environ = _environ(folder, places, slack.url)
        _lay_out(folder, deployed.template, slack_zip)
        script, look, _ = (
            "\n".join(commands(text) for _, text in STEPS)
            .replace("stack=sre ", "stack=walk ")
            .partition(LOOK)
        )
        assert look
        done = _shell(folder, script, environ, f"{SIGNING}\n{TOKEN}\n")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        yield Walk(folder, environ, workspace, done.stdout + done.stderr)


def _environ(folder: Path, endpoints: dict[str, str], slack: str) -> dict[str, str]:
    """The shell's environment.

    Programs that build or push images are stand-ins; the rest is real.
    """
    places = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(folder),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "SRE_SLACK_API_URL": slack,
        **{f"AWS_ENDPOINT_URL{name}": url for name, url in endpoints.items()},
        "AWS_ACCESS_KEY_ID": "TESTING",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        **CALENDAR,
    }
    programs = folder / "programs"
    programs.mkdir()
    _program(
        programs / "aws",
        f'exec {shlex.quote(sys.executable)} {shlex.quote(str(HERE / "stand_in_for_aws.py"))} "$@"',
    )
    _program(
        programs / "docker",
        'echo "$*" >> docker.log; case $1 in build) test -f "$3";; login) cat >/dev/null;; esac',
    )
    _program(programs / "make", 'test "$1" = zip && test -f dist/sre-slack.zip')
    ours = {
        "PATH": f"{programs}{os.pathsep}{os.defpath}",
        "WALK_PLACES": json.dumps(places),
        "WALK_FOLDER": str(folder),
    }
    chosen = {"host": "sre.example.com", "email": "sre@example.com", "channel": CHANNEL}
    certificate = (
        f"arn:aws:acm:{REGION}:000000000000:certificate/00000000-0000-0000-0000-000000000000"
    )
    return {**places, **ours, **chosen, "certificate": certificate}


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def _lay_out(folder: Path, template: dict[str, Any], slack_zip: Path) -> None:
    """Copies the files that the page names, and the supported part of the template."""
    for name in ("deploy", "dist"):
        (folder / name).mkdir()
    for name in ("scanner", "mcp"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "deploy" / "stack.sh").symlink_to(ROOT / "deploy" / "stack.sh")
    (folder / "deploy" / "template.json").write_text(
        json.dumps(template, separators=(",", ":")), encoding="utf-8"
    )
    (folder / "dist" / "sre-slack.zip").symlink_to(slack_zip)
    (folder / ".venv").symlink_to(sys.prefix)


@pytest.fixture(scope="module")
def stack(walk: Walk, deployed: Any) -> dict[str, str]:
    """The outputs of the stack that the page deployed."""
    [found] = deployed.client("cloudformation").describe_stacks(StackName="walk")["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


Stored = Callable[..., Any]


@pytest.fixture(scope="module")
def stored(walk: Walk, stack: dict[str, str]) -> Stored:
    """``stored("summary")``: the output of a query on the stack's bucket and table."""

    def ask(*words: str) -> Any:
        where = {"SRE_STORE": stack["StoreUrl"], "SRE_TABLE": f"dynamodb://{stack['TableName']}"}
        done = walk.does(f"sre-cli {shlex.join(words)} --output json", **where)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="module")
def summary(stored: Stored) -> Any:
    """The summary of the first snapshot in the stack's store."""
    return stored("summary", "--by", "region")


def test_all_commands_of_the_five_documented_steps_ran(walk: Walk) -> None:
    assert [number for number, _ in STEPS] == list("12345")
    assert [(one["command"], one["code"]) for one, _ in walk.tasks()[:3]] == [
        ([], 0),
        (["report"], 0),
        (["digest"], 0),
    ]
    pushed = (walk.folder / "docker.log").read_text()
    assert re.findall(r"push \S+/(\S+)", pushed) == ["sre-scanner:1.0.0", "sre-server:1.0.0"]


def test_the_bucket_and_table_have_a_complete_snapshot(
    stack: dict[str, str], deployed: Any, summary: Any
) -> None:
    s3, dynamodb = deployed.client("s3"), deployed.client("dynamodb")
    commit = json.load(
        s3.get_object(Bucket=stack["BucketName"], Key="store/commits/000000000001.json")["Body"]
    )
    assert (commit["state"], commit["snapshot_id"]) == ("complete", summary["snapshot_id"])
    assert commit["snapshot_id"] in json.dumps(dynamodb.scan(TableName=stack["TableName"])["Items"])
    assert {one["value"] for one in summary["groups"]} == {"eu-west-1", "us-east-1"}


def test_athena_has_a_partition_for_the_snapshot(
    stack: dict[str, str], deployed: Any, summary: Any
) -> None:
    for table in ("findings", "coverage", "resources"):
        found = deployed.client("glue").get_partitions(
            DatabaseName=stack["DatabaseName"], TableName=table
        )["Partitions"]
        assert [summary["snapshot_id"]] in [one["Values"] for one in found]


def test_the_bucket_has_the_report(stack: dict[str, str], deployed: Any) -> None:
    found = deployed.client("s3").list_objects_v2(
        Bucket=stack["BucketName"], Prefix="store/reports/"
    )["Contents"]
    assert {one["Key"].rpartition("/")[2] for one in found} >= {
        "index.html",
        "findings.csv",
        "findings.parquet",
        "summary.json",
    }


def test_the_first_digest_is_in_slack(walk: Walk, summary: Any) -> None:
    assert f"{summary['counts']['total']:,}" in json.dumps(walk.workspace.of(CHANNEL)[0])


def test_repeated_fires_of_the_schedules_run_the_next_night_once(
    walk: Walk, deployed: Any, summary: Any
) -> None:
    """EventBridge Scheduler delivers at least once.

    The clock is set to the next morning, when the digest is due.
    """
    now = datetime.now(UTC)
    morning = now.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=now.hour >= 6)
    environ = {"SRE_CLOCK": f"2@{(now - (morning + timedelta(minutes=5) - now)).isoformat()}"}
    for name, hour in (
        ("ScanSchedule", "01:00"),
        ("ReportSchedule", "01:15"),
        ("DigestSchedule", "06:00"),
    ) * 2:
        assert _fired(walk, deployed, name, f"{morning:%Y-%m-%d}T{hour}:00Z", environ) == 0, (
            walk.tasks()[-1]
        )
    first, second = walk.workspace.of(CHANNEL)
    assert summary["snapshot_id"] in json.dumps(first)
    assert summary["snapshot_id"] not in json.dumps(second)


def _fired(walk: Walk, deployed: Any, name: str, moment: str, environ: dict[str, str]) -> int:
    """Runs the target of a schedule at this time, and returns the exit code."""
    resource = deployed.client("cloudformation").describe_stack_resource(
        StackName="walk", LogicalResourceId=name
    )
    target = deployed.client("scheduler").get_schedule(
        Name=resource["StackResourceDetail"]["PhysicalResourceId"]
    )["Target"]
    definition = target["EcsParameters"]["TaskDefinitionArn"]
    words = target["Input"].replace("<aws.scheduler.scheduled-time>", moment)
    places = json.dumps(json.loads(walk.environ["WALK_PLACES"]) | environ)
    line = shlex.join(
        [
            "aws",
            "ecs",
            "run-task",
            "--cluster",
            target["Arn"],
            "--task-definition",
            definition,
            "--network-configuration",
            "awsvpcConfiguration={subnets=[subnet-0]}",
            "--overrides",
            words,
        ]
    )
    task = walk.does(line, WALK_PLACES=places).stdout.strip()
    return int(json.loads((walk.folder / f"{task}.json").read_text())["code"])


def test_doctor_reports_only_what_the_emulator_lacks(stored: Stored) -> None:
    wrong = {
        one["what"]: one["state"]
        for one in stored("doctor")["checks"]
        if one["state"] not in ("ok", "off")
    }
    # a warning only if the test of the next day ran before, because its snapshot is from tomorrow
    wrong.pop("snapshot", None)
    assert wrong == {"ssm:DescribeInstancePatchStates": "unknown"}


def test_the_servers_container_answers_from_the_snapshot(
    walk: Walk, stack: dict[str, str], deployed: Any, stored: Stored
) -> None:
    ops = re.findall(r"^sre_\S+$", walk.said, re.MULTILINE)[0]
    with _serving(walk, stack, deployed) as url:
        asked = walk.does(
            "sre-cli summary --by owner --output json", SRE_SERVER=f"{url}/mcp", SRE_TOKEN=ops
        )
        nobody = walk.does(
            "sre-cli summary", SRE_SERVER=f"{url}/mcp", SRE_TOKEN="sre_token-of-nobody-at-all"
        )
    here, there = stored("summary", "--by", "owner"), json.loads(asked.stdout)
    assert [there[name] for name in ("snapshot_id", "counts", "groups")] == [
        here[name] for name in ("snapshot_id", "counts", "groups")
    ]
    assert nobody.returncode == 4


@contextmanager
def _serving(walk: Walk, stack: dict[str, str], deployed: Any) -> Iterator[str]:
    """The server's task, on a port of the loopback.

    It has its definition's command and environment variables.
    """
    definition = deployed.client("ecs").describe_task_definition(
        taskDefinition=stack["ServerTaskDefinition"]
    )
    [container] = definition["taskDefinition"]["containerDefinitions"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {one["name"]: one["value"] for one in container["environment"]}
    data = walk.folder / "served"
    data.mkdir()
    with (walk.folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sre_cli",
                *container["command"],
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
            ],
            env={**json.loads(walk.environ["WALK_PLACES"]), **given},
            cwd=data,
            stdout=log,
            stderr=log,
        )
        try:
            for _ in range(6000):
                assert process.poll() is None, (walk.folder / "server.log").read_text()
                with (
                    suppress(OSError),
                    urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer,
                ):
                    assert json.load(answer)["ready"]
                    break
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=60)


def test_without_its_secret_slack_is_disabled_and_doctor_reports_it(deployed: Any) -> None:
    """The fixture's stack has Slack enabled, with an empty secret."""
    environ = {
        "PATH": os.defpath,
        **deployed.environ,
        "SRE_SLACK_SECRET_ID": deployed.settings("Job")["SRE_SLACK_SECRET_ID"],
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sre_cli",
            "doctor",
            "--output",
            "json",
            "--region",
            REGION,
            "--store",
            ".",
        ],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    [slack] = [one for one in json.loads(done.stdout)["checks"] if one["what"] == "Slack"]
    assert slack["state"] == "off"
    assert "has no bot_token" in slack["detail"]
