"""The report: what it says, that it needs nothing but itself, and that no text from outside becomes part of it."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_findings.model import verdict as rule
from sre_findings.model.answer import CoverageAnswer, Group, Proof, SummaryAnswer
from sre_findings.model.coverage import Coverage
from sre_findings.model.finding import Finding, Package
from sre_findings.model.rollup import Counts, Rollup
from sre_reports import page, page_parts, wording
from sre_reports.page import Report, render

Reports = Callable[..., Report]
Findings = Callable[..., Finding]
Proofs = Callable[..., Proof]

HOSTILE = (
    '</script></title></style><img src=x onerror=alert(1)>{{7*7}}{% raw %}=HYPERLINK("http://x")\u202egnp.exe\x1b[31m\x00&lt;'
)
SEEN = '</script></title></style><img src=x onerror=alert(1)>{{7*7}}{% raw %}=HYPERLINK("http://x")gnp.exe[31m&lt;'


class Reader(HTMLParser):
    """The page as a browser takes it apart: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.text += " "

    def handle_endtag(self, tag: str) -> None:
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


@pytest.fixture
def report(
    summary_answer: Callable[..., SummaryAnswer], coverage_answer: Callable[..., CoverageAnswer], finding: Findings
) -> Reports:
    def make(summary: dict[str, Any] | None = None, **changes: Any) -> Report:
        whole = summary_answer(**(summary or {}))
        worst = Group("i-0123456789abcdef0", "prod-web-36", Rollup(Counts(critical=2, high=40, low=1), resources=1))
        other = Group("i-0fedcba9876543210", "", Rollup(Counts(high=1), resources=1))
        values: dict[str, Any] = {
            "summary": whole,
            "resources": replace(whole, by="resource", groups=(worst, other, Group("i-0", "", Rollup(suppressed=3)))),
            "coverage": coverage_answer(),
            "findings": [finding(), finding(vulnerability_id=None, title="Port 22 is reachable", packages=())],
            "total_findings": 13,
            "generated_at": datetime(2026, 11, 22, 7, tzinfo=UTC),
        }
        return Report(**values | changes)

    return make


def test_the_verdict_stands_first_in_one_sentence(report: Reports) -> None:
    found = Reader(render(report()))
    assert "2 critical and 6 high findings are open; 13 in all, on 4 resources." in found.words
    assert "11 can be fixed by an update; 1 has a known exploit." in found.words
    headings = [tag for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert headings == ["h1", "h2", "h2", "h2", "h2", "h2", "h2"]


def test_numbers_are_the_rollups_even_where_no_finding_is_listed(report: Reports) -> None:
    words = Reader(render(report(findings=[]))).words
    tiles = re.findall(
        r"(Critical|High|Medium|Low|Informational|Untriaged|Suppressed|Fixable|Exploit known|Not scanned) (\d+) ", words
    )
    assert dict(tiles) == {
        "Critical": "2", "High": "6", "Medium": "5", "Low": "0", "Informational": "0", "Untriaged": "0",
        "Suppressed": "3", "Fixable": "11", "Exploit known": "1", "Not scanned": "0",
    }  # fmt: skip


def test_a_severity_of_tomorrow_gets_a_tile_and_a_row_of_its_own(report: Reports, finding: Findings) -> None:
    text = render(report(summary={"rollup": Rollup(Counts(other=2), resources=1)}, findings=[finding(severity="APOCALYPTIC")]))
    assert '<span class="tag other">Other</span>' in text
    assert '<span class="tag other">Apocalyptic</span>' in text
    assert "2 other findings are open on 1 resource." in Reader(text).words


@pytest.mark.parametrize(
    ("rollup", "sentence"),
    [
        (Rollup(Counts(low=1), resources=1), "1 low finding is open on 1 resource."),
        (Rollup(Counts(high=2, low=3), resources=2), "2 high and 3 low findings are open on 2 resources."),
        (Rollup(suppressed=4), "Every open finding is suppressed: 4 in all."),
    ],
)
def test_the_sentence_fits_the_counts(report: Reports, rollup: Rollup, sentence: str) -> None:
    assert sentence in Reader(render(report(summary={"rollup": rollup}))).words


def test_none_reported_is_never_called_clean_or_safe(report: Reports) -> None:
    clean = rule.Verdict(rule.CLEAN, rule.NO_FINDINGS, "Inspector reports none")
    empty = report(summary={"verdict": clean, "rollup": Rollup()}, findings=[], total_findings=0)
    words = Reader(render(replace(empty, resources=replace(empty.resources, groups=())))).words
    assert "Inspector reports none among the resources that it scans." in words
    assert "Inspector reports no open finding on any resource" in words
    assert not re.search(r"\b(clean|safe|secure|no vulnerabilities)\b", words, re.IGNORECASE)


def test_what_is_unknown_says_why(report: Reports) -> None:
    unknown = rule.Verdict(rule.UNKNOWN, rule.NOT_SCANNED, "3 resources are not fully scanned")
    words = Reader(render(report(summary={"verdict": unknown, "rollup": Rollup(), "uncovered": 3}))).words
    assert "Unknown: not scanned. 3 resources are not fully scanned." in words


@pytest.mark.parametrize(("uncovered", "words"), [(1, "1 resource is not fully scanned"), (2, "2 resources are not fully")])
def test_what_is_not_scanned_stands_beside_the_verdict(report: Reports, uncovered: int, words: str) -> None:
    assert f"{words}" in Reader(render(report(summary={"uncovered": uncovered}))).words


def test_a_complete_snapshot_has_a_quiet_pill(report: Reports) -> None:
    text = render(report())
    assert '<p class="pill good">' in text
    assert "Complete of the accounts visible · 13 open findings · 2026-11-22 01:00 UTC" in Reader(text).words
    assert "What may be missing" not in text


def test_a_partial_or_old_snapshot_says_so_with_its_reasons(report: Reports, proof: Proofs) -> None:
    partial = proof(state="partial", reasons=("eu-west-1: findings denied", "us-east-2: did not end"), too_old=True)
    text = render(report(summary={"proof": partial}))
    words = Reader(text).words
    assert '<p class="pill warn">' in text
    assert "PARTIAL: 2 reasons · TOO OLD · 13 open findings" in words
    assert "eu-west-1: findings denied us-east-2: did not end The snapshot is older than allowed." in words


def test_without_a_snapshot_the_page_says_so(report: Reports, proof: Proofs) -> None:
    none = proof(snapshot_id=None, as_of=None, age_seconds=None, state=None, claim="")
    verdict = rule.Verdict(rule.UNKNOWN, rule.NO_SNAPSHOT, "there is no snapshot yet")
    text = render(report(summary={"proof": none, "verdict": verdict, "rollup": Rollup()}, findings=[], total_findings=0))
    words = Reader(text).words
    assert '<p class="pill warn">' in text
    assert "NO SNAPSHOT" in words
    assert "Snapshot none As of unknown" in words
    assert "--as-of" not in words


def test_the_worst_resources_have_bars_that_say_themselves_in_words(report: Reports) -> None:
    found = Reader(render(report()))
    first, second = found.of("svg")
    assert first["aria-label"] == "2 critical, 40 high, 1 low"
    assert second["aria-label"] == "1 high"
    classes = [one["class"] for one in found.of("rect")]
    assert classes == ["critical", "high", "low", "high"]
    assert "i-0fedcba9876543210" in found.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.tuples(*[st.integers(0, 100_000)] * 7), min_size=1, max_size=12))
def test_no_bar_outgrows_its_drawing_and_none_hides_a_severity(counts: list[tuple[int, ...]]) -> None:
    groups = [Group(f"i-{n}", "", Rollup(Counts(*one))) for n, one in enumerate(counts)]
    for bar in page_parts.bars(groups):
        assert [one.look for one in bar.segments] == [name for name, _ in wording.by_severity(bar.rollup.counts)]
        assert all(one.width >= 2 for one in bar.segments)
        assert max(one.left + one.width for one in bar.segments) <= page_parts.BAR_WIDTH + len(bar.segments)


def test_coverage_gaps_stand_by_reason_with_their_remedy(report: Reports) -> None:
    words = Reader(render(report())).words
    assert "SSM does not manage the instance UNMANAGED_EC2_INSTANCE 2 Attach an SSM instance profile" in words
    assert words.index("UNMANAGED_EC2_INSTANCE") < words.index("STALE_INVENTORY")
    assert "all eu-south-1 everything access denied" in words


def test_a_resource_with_several_silent_scans_counts_once(
    report: Reports, coverage_answer: Callable[..., CoverageAnswer]
) -> None:
    one = coverage_answer().gaps[0]
    answer = coverage_answer(gaps=(one, replace(one, scan_type="NETWORK")))
    assert [gap.resources for gap in page_parts.gaps(answer)] == [1]


def test_many_cells_that_were_not_read_are_cut_aloud(report: Reports, coverage_answer: Callable[..., CoverageAnswer]) -> None:
    cells = tuple((f"{n:012}", "eu-west-1", "AWS_EC2_INSTANCE", "PACKAGE", "denied") for n in range(60))
    words = Reader(render(report(coverage=coverage_answer(cells=cells, gaps=())))).words
    assert "50 of 60 shown; see sre-cli coverage." in words
    assert "Inspector lists no gap among what was read." in words


def test_findings_are_shown_up_to_a_limit_that_is_told(
    report: Reports, finding: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ROWS", 3)
    found = Reader(render(report(findings=[finding() for _ in range(5)], total_findings=1234)))
    assert "The worst 3 of 1,234; for all of them: sre-cli export --format csv." in found.words
    assert found.text.count("vim-minimal") == 3


def test_a_row_tells_package_fix_resource_and_age(report: Reports, finding: Findings) -> None:
    several = finding(
        packages=(Package("a", "1", "0:2"), Package("b", "1")),
        exploit_available="YES",
        status="SUPPRESSED",
        title="another title",
    )
    none = finding(fix_available="NO", packages=(), inspector_score=None, resource_name="", severity="", title=None)
    words = Reader(render(report(findings=[several, none]))).words
    assert (
        "High 7.8 CVE-2026-1234 exploit suppressed another title a, b 1 2 prod-web-36 i-0123456789abcdef0 111122223333" in words
    )
    assert "None given CVE-2026-1234 no fix yet i-0123456789abcdef0 111122223333 eu-west-1 19 d" in words


def test_a_finding_without_a_fix_or_a_date_leaves_its_cells_empty(finding: Findings) -> None:
    row = page_parts.row(finding(fix_available="YES", packages=()), None)
    assert (row.fixed_in, row.age) == ("", "")


def test_the_evidence_is_enough_to_ask_again(report: Reports, proof: Proofs) -> None:
    words = Reader(render(report())).words
    assert "Snapshot 20261122T010000Z As of 2026-11-22T01:00:00Z Age when written 6 h" in words
    assert (
        "Certificate complete of the accounts visible Open findings 13 Suppressed findings 3 Resources with findings 4" in words
    )
    assert "Resources scanned 40 Cells not read 1 Written 2026-11-22T07:00:00Z" in words
    assert "sre-cli summary --as-of 20261122T010000Z" in words
    partial = Reader(render(report(summary={"proof": proof(state="partial", reasons=("a: denied",))}))).words
    assert "Certificate partial Reason a: denied" in partial


def test_the_policy_allows_the_pages_own_style_and_nothing_else(report: Reports) -> None:
    text = render(report())
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(one["content"] for one in Reader(text).of("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def test_the_page_asks_nothing_of_anyone(report: Reports) -> None:
    text = render(report())
    found = Reader(text)
    assert not {tag for tag, _ in found.elements} & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert {one["href"] for one in found.of("a")} == {"#exposed", "#gaps", "#findings", "#evidence"}
    assert not [
        attributes for _, attributes in found.elements if "style" in attributes or any(k.startswith("on") for k in attributes)
    ]
    assert "url(" not in text
    assert "@import" not in text


def test_tables_and_language_are_told_to_screen_readers(report: Reports) -> None:
    found = Reader(render(report()))
    assert found.of("html") == [{"lang": "en"}]
    assert len(found.of("caption")) == len(found.of("table")) == 4
    assert {one.get("scope") for one in found.of("th")} == {"col", "row"}
    ids = {one["id"] for _, one in found.elements if "id" in one}
    assert {one["aria-labelledby"] for _, one in found.elements if "aria-labelledby" in one} <= ids


def hostile(make: Reports, finding: Findings, coverage: Callable[..., CoverageAnswer], proof: Proofs, text: str) -> str:
    """A page in which everything that comes from outside is this text."""
    gap = Coverage(text, text, text, text, text, "INACTIVE", text, name=text)
    one = finding(
        finding_arn=text, vulnerability_id=text, title=text, packages=(Package(text, text, text),), resource_id=text,
        resource_name=text, account_id=text, region=text, severity=text,
    )  # fmt: skip
    base = make(
        summary={"proof": proof(state="partial", reasons=(text,), snapshot_id=text)},
        findings=[one],
        coverage=coverage(gaps=(gap,), cells=((text, text, text, text, text),)),
    )
    groups = (Group(text, text, Rollup(Counts(critical=1))),)
    return render(replace(base, resources=replace(base.resources, groups=groups)))


def test_hostile_text_stays_text_and_stays_visible(
    report: Reports, finding: Findings, coverage_answer: Callable[..., CoverageAnswer], proof: Proofs
) -> None:
    text = hostile(report, finding, coverage_answer, proof, HOSTILE)
    found = Reader(text)
    assert found.shape == Reader(hostile(report, finding, coverage_answer, proof, "plain")).shape
    assert found.text.count(SEEN) >= 15
    assert "49" not in text.replace("20261122", "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(text=st.text(st.characters(exclude_categories=()), min_size=1, max_size=30))
def test_no_text_changes_the_shape_of_the_page(
    report: Reports, finding: Findings, coverage_answer: Callable[..., CoverageAnswer], proof: Proofs, text: str
) -> None:
    written = hostile(report, finding, coverage_answer, proof, f"x{text}x")
    plain = hostile(report, finding, coverage_answer, proof, "plain")
    assert Reader(written).shape == Reader(plain).shape
    outside = re.sub(r"<style>.*?</style>", "", written, flags=re.DOTALL)
    assert not [letter for letter in outside if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"]
    assert written.encode()


def test_a_name_of_ten_thousand_letters_is_cut_and_an_id_is_not(report: Reports, finding: Findings) -> None:
    long = finding(title="A" * 10_000, vulnerability_id=None, resource_name="B" * 10_000, resource_id="c" * 2_000)
    text = render(report(findings=[long]))
    assert "A" * 299 + "…" in text
    assert "A" * 300 not in text
    assert "B" * 300 not in text
    assert "c" * 2_000 in text


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = (int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2])
def test_text_reads_on_its_ground_in_light_dark_and_print(report: Reports, theme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", render(report()), re.DOTALL)
    light, *_ = palettes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", block)) for block in blocks]
    colours = light | palettes[theme]
    for name in ("ink", "muted", "link", "bad", "good", "warn"):
        assert _contrast(colours[name], colours["card"]) >= 4.5, name
        assert _contrast(colours[name], colours["ground"]) >= 4.5, name
    for name in ("critical", "high", "medium", "low", "info"):
        assert _contrast(colours[name], colours[f"on-{name}"]) >= 4.5, name
        assert _contrast(colours[name], colours["card"]) >= 3, name
