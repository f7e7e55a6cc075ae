"""Time and memory of exports as processes of ``sre-cli export``; compared with pyarrow.csv over the
same rows."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from answers import build
from processes import BIN, Cost, environment, machine, run
from sre_simulator.fleet.generator import large_fleet

SHAPES = {
    100_000: ("csv", "ndjson", "parquet", "sarif", "ocsf", "cyclonedx", "xlsx"),
    1_000_000: ("csv",),
}
# The same rows as plain text: the lower bound of an export's cost. It reads the Parquet files that
# we export.
FLOOR = (
    "import sys, pyarrow.csv as c, pyarrow.parquet as q; c.write_csv(q.read_table(sys.argv[1]),"
    " sys.argv[2])"
)


def measure(findings: int, forms: Sequence[str]) -> list[str]:
    """The rows for one size."""
    with tempfile.TemporaryDirectory(prefix="sre-bench-") as name:
        folder = Path(name)
        store, environ = folder / "store", environment("http://127.0.0.1:9", folder / "store")
        _checked(run([sys.executable, __file__, "build", str(findings), str(store)], environ))
        command = [str(BIN / "sre-cli"), "export", "--max-age", "10000d", "-f"]
        source = folder / "rows.parquet"
        _checked(run([*command, str(source)], environ))
        floor = _checked(
            run([sys.executable, "-c", FLOOR, str(source), str(folder / "floor.csv")], environ)
        )
        lines = [_row("pyarrow.csv", floor, floor, folder / "floor.csv")]
        for form in forms:
            target = folder / f"findings.{form}"
            cost = _checked(run([*command, str(target), "--format", form], environ))
            lines.append(_row(form, cost, floor, target))
            target.unlink()
    head = [
        f"\n## {findings:,} findings\n",
        "| format | CPU, s | wall, s | of the floor's CPU | memory, MB | file, MB |",
    ]
    return [*head, "| --- | --- | --- | --- | --- | --- |", *lines]


def scanned(findings: int, store: Path) -> None:
    """A snapshot with this number of findings. Made in a separate process, because a child's peak
    memory starts with its parent's."""
    build(large_fleet(findings, accounts=4, regions=("eu-west-1",), nights=1), store, {})


def _checked(cost: Cost) -> Cost:
    if cost.code not in (0, 3):
        raise SystemExit(f"a measured command failed: {cost}")
    return cost


def _row(form: str, cost: Cost, floor: Cost, file: Path) -> str:
    size = file.stat().st_size / 1e6
    return (
        f"| {form} | {cost.cpu:.1f} | {cost.wall:.1f} | {cost.cpu / floor.cpu:.1f} |"
        f" {cost.memory:.0f} | {size:,.0f} |"
    )


def main(sizes: Sequence[int] = tuple(SHAPES)) -> None:
    """Writes results/exports.md."""
    told = (
        "Each a process of its own, from an empty memory to a durable file; once. The floor is a"
        " script that reads all rows as Parquet and writes them with pyarrow.csv, which parses no"
        " nested part and guards no cell. Targets for CSV of a million findings: 30 s and 300 MB."
    )
    lines = ["# Exports", "", machine(), "", told]
    for findings in sizes:
        lines += measure(findings, SHAPES.get(findings, tuple(SHAPES[100_000])))
        print("\n".join(lines), flush=True)
    (Path(__file__).parent / "results" / "exports.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["build"]:
        scanned(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main([int(one) for one in sys.argv[1:]] or tuple(SHAPES))
