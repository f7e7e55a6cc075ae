"""The cold start of the acknowledgement: few imports and little CPU time."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Any

HEAVY = (
    "aws_lambda_powertools",
    "boto3",
    "botocore.client",
    "botocore.session",
    "duckdb",
    "jinja2",
    "mcp",
    "msgspec",
    "numpy",
    "pyarrow",
    "slack_sdk",
    "sre_slack.worker",
)
# times a bare interpreter's CPU time; measured: 6, mostly for botocore.auth
FACTOR, RUNS = 12, 5

_CHILD = """
import json, resource, sys
from sre_slack.handler import handle
answer = handle(json.loads(sys.stdin.read()), None)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([answer, sorted(sys.modules), used.ru_utime + used.ru_stime]))
"""
_BARE = (
    "import resource; used = resource.getrusage(resource.RUSAGE_SELF); print(used.ru_utime +"
    " used.ru_stime)"
)


def acknowledged(signer: Any, stand_in: Any) -> tuple[dict[str, Any], list[str], float]:
    """The response of a new process, the modules that it imported, and its CPU seconds."""
    ours = {
        "SRE_SLACK_SIGNING_SECRET": signer.secret,
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "sre-slack",
        "AWS_ENDPOINT_URL_LAMBDA": stand_in.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    event = json.dumps(signer.command("prod-web-36"))
    env = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")
    } | ours
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=event,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    answer, modules, seconds = json.loads(done.stdout.splitlines()[-1])
    return answer, modules, seconds


def bare() -> float:
    """The CPU seconds of an interpreter that does nothing."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return float(
        subprocess.run(
            [sys.executable, "-c", _BARE], env=env, capture_output=True, text=True, check=True
        ).stdout
    )


def test_the_acknowledgement_imports_nothing_heavy_and_starts_in_time(
    stand_in: Any, signer: Any
) -> None:
    import time

    stand_in.will(202)
    signer = type(signer)(now=time.time())
    runs = [acknowledged(signer, stand_in) for _ in range(RUNS)]
    for answer, modules, _ in runs:
        assert json.loads(answer["body"])["text"] == "Checking `prod-web-36` …"
        assert not {*HEAVY} & {*modules}
    assert len(stand_in.requests) == RUNS
    assert stand_in.requests[0].json["job"]["text"] == "prod-web-36"
    spent, idle = (
        statistics.median(run[2] for run in runs),
        statistics.median(bare() for _ in range(RUNS)),
    )
    assert spent < FACTOR * idle, f"{spent:.3f} s of CPU, a bare interpreter takes {idle:.3f} s"
