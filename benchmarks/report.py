"""The report: its size, the time to make it, and the time until a browser shows it; compared with a
plain table of its rows."""

from __future__ import annotations

import html
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from answers import build
from processes import machine
from sre_findings.model.findings.open_finding import OpenFinding
from sre_findings.nightly.report import Material, gather
from sre_findings.sources.sources import Sources
from sre_reports.html_report.html import EMBEDDED, render
from sre_reports.html_report.sections.findings_table import row
from sre_simulator.fleet.generator import large_fleet

SHAPES = (1_011, 20_000, 100_000)
RUNS = 5
PLAIN_UP_TO = 20_000  # beyond this, Chromium takes minutes to lay out the table
# KB, s, ms, ms
TARGETS = {1_011: (130, 0.3, 400, 0), 20_000: (350, 1.0, 600, 0), 100_000: (1200, 4.0, 900, 150)}
WORDS = "openssl"
READY = """new MutationObserver((_, me) => {
  if (!document.documentElement.dataset.ready) return;
  window.readyAt = performance.now();
  me.disconnect();
}).observe(document, {attributes: true, subtree: true})"""
FILTER = """(words) => new Promise((done) => {
  const began = performance.now();
  const search = document.getElementById('search'), shown = document.getElementById('shown');
  const painted = () => setTimeout(() => done(performance.now() - began));
  new MutationObserver(() => requestAnimationFrame(painted))
    .observe(shown, {childList: true, characterData: true, subtree: true});
  search.value = words; search.dispatchEvent(new Event('input'));
})"""
PLAIN = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>plain</title>
<input id="search"><p id="shown"></p><table>%s</table>
<script>document.getElementById('search').addEventListener('input', (event) => {
  const words = event.target.value;
  let count = 0;
  for (const row of document.querySelectorAll('tr'))
    count += !(row.hidden = !row.textContent.includes(words));
  document.getElementById('shown').textContent = count;
});
document.documentElement.dataset.ready = 'true';</script></html>"""


@dataclass(frozen=True)
class Made:
    """One report: its bytes, and the median CPU and wall seconds to make it."""

    text: str
    cpu: float
    wall: float

    @property
    def kilobytes(self) -> float:
        return len(self.text.encode()) / 1e3


def timed(make: Callable[[], str], runs: int = RUNS) -> Made:
    """The median of some runs, after one to warm up."""
    text, cpus, walls = make(), [], []
    for _ in range(runs):
        cpu, wall = time.process_time(), time.perf_counter()
        text = make()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return Made(text, statistics.median(cpus), statistics.median(walls))


def ours(sources: Sources) -> str:
    return render(gather(sources, None, EMBEDDED), datetime.now(UTC))


def plain(findings: Iterable[OpenFinding], today: date) -> str:
    """The same findings as a plain table, from a template of a few lines."""

    def line(one: OpenFinding) -> str:
        said = row(one, today)
        cells = (
            said.severity,
            said.score,
            said.identity,
            said.title,
            said.packages,
            said.change,
            said.name,
            said.resource,
            said.account,
            said.region,
            said.owner,
            said.epss,
            said.age,
            said.sla,
        )
        return "".join(f"<td>{html.escape(cell)}" for cell in cells)

    return PLAIN % "".join(f"<tr>{line(one)}\n" for one in findings)


def seen(browser: Browser, file: Path, runs: int) -> tuple[float, float]:
    """Medians in ms: from navigation until the report is ready, and from typing until the filtered
    rows are painted."""
    ready, filtered = [], []
    for _ in range(runs):
        page: Page = browser.new_page()
        page.set_default_timeout(120_000)
        page.add_init_script(READY)
        page.goto(file.as_uri())
        page.wait_for_function("window.readyAt")
        ready.append(float(page.evaluate("window.readyAt")))
        filtered.append(float(page.evaluate(FILTER, WORDS)))
        page.close()
    return statistics.median(ready), statistics.median(filtered)


def measure(findings: int, browser: Browser, home: Path) -> list[str]:
    """The rows for one size."""
    sources = build(
        large_fleet(findings, accounts=4, regions=("eu-west-1",), nights=2),
        home / f"store-{findings}",
        {},
    )
    material: Material = gather(sources, None, EMBEDDED)
    rows = list(material.findings)
    kinds = {"the page": (lambda: ours(sources), RUNS)}
    if findings <= PLAIN_UP_TO:
        kinds["a plain table"] = (lambda: plain(rows, material.today), 1)
    lines = []
    for kind, (make, runs) in kinds.items():
        made = timed(make, runs)
        file = home / f"{findings}.html"
        file.write_text(made.text, encoding="utf-8")
        ready, filtered = seen(browser, file, runs)
        lines.append(
            f"| {len(rows):,} | {kind} | {made.kilobytes:,.0f} | {made.cpu:.2f} | {made.wall:.2f} "
            f"| {ready:,.0f} | {filtered:,.0f} |"
        )
    size, seconds, first, filtering = TARGETS.get(findings, (0, 0, 0, 0))
    lines.append(
        f"| | target of the page | {size:,} | {seconds} | | {first} | {filtering or '–'} |"
    )
    return lines


def main(shapes: Sequence[int] = SHAPES) -> None:
    """Writes results/report.md."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise SystemExit("Chromium is not here; install it, on Debian by: apt-get install chromium")
    told = (
        "Made in process, from the snapshot to the text, after one run that warms up; medians of"
        f" {RUNS}. Shown by headless Chromium from a file: ready is when search and filters work;"
        f" filter is from typing “{WORDS}” to paint, and holds the 60 ms that the page waits for"
        " another key. A plain table holds the same cells, finds by text alone, and is made of"
        f" rows that are in memory already; it is measured once, and not beyond {PLAIN_UP_TO:,}"
        " findings, where it takes minutes. Suppressed findings are on neither."
    )
    lines = [
        "# The nightly page",
        "",
        machine(),
        "",
        told,
        "",
        "| open findings | | KB | made, CPU s | made, wall s | ready, ms | filter, ms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="sre-bench-") as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for findings in shapes:
            lines += measure(findings, browser, Path(name))
            print("\n".join(lines), flush=True)
    os.environ.clear()
    os.environ.update(before)
    (Path(__file__).parent / "results" / "report.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or SHAPES)
