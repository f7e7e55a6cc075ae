"""The same queries answered by pandas from the same files, and by the AWS CLI with JMESPath."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from processes import BIN, environment, median, run
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Summary
from sre_findings.sources.sources import Sources
from sre_findings.store.snapshots.keys import partition
from sre_simulator.fleet import Fleet
from sre_simulator.inspector.server import Simulator

Ask = Callable[[], Any]


def pandas(sources: Sources) -> dict[str, Ask]:
    """Name of the query → a function that answers it from the Parquet files, which are read again
    each time."""
    newest, before = (
        sources.stores.snapshots.commits()[-1],
        sources.stores.snapshots.commits()[-2],
    )
    root = Path(sources.stores.snapshots.blobs.url.removeprefix("file://"))
    worst = ask(Summary(by="resource", count=1), sources).groups[0].value

    def read(columns: list[str], commit: Any = newest) -> pd.DataFrame:
        return pd.concat(
            pd.read_parquet(path, columns=columns)
            for path in (root / partition("findings", commit.snapshot_id)).glob("*")
        )

    def changes() -> Any:
        now, then = (
            set(read(["finding_arn"], commit)["finding_arn"]) for commit in (newest, before)
        )
        return len(now - then), len(then - now)

    return {
        "counts": lambda: read(["severity", "status"]).value_counts(),
        "counts by account": lambda: read(["account_id", "severity"]).value_counts(),
        "all findings of one": lambda: read(["resource_id", "title", "severity"]).query(
            "resource_id == @worst", local_dict={"worst": worst}
        ),
        "changes": changes,
    }


def awscli(sources: Sources, fleet: Fleet) -> dict[str, float]:
    """Name of the query → milliseconds of an AWS CLI process, which lists everything that it
    counts."""
    worst = ask(Summary(by="resource", count=1), sources).groups[0].value
    one = json.dumps({"resourceId": [{"comparison": "EQUALS", "value": worst}]})
    asked = {
        "counts": ["--query", "findings[].severity"],
        "all findings of one": [
            "--filter-criteria",
            one,
            "--query",
            "findings[].[title, severity]",
        ],
    }
    with Simulator(fleet) as simulator:
        simulator.clock = fleet.nights[-1]
        environ = environment(simulator.url, Path(os.devnull))
        command = [str(BIN / "aws"), "inspector2", "list-findings", "--output", "text"]
        return {
            name: median([run([*command, *options], environ)]).wall * 1e3
            for name, options in asked.items()
        }
