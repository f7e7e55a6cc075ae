"""`python -m sre_simulator`: serves a simulated Inspector until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from sre_simulator.fleet import Fleet, default_fleet, invented_fleet, large_fleet, replay_fleet
from sre_simulator.inspector.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
Point clients at it:
  export AWS_ENDPOINT_URL_INSPECTOR2=http://127.0.0.1:PORT
  export AWS_ACCESS_KEY_ID=SIM111122223333 AWS_SECRET_ACCESS_KEY=any AWS_REGION=eu-west-1
  aws inspector2 list-findings --max-items 3
An access key SIM<account id> is that account; any other is the delegated administrator.

Without --findings or --replay it serves the default fleet: 4 accounts in eu-west-1 and us-east-1
with about 6,000 findings. Another process can control it:
  POST /_simulator/clock    {"now": EPOCH}
  POST /_simulator/faults   [{"kind": "throttle"}]
  POST /_simulator/changes  [{"kind": "close"}]
  GET  /_simulator/requests
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sre_simulator",
        description=(
            "A local Amazon Inspector v2 with a simulated fleet. Prints its URL when it is ready."
        ),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--findings", type=int, help="serve a large fleet with this number of findings"
    )
    parser.add_argument(
        "--accounts", type=int, default=5, help="accounts of the large fleet (default: 5)"
    )
    parser.add_argument(
        "--regions",
        default="eu-west-1",
        help="regions of the large fleet, separated by commas (default: eu-west-1)",
    )
    parser.add_argument("--nights", type=int, default=7, help="days of history (default: 7)")
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the random numbers (default: 1)"
    )
    parser.add_argument(
        "--replay",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="serve recorded findings from JSON lines",
    )
    parser.add_argument(
        "--copies",
        type=int,
        help="copies of each recorded finding; without --replay, of synthetic findings",
    )
    parser.add_argument(
        "--mode",
        choices=("clean", "sparse", "loop"),
        default="clean",
        help="how listings are divided into pages",
    )
    parser.add_argument(
        "--rate",
        type=float,
        help="calls per second and region of each operation before it returns 429",
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each response")
    return parser


def _fleet(asked: argparse.Namespace) -> Fleet:
    if asked.replay and not asked.copies:
        return replay_fleet(*asked.replay)
    if asked.replay:
        return replay_fleet(*asked.replay, copies=asked.copies, nights=asked.nights)
    if asked.copies:
        return invented_fleet(asked.copies, nights=asked.nights)
    if asked.findings is None:
        return default_fleet(seed=asked.seed, nights=asked.nights)
    regions = asked.regions.split(",")
    return large_fleet(
        asked.findings,
        seed=asked.seed,
        accounts=asked.accounts,
        regions=regions,
        nights=asked.nights,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the arguments, serves and waits."""
    asked = _parser().parse_args(arguments)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with Simulator(
        _fleet(asked), asked.port, asked.mode, rate=asked.rate, latency=asked.latency
    ) as simulator:
        print(simulator.url, flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
