"""A synthetic snapshot, its report, and a browser that records output, requests and errors."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from sre_findings.model.answers.answer import CoverageAnswer, Group, Proof, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.answers.verdict import FINDINGS, VULNERABLE, Verdict
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.open_finding import OpenFinding, Place, Weakness
from sre_findings.model.sla.age_bands import AgeGrid, Square, bands
from sre_findings.model.sla.ages import Lateness
from sre_findings.model.sla.policy import DEFAULT
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.evidence import Evidence
from sre_findings.nightly.report import Before, Held, Material
from sre_findings.nightly.risks import Risk
from sre_reports.html_report.html import render

TODAY = date(2026, 11, 22)
AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
PROOF = Proof(
    "snapshot",
    "20261122T010000Z",
    datetime(2026, 11, 22, 1, tzinfo=UTC),
    6 * 3600,
    "complete",
    "of the organization",
)

Visit = Callable[..., Page]


def weakness(number: int, **changes: Any) -> Weakness:
    """One of many vulnerabilities.

    Their severities, scores and flags differ, so that each column sorts differently.
    """
    rank = (0, 1, 1, 2, 2, 2, 2, 3)[number % 8]
    made = Weakness(
        SEVERITIES[rank],
        f"CVE-2026-{1000 + 37 * number % 400}",
        "",
        round(9.9 - 2 * rank - number % 7 / 10, 1),
        (number * 31 % 97) / 100,
        number % 5 == 0,
        number % 3 == 0,
        number % 4 != 0,
        f"lib-{chr(97 + number * 7 % 26)}",
        f"1.{number}",
        "" if number % 4 == 0 else f"1.{number + 1}",
        number % 6 == 1,
        f"sudo-less upgrade lib-{number}",
        number % 2 == 0,
        "" if number % 9 == 8 else f"A flaw number {number} lets <b>anyone</b> in.",
    )
    return made._replace(**changes)


def place(number: int, **changes: Any) -> Place:
    """One of eight resources, some without a name or owner."""
    made = Place(
        f"i-0123456789abcde{number:02}",
        "AWS_EC2_INSTANCE",
        "" if number == 3 else f"prod-web-{number}",
        ("111122223333", "444455556666")[number % 2],
        ("eu-west-1", "ap-northeast-1")[number % 2],
        ("payments", "search", "")[number % 3],
    )
    return made._replace(**changes)


def made_up(count: int = 130) -> list[OpenFinding]:
    """Synthetic findings in the order of a report, most severe first."""
    found = []
    for n in range(count):
        opened = TODAY - timedelta(days=n * 13 % 120)
        due = None if n % 8 == 7 else (opened + timedelta(days=(15, 30, 60)[n % 3])).isoformat()
        claim = "taken by <b>ada</b> until 2026-11-30" if n == 0 else ""
        found.append(
            OpenFinding(
                weakness(n % 40), place(n * 5 % 8), opened.isoformat(), due, n % 6 == 0, claim
            )
        )
    return sorted(found, key=lambda one: SEVERITIES.index(one.weakness.severity))


def late(one: OpenFinding) -> bool:
    return one.due_on is not None and one.due_on < TODAY.isoformat()


def rollup(found: Sequence[OpenFinding]) -> Rollup:
    by = Counter(one.weakness.severity for one in found)
    return Rollup(
        Counts(*(by[name] for name in SEVERITIES)),
        suppressed=3,
        fixable=sum(one.weakness.fixable for one in found),
        exploitable=sum(one.weakness.exploit for one in found),
        kev=sum(bool(one.weakness.kev) for one in found),
        resources=len({one.place for one in found}),
    )


def listed(items: list[dict[str, Any]], proof: Proof, **beside: Any) -> ListAnswer[Any, Any]:
    return ListAnswer("", "items", items, len(items), (), (), proof, beside)


def material(
    found: Sequence[OpenFinding], proof: Proof = PROOF, said: str = "openssl", **changes: Any
) -> Material:
    """The data of a second snapshot with these findings.

    ``said`` is used for every text from outside.
    """
    whole = SummaryAnswer(
        Verdict(VULNERABLE, FINDINGS, "Inspector reports open findings"), rollup(found), 1, proof
    )
    first, due = (
        [one for one in found if one.new],
        Counter(one.weakness.severity.lower() for one in found if late(one)),
    )
    flow = {
        "opened_by": {"new": len(first), "onboarding": 0, "successor": 0, "reopened": 0},
        "resolved_by": {"patched": 5, "terminated": 1, "not_scanned": 0, "unknown": 0},
    }
    nights = [
        {
            "date": (TODAY - timedelta(days=n)).isoformat(),
            "state": "complete",
            "critical": 20 + n,
            "high": 40,
            "medium": 60,
            "low": 9,
            "came": n % 4,
            "went": n % 7,
        }
        for n in range(40, -1, -1)
        if n != 9
    ]
    lines = [
        {
            "place": n,
            "what": f"{said} {n}",
            "advice": f"Update {said}.",
            "command": f"sudo dnf update {said}",
            "packages": [{"name": said, "fixed_in": "0:3.2-1"}],
            "resources": 2,
            "findings": 9 - n,
            "critical": 1,
            "high": 0,
            "kev": n % 2,
            "hosts": [{"name": said, "resource_id": "i-0"}],
        }
        for n in range(1, 8)
    ]
    grid = {
        rank: tuple(Square(rank + n, n if n > 2 else 0) for n in range(len(bands(DEFAULT))))
        for rank in range(4)
    }
    gap = Coverage(
        "i-0123456789abcde77",
        "AWS_EC2_INSTANCE",
        "111122223333",
        "eu-west-1",
        "PACKAGE",
        "INACTIVE",
        "UNMANAGED_EC2_INSTANCE",
        name=said,
    )
    values: dict[str, Any] = {
        "owner": None,
        "account": None,
        "today": TODAY,
        "policy": DEFAULT,
        "summary": whole,
        "before": Before(
            SummaryAnswer(whole.verdict, Rollup(Counts(4, 4, 4, 4), kev=1), 2, proof), 3
        ),
        "resources": held(found),
        "accounts": grouped(whole, "account", lambda one: one.place.account_id, found),
        "owners": grouped(whole, "owner", lambda one: one.place.owner, found),
        "late": listed(
            [{"owner": "payments", "late": 2}],
            proof,
            late=due.total(),
            due_this_week=1,
            late_by_severity=dict(due),
        ),
        "late_by_account": listed([{"account": "111122223333", "late": 2}], proof),
        "ages": AgeGrid(bands(DEFAULT), grid),
        "coverage": CoverageAnswer(
            40, (gap,), (Gap("111122223333", "ap-northeast-1", "*", "*", "access_denied"),), proof
        ),
        "changes": listed([], proof, since={"snapshot_id": "20261121T010000Z"}, **flow),
        "trend": listed(nights, proof),
        "time_to_fix": listed([{"value": "CRITICAL", "median_days": 12}], proof),
        "fixes": listed(lines, proof),
        "risks": [risk(n, said) for n in range(5)],
        "findings": iter(found),
        "evidence": Evidence(
            "s3://bucket/snapshot",
            "ab" * 32,
            AT,
            AT,
            ("ACTIVE",),
            ("eu-west-1",),
            2,
            9,
            0,
            0,
            0,
            0,
            len(found),
            len(found),
            0,
            4,
            2,
            2,
            (),
        ),
    }
    return Material(**values | changes)


def risk(number: int, said: str) -> Risk:
    """One of the top risks: the first is overdue and in KEV, the last has no due date."""
    priority: Any = {
        "vulnerability_id": f"CVE-2026-{1000 + 37 * number}",
        "type": ("PACKAGE_VULNERABILITY", "CODE_VULNERABILITY")[number == 3],
        "title": said,
        "severity": SEVERITIES[number % 4],
        "kev": number < 2,
        "resources": 2 + number,
        "why": "In KEV, due 2026-11-20 (2 days late); exploited in the wild; EPSS 0.97; critical,"
        f" Inspector score 10; not reachable ({said}).",
    }
    owners = [said, ""][: 1 + number % 2]
    return Risk(priority, owners, None if number == 4 else TODAY + timedelta(days=number - 1))


def held(found: Sequence[OpenFinding]) -> list[Held]:
    by: dict[Place, list[OpenFinding]] = {}
    for one in found:
        by.setdefault(one.place, []).append(one)
    return [
        Held(where, rollup(some), Lateness(late=sum(map(late, some)))) for where, some in by.items()
    ]


def grouped(
    whole: SummaryAnswer, by: str, key: Callable[[OpenFinding], str], found: Sequence[OpenFinding]
) -> SummaryAnswer:
    groups = itertools.groupby(sorted(found, key=key), key)
    made = tuple(Group(value, "", rollup(list(some))) for value, some in groups)
    return SummaryAnswer(
        whole.verdict, whole.rollup, whole.uncovered, whole.proof, by=by, groups=made
    )


@pytest.fixture(scope="session")
def findings() -> list[OpenFinding]:
    """The findings of the default report."""
    return made_up()


@pytest.fixture(scope="session")
def make_page() -> Callable[..., str]:
    """``make_page(findings, owner=…)``: the report of a snapshot with these findings."""
    return lambda found, **changes: render(material(found, **changes), AT)


@pytest.fixture(scope="session")
def usual(make_page: Callable[..., str], findings: list[OpenFinding]) -> str:
    """The default report."""
    return make_page(findings)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium.

    It occupies the event loop of its thread, so the fixture's scope is one module.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("Chromium is not here; install it, on Debian by: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, tmp_path: Path) -> Iterator[Visit]:
    """``visit(text, "#sev=high", color_scheme="dark")`` opens a report and waits for its script.

    Console output, errors and network requests fail the test.
    """
    contexts, said, asked = [], list[str](), list[str]()
    file = tmp_path / "index.html"

    def ask(request: Request) -> None:
        if not request.url.startswith((file.as_uri(), "blob:")):
            asked.append(request.url)

    def open_page(text: str, address: str = "", **options: Any) -> Page:
        scripted = "<script" in text and options.get("java_script_enabled", True)
        file.write_text(text, encoding="utf-8")
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", ask)
        page.goto(f"{file.as_uri()}{address}")
        if scripted:
            page.wait_for_function("document.documentElement.dataset.ready === 'true'")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert (said, asked) == ([], [])
