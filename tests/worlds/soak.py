"""Plays many worlds, shrinks the first one of each kind of untruth, and prints it.

    python -m tests.worlds.soak --worlds 20000 --processes 2

The results are kept in a file, so a run that was stopped continues there.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.worlds.play import play
from tests.worlds.shrinking import shrink
from tests.worlds.world import make

SHARE = 0.5  # of the questions
ONCE = 20  # worlds of a process, which then ends and returns its memory


def one(seed: int) -> dict[str, Any]:
    """What came of the world of a seed, as JSON."""
    gc.collect()  # once a world; its scans collect none (tests/worlds/speed.py)
    gc.freeze()
    played = play(make(seed), share=SHARE)
    untruths = {untruth.kind: str(untruth) for untruth in reversed(played.untruths)}
    return {
        "seed": seed,
        "nights": played.nights,
        "questions": played.questions,
        "untruths": untruths,
    }


def done(path: Path) -> Iterator[dict[str, Any]]:
    """What is in the file of an earlier run."""
    if path.exists():
        yield from (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def main() -> int:
    """Returns 1 if there was an untruth that is not known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--file", type=Path, default=Path("build/soak.jsonl"))
    parser.add_argument("--no-shrink", action="store_true")
    wanted = parser.parse_args()
    wanted.file.parent.mkdir(parents=True, exist_ok=True)
    seeds = set(range(wanted.first, wanted.first + wanted.worlds))
    kinds: Counter[str] = Counter()
    for known in done(wanted.file):
        seeds.discard(known["seed"])
        kinds.update(known["untruths"])
    return _run(sorted(seeds), wanted, kinds)


def _run(seeds: list[int], wanted: argparse.Namespace, kinds: Counter[str]) -> int:
    started, nights, asked = time.monotonic(), 0, 0
    context = multiprocessing.get_context("spawn")
    with (
        context.Pool(wanted.processes, maxtasksperchild=ONCE) as pool,
        wanted.file.open("a", encoding="utf-8") as file,
    ):
        for number, result in enumerate(pool.imap_unordered(one, seeds), 1):
            file.write(json.dumps(result) + "\n")
            file.flush()
            nights, asked = nights + result["nights"], asked + result["questions"]
            for kind, text in result["untruths"].items():
                if kind not in kinds:
                    _tell(result["seed"], kind, text, shrinks=not wanted.no_shrink)
                kinds[kind] += 1
            rate = number / (time.monotonic() - started)
            bad = sum(kinds.values())
            print(
                f"\r{number:,} of {len(seeds):,} worlds, {rate:.2f} a second, {nights:,} nights, {asked:,} questions, {bad:,} untruths",
                end="",
                file=sys.stderr,
                flush=True,
            )
    print(file=sys.stderr)
    for kind, n in kinds.most_common():
        print(f"{n:6,} worlds: {kind}")
    return int(bool(kinds))


def _tell(seed: int, kind: str, text: str, *, shrinks: bool) -> None:
    """Prints an untruth with the smallest world that has it."""
    print(f"\n## {kind}\nseed {seed}: {text}", flush=True)
    if shrinks:
        world = shrink(make(seed), kind, 40)
        print(f"shrunk: {play(world, until=kind).first(kind)}\n```python\n{world}\n```", flush=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # DuckDB reports leaks on a regular exit
