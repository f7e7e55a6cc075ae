"""Random inputs to every component: ``make fuzz``.

``python -m tests.fuzz --inputs 100000`` prints its seed, and ``--seed S --kind slack --only N``
repeats one input.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fuzz import findings, server, slack, snapshots
from tests.fuzz.target import Broken

# The shares of the inputs. A change of a snapshot takes a hundred times as long as a request.
SHARES = {"server": 0.59, "slack": 0.25, "findings": 0.15, "snapshots": 0.01}


def main() -> None:
    """Runs the inputs of each kind on a new store of ``sre-cli demo``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--kind", choices=SHARES, help="only this kind")
    parser.add_argument("--only", type=int, help="repeats the input with this number")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        command = [str(Path(sys.executable).parent / "sre-cli"), "demo", "--nights", "2"]
        environ = os.environ | {"SRE_STORE": str(store)}
        subprocess.run(command, env=environ, check=True, capture_output=True)
        try:
            for kind in [given.kind] if given.kind else SHARES:
                inputs = round(given.inputs * (1 if given.kind else SHARES[kind]))
                only = given.only
                numbers = range(inputs) if only is None else range(only, only + 1)
                print(f"{kind}: {len(numbers):,} inputs", flush=True)
                print(f"  {_CHECKS[kind](store, given.seed, numbers) or ''}".rstrip(), flush=True)
        except Broken as error:
            sys.exit(str(error))


_CHECKS: dict[str, Callable[[Path, int, range], Any]] = {
    "server": server.check,
    "slack": lambda _store, seed, numbers: dict(slack.check(seed, numbers)),
    "findings": lambda _store, seed, numbers: dict(findings.check(seed, numbers)),
    "snapshots": lambda store, seed, numbers: dict(
        snapshots.check(store, datetime.now(UTC), seed, numbers)
    ),
}


if __name__ == "__main__":
    main()
