"""The AWS requests of a night: ``python benchmarks/night.py 10000 100000`` measures, and writes
results/night.json.

Two nights are scanned into moto's S3 and DynamoDB. The second is measured, with report, digest,
pruning, age check and queries. ``counting/sitecustomize.py`` counts in each process.
``docs/costs.py`` reads the file.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

import processes

HERE = Path(__file__).parent
RESULT = HERE / "results" / "night.json"
DAY = 86_400


@contextmanager
def moto() -> Iterator[str]:
    """S3 and DynamoDB in a separate process; the URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [processes.BIN / "moto_server", "-p", str(port)], stdout=quiet, stderr=quiet
    )
    try:
        for _ in range(300):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def places(url: str) -> None:
    """An empty bucket and an empty table."""
    own: Any = {
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": "a",
        "aws_secret_access_key": "b",
    }
    boto3.client("s3", **own).create_bucket(Bucket="sre")
    keys: Any = [
        {"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))
    ]
    kinds: Any = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    boto3.client("dynamodb", **own).create_table(
        TableName="sre", KeySchema=keys, AttributeDefinitions=kinds, BillingMode="PAY_PER_REQUEST"
    )


def step(words: list[str], environ: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """One command: its requests by operation, its CPU seconds, and the bytes that it logs."""
    counts, out = folder / "counts", folder / "out"
    counts.unlink(missing_ok=True)
    cost = processes.run(
        words, {**environ, "SRE_COUNT_INTO": str(counts), "PYTHONPATH": str(HERE / "counting")}, out
    )
    if cost.code not in (0, 3):
        raise SystemExit(f"{words} ended with {cost.code}: {out.read_text()[-2000:]}")
    asked: dict[str, dict[str, int]] = defaultdict(
        lambda: {"requests": 0, "sent": 0, "received": 0, "units": 0}
    )
    for line in counts.read_text().splitlines():
        for name, one in json.loads(line).items():
            for key, value in one.items():
                asked[name][key] += value
    return {
        "asked": dict(sorted(asked.items())),
        "cpu": round(cost.cpu, 1),
        "logged": out.stat().st_size,
    }


def stored(url: str, snapshot: str) -> dict[str, int]:
    """The bytes of one snapshot and of one night's reports in the bucket."""
    own: Any = {
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": "a",
        "aws_secret_access_key": "b",
    }
    pages = boto3.client("s3", **own).get_paginator("list_objects_v2").paginate(Bucket="sre")
    sizes = {
        one.get("Key", ""): one.get("Size", 0) for page in pages for one in page.get("Contents", [])
    }
    return {
        "snapshot": sum(size for key, size in sizes.items() if snapshot in key),
        "report": sum(size for key, size in sizes.items() if "/reports/" in key and "/20" in key),
    }


def measure(findings: int) -> dict[str, Any]:
    """A night with this number of findings."""
    cli = str(processes.BIN / "sre-cli")
    with (
        moto() as aws,
        processes.simulator(findings) as inspector,
        tempfile.TemporaryDirectory() as name,
    ):
        places(aws)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "TMPDIR": name,
            "XDG_CACHE_HOME": name,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": aws,
            "AWS_ENDPOINT_URL_INSPECTOR2": inspector,
            "SRE_STORE": "s3://sre/store",
            "SRE_TABLE": "dynamodb://sre",
        }
        scan = [sys.executable, "-m", "sre_scanner", "--region", "eu-west-1", "--rate", "100000"]
        now = time.time()
        scanned: dict[str, Any] = {}
        for ago in (DAY, 0):
            moment = json.dumps({"now": now - ago}).encode()
            urllib.request.urlopen(f"{inspector}/_simulator/clock", moment, timeout=10).close()  # noqa: S310 - on the loopback
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - ago))
            scanned = step(scan, {**environ, "SRE_CLOCK": f"1@{at}"}, Path(name))
        snapshot = json.loads((Path(name) / "out").read_text().splitlines()[-1])["snapshot_id"]
        # a task starts without cached files of the bucket
        fresh = {**environ, "XDG_CACHE_HOME": f"{name}/task"}
        jobs = {
            "report": step([cli, "report"], fresh, Path(name)),
            "digest": step(
                [cli, "digest", "--dry-run"],
                {**environ, "XDG_CACHE_HOME": f"{name}/other"},
                Path(name),
            ),
            "prune": step([cli, "snapshots", "prune", "--yes"], environ, Path(name)),
            "age": step([cli, "snapshots", "age"], environ, Path(name)),
            "question": step([cli, "summary", "--by", "owner"], fresh, Path(name)),
        }
        return {"findings": findings, "scan": scanned, **jobs, "stored": stored(aws, snapshot)}


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[1:]] or [10_000, 100_000]
    RESULT.write_text(json.dumps([measure(one) for one in sizes], indent=1) + "\n")
