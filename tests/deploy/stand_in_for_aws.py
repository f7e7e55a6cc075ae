"""The AWS CLI for the walk, except that ``ecs`` runs tasks as local processes.

The emulator stores task definitions, but starts no containers. So a task is the image's entry point
with the definition's command and environment variables; only the addresses of AWS, Inspector and
Slack are added.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ENTRY_POINTS = {"sre-scanner": "sre_scanner", "sre-server": "sre_cli"}
PLACES = json.loads(os.environ["WALK_PLACES"])
"""Environment variables that every task gets instead of a role, a region and the network."""
FOLDER = Path(os.environ["WALK_FOLDER"])


def option(words: list[str], name: str) -> str:
    """The arguments after an option."""
    return words[words.index(name) + 1]


def run_task(words: list[str]) -> str:
    """Runs a task until it ends and returns its name."""
    import boto3

    assert option(words, "--network-configuration").startswith(
        "awsvpcConfiguration={subnets=[subnet-"
    )
    assert option(words, "--cluster")
    ecs: Any = boto3.client("ecs")
    found = ecs.describe_task_definition(taskDefinition=option(words, "--task-definition"))[
        "taskDefinition"
    ]
    [container], [over] = (
        found["containerDefinitions"],
        json.loads(option(words, "--overrides"))["containerOverrides"],
    )
    assert over["name"] == container["name"]
    command = over["command"] or container.get("command", [])
    name = f"task-{len(list(FOLDER.glob('task-*.json')))}"
    given = {one["name"]: one["value"] for one in container["environment"]}
    data = FOLDER / "data"  # only the image's files, not those of the checkout
    data.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-m", module_of(container["image"]), *command],
            env={**PLACES, **given},
            cwd=data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    (FOLDER / f"{name}.json").write_text(
        json.dumps({"family": found["family"], "command": command, "code": done.returncode})
    )
    return name


def module_of(image: str) -> str:
    """The program that the image's entry point starts."""
    return ENTRY_POINTS[image.rpartition("/")[2].partition(":")[0]]


def main(words: list[str]) -> int:
    """Runs one command."""
    if words[:2] == ["ecs", "run-task"]:
        print(run_task(words))
        return 0
    if words[:2] == ["ecs", "describe-tasks"]:
        print(json.loads((FOLDER / f"{option(words, '--tasks')}.json").read_text())["code"])
        return 0
    if words[:2] == ["ecs", "wait"]:
        return 0
    from awscli.clidriver import main as real  # type: ignore[import-untyped]  # it has no types

    return int(real())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
