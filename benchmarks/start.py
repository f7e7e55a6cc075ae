"""Cold starts of sre-cli as whole processes, over a snapshot of 100,000 findings."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from processes import BIN, environment, machine, median, run, simulator

FINDINGS, RUNS = 100_000, 11
TARGETS = {"--help": 100, "vulnerabilities -i": 300, "summary": 150}


def main() -> None:
    """Writes results/start.md."""
    cli = str(BIN / "sre-cli")
    with tempfile.TemporaryDirectory(prefix="sre-bench-") as name, simulator(FINDINGS) as url:
        environ = environment(url, Path(name) / "store")
        subprocess.run(
            [cli, "scan", "-r", "eu-west-1", "--rate", "1000"],
            env=environ,
            check=True,
            capture_output=True,
        )
        worst = subprocess.run(
            [cli, "summary", "--by", "resource", "-n", "1", "--output", "json"],
            env=environ,
            check=True,
            capture_output=True,
        )
        resource = json.loads(worst.stdout)["groups"][0]["value"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "--help": [cli, "--help"],
            "vulnerabilities -i": [cli, "vulnerabilities", "-i", resource, "--cached"],
            "summary": [cli, "summary"],
        }
        costs = {
            name: median([run(command, environ) for _ in range(RUNS)])
            for name, command in commands.items()
        }
    lines = [
        "# Cold starts",
        "",
        machine(),
        "",
        f"Whole processes over a local snapshot of {FINDINGS:,} findings; medians of {RUNS}.",
        "",
        "| command | CPU, ms | target, ms | wall, ms | peak memory, MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for command, cost in costs.items():
        lines.append(
            f"| {command} | {cost.cpu * 1e3:.0f} | {TARGETS.get(command, '–')} |"
            f" {cost.wall * 1e3:.0f} | {cost.memory:.0f} |"
        )
    print("\n".join(lines))
    (Path(__file__).parent / "results" / "start.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
