"""``make images``: renders the pictures of the report, the Slack digest and the Slack command.

The data is a simulated organization that is the same each time. Needs Chromium and the font Inter
(on Debian: apt-get install chromium fonts-inter).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, sync_playwright

from sre_findings.model.resources.owners import Owners
from sre_findings.nightly.digest import digest_data
from sre_findings.nightly.report import gather
from sre_findings.queries import ask
from sre_findings.questions.history import Sla
from sre_findings.questions.remediation import Fixes
from sre_findings.questions.resource import Vulnerabilities
from sre_findings.sources.sources import Sources
from sre_findings.sources.stores import Stores
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.digest.messages.content import (
    NIGHT,
    RenderedDigest,
    render_digest,
)
from sre_reports.digest.messages.report_links import Report
from sre_reports.digest.preview.picture import preview
from sre_reports.html_report.html import EMBEDDED, render
from sre_reports.slack.buttons import Asked
from sre_reports.slack.links import Links
from sre_reports.slack.resource import FIXES, TOP, Beside, resource_message
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import BUSY_INSTANCE, Fleet, default_fleet
from sre_simulator.inspector.faults import Fault
from sre_simulator.inspector.server import Simulator

IMAGES = Path(__file__).with_name("images")
LAST = datetime(2026, 11, 22, 2, tzinfo=UTC)
NIGHTS = 14
MOST = 300_000  # bytes of a picture


def sources(home: Path, night: datetime) -> Sources:
    """The sources of a store, at the time of a snapshot."""
    snapshots, table = SnapshotWriter(FolderBlobs(home)), SqliteTable(home / "table.db")
    return Sources(Stores(snapshots, table, home / "copies"), now=lambda: night)


def scan_nights(
    fleet: Fleet, nights: Sequence[datetime], home: Path, faults: Sequence[Fault] = ()
) -> None:
    """Scans into a store at each of the given times."""
    request = Request(regions=fleet.regions, required=fleet.regions, owners=Owners(), rate=10_000.0)
    with Simulator(fleet, faults=faults) as simulator:
        os.environ["AWS_ENDPOINT_URL_INSPECTOR2"] = simulator.url
        for night in nights:
            simulator.clock = night
            here = sources(home, night)
            scan(request, here.stores.snapshots, here.stores.table, now=_clock(night))


def _clock(night: datetime) -> Callable[[], datetime]:
    """A clock that advances one second per call, however long the scan takes."""
    looks = iter(range(10**6))
    return lambda: night + timedelta(seconds=next(looks))


def pages(fleet: Fleet, home: Path) -> dict[str, str]:
    """Reports of the newest snapshot, of a partial one with a denied region, and of the first."""
    whole, partial = home / "whole", home / "partial"
    scan_nights(fleet, fleet.nights[:1], whole)
    first = _page(whole, fleet.nights[0])
    scan_nights(fleet, fleet.nights[1:-1], whole)
    shutil.copytree(whole, partial)
    scan_nights(fleet, fleet.nights[-1:], whole)
    scan_nights(
        fleet, fleet.nights[-1:], partial, [Fault("denied", region=fleet.regions[-1], times=10**6)]
    )
    return {"whole": _page(whole, LAST), "partial": _page(partial, LAST), "first": first}


def _page(home: Path, night: datetime) -> str:
    return render(gather(sources(home, night), None, EMBEDDED), night + timedelta(minutes=5))


def digest(home: Path, night: datetime) -> None:
    """Renders the digest in Slack, without its thread."""
    rendered = render_digest(
        digest_data(sources(home, night), None, ("*",)), Report("https://sre.example.com")
    )
    _write("digest", preview(replace(rendered, thread=()), night + timedelta(minutes=5)))


def command(home: Path, night: datetime) -> None:
    """Renders the answer of the slash command for an instance."""
    asked = sources(home, night + timedelta(minutes=5))
    found = ask(Vulnerabilities(BUSY_INSTANCE, count=TOP), asked)
    one = found.resource.resource_id
    late = int(ask(Sla(resource=one), asked).summary["late"])
    beside = Beside(late, ask(Fixes(count=FIXES, resource=one), asked).items)
    answer = resource_message(found, Asked(BUSY_INSTANCE), beside, Links("https://sre.example.com"))
    _write("command", preview(RenderedDigest("", NIGHT, answer), night + timedelta(minutes=5)))


def _write(name: str, body: bytes) -> None:
    if len(body) > MOST:
        raise SystemExit(f"{name}.png has {len(body):,} bytes, more than {MOST:,}")
    (IMAGES / f"{name}.png").write_bytes(body)
    print(f"{name}.png {len(body):,} bytes")


def shoot(
    browser: Browser, page: Path, name: str, size: tuple[int, int], scheme: str, address: str = ""
) -> None:
    """Takes a screenshot of the top of a report, or of the section at the address."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    sheet = context.new_page()
    sheet.goto(f"{page.as_uri()}{address}")
    sheet.wait_for_function("document.documentElement.dataset.ready === 'true'")
    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
    body = sheet.screenshot(clip=None if address else clip)
    context.close()
    _write(name, body)


def main() -> None:
    """Renders all pictures."""
    ours = {
        "AWS_ACCESS_KEY_ID": "SIMULATED",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    os.environ.update(ours)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise SystemExit(
            "Chromium is not installed; on Debian: apt-get install chromium fonts-inter"
        )
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sre-images-") as name, sync_playwright() as playwright:
        home = Path(name)
        for kind, text in pages(default_fleet(seed=1, nights=NIGHTS, now=LAST), home).items():
            (home / f"{kind}.html").write_text(text, encoding="utf-8")
        digest(home / "whole", LAST)
        command(home / "whole", LAST)
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        whole = home / "whole.html"
        shoot(browser, whole, "light", (1280, 1060), "light")
        shoot(browser, whole, "dark", (1280, 900), "dark")
        shoot(
            browser, whole, "findings", (1280, 720), "light", "#sev=critical&only=late,kev&sort=sla"
        )
        shoot(browser, whole, "phone", (390, 844), "light")
        shoot(browser, home / "partial.html", "partial", (1280, 560), "light")
        shoot(browser, home / "first.html", "first", (1280, 560), "light")


if __name__ == "__main__":
    main()
