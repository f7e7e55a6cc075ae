"""The commands of docs/operations.md and deploy/stack.sh, in cases that the emulator lacks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def shell(*words: str, **given: Any) -> subprocess.CompletedProcess[str]:
    """Runs bash without the user's settings."""
    return subprocess.run(
        ["bash", *words], capture_output=True, text=True, check=False, timeout=60, **given
    )


def test_commands_that_prompt_for_secrets_can_be_pasted(tmp_path: Path) -> None:
    """Pasted into bash, the line after ``read`` would become its input.

    So bash must read the whole text before it starts.
    """
    [asking] = [
        one for one in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) if "read -rsp" in one
    ]
    told = 'output() { echo sre-slack; }; aws() { printf "%s\\n" "$@"; }; server_token=sre_token\n'
    done = shell("-s", cwd=tmp_path, input=f"{told}{asking}signing\nxoxb-bot\n")
    secret = json.loads(done.stdout.strip().splitlines()[-1])
    assert secret == {
        "signing_secrets": ["signing"],
        "server_token": "sre_token",
        "bot_token": "xoxb-bot",
    }


def test_images_are_built_for_the_processor_of_the_tasks(template: dict[str, Any]) -> None:
    """Fargate uses x86 unless the task definition names another architecture.

    An image built on an ARM laptop would not start.
    """
    builds = re.findall(r"^docker build .*\$registry.*$", PAGE, re.MULTILINE)
    assert len(builds) == 2
    assert all(" --platform linux/amd64 " in one for one in builds)
    assert "RuntimePlatform" not in json.dumps(template)


STAND_INS = """
outputs() { printf 'ClusterName c\\nTaskSubnets s\\nTaskSecurityGroup g\\nScanTaskDefinition d\\n'; }
aws() {
    case $2 in
        run-task) echo "$TASK" ;;
        wait) echo waited >> "$WAITS"; test "$(wc -l < "$WAITS")" -gt 2 || return 255 ;;
        describe-tasks) echo 0 ;;
    esac
}
task Scan
"""


def run_task(folder: Path, task: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    waits = folder / "waits"
    environ = {
        "PATH": f"{Path(sys.executable).parent}:/bin:/usr/bin",
        "TASK": task,
        "WAITS": str(waits),
        "stack": "sre",
    }
    return shell("-c", f". {ROOT}/deploy/stack.sh\n{STAND_INS}", env=environ), waits


def test_waiting_for_a_task_can_exceed_the_clis_ten_minutes(tmp_path: Path) -> None:
    done, waits = run_task(tmp_path, "arn:task")
    assert (done.returncode, done.stdout) == (0, "0\n")
    assert waits.read_text().count("waited") == 3


def test_a_task_that_ecs_did_not_start_is_an_error(tmp_path: Path) -> None:
    done, waits = run_task(tmp_path, "None")
    assert done.returncode == 1
    assert "ECS started no task" in done.stderr
    assert not waits.exists()
