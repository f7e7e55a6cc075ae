"""The report: complete, self-contained, and safe with text from outside."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_findings.model.answers import verdict as rule
from sre_findings.model.answers.answer import CoverageAnswer, Group, Proof, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.open_finding import OpenFinding, Place, Weakness
from sre_findings.model.sla.age_bands import AgeGrid, bands
from sre_findings.model.sla.ages import Lateness
from sre_findings.model.sla.policy import DEFAULT
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.report import Held, Material
from sre_reports import wording
from sre_reports.html_report import html

Nights = Callable[..., Material]
AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
ASKING = {"link", "img", "iframe", "object", "embed", "base", "audio", "video", "source"}
LOADING = {
    "src",
    "srcset",
    "style",
    "action",
    "formaction",
    "background",
    "ping",
    "poster",
    "data",
    "http-equiv",
    "xlink:href",
}
OUT = r"findings\.(csv|parquet)|summary\.json|https://nvd\.nist\.gov/vuln/detail/CVE-[0-9-]+"
VOID = {"meta", "input", "path", "rect", "circle"}
HOSTILE = (
    "</script></title></style><img src=x onerror=alert(1)>{{7*7}}{% raw"
    ' %}=HYPERLINK("http://x")\u202egnp.exe\x1b[31m\x00\ud800&lt;'
)
SEEN = (
    "</script></title></style><img src=x onerror=alert(1)>{{7*7}}{% raw"
    ' %}=HYPERLINK("http://x")gnp.exe[31m&lt;'
)


class Reader(HTMLParser):
    """The report as a browser parses it.

    Elements with attributes, the whole text, and the text of each element.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text, self.raw = "", dict[str, list[str]]()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.text += " "
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.text += " "
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw.setdefault(self.open[-1], []).append(data)
        else:
            self.text += data

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def read(night: Material) -> Reader:
    found = Reader(html.render(night, AT))
    assert not found.open, "every element is closed"
    return found


@pytest.fixture
def forms(
    night: Nights,
    summary_answer: Callable[..., SummaryAnswer],
    coverage_answer: Callable[..., CoverageAnswer],
    listed: Callable[..., ListAnswer[Any, Any]],
    proof: Callable[..., Proof],
) -> dict[str, Callable[[], Material]]:
    """Every variant of a report."""
    nothing = {
        "findings": iter(()),
        "resources": [],
        "fixes": listed([]),
        "risks": (),
        "ages": AgeGrid(bands(DEFAULT), {}),
        "time_to_fix": listed([]),
        "late": listed([], **Lateness().to_json()),
    }

    def empty(verdict: rule.Verdict, **summary: Any) -> Material:
        answer = summary_answer(**{"verdict": verdict, "rollup": Rollup(), **summary})
        groups = {"accounts": replace(answer, by="account"), "owners": replace(answer, by="owner")}
        return night(summary=answer, before=None, **groups, **nothing)

    def many_gaps() -> Material:
        rows = tuple(
            Coverage(
                f"i-{n}",
                "AWS_EC2_INSTANCE",
                "1",
                "eu-west-1",
                "PACKAGE",
                "INACTIVE",
                f"REASON_{n}",
                name=f"n{n}",
            )
            for n in range(100)
        )
        cells = tuple(
            Gap(f"{n:012}", "eu-west-1", "AWS_EC2_INSTANCE", "PACKAGE", "denied") for n in range(60)
        )
        return night(coverage=coverage_answer(gaps=rows, cells=cells))

    def proven(**changes: Any) -> Material:
        return night(summary=summary_answer(proof=proof(**changes)))

    clean = rule.Verdict(rule.CLEAN, rule.NO_FINDINGS, "Inspector reports no findings")
    unknown = rule.Verdict(rule.UNKNOWN, rule.NOT_SCANNED, "3 resources are not fully scanned")
    suppressed = rule.Verdict(
        rule.VULNERABLE, rule.SUPPRESSED_ONLY, "every open finding is suppressed"
    )
    return {
        "whole": night,
        "clean": lambda: empty(clean),
        "unknown": lambda: empty(unknown, uncovered=3),
        "suppressed only": lambda: empty(suppressed, rollup=Rollup(suppressed=4, resources=2)),
        "first night": lambda: night(before=None, trend=listed([]), changes=listed([], since=None)),
        "partial": lambda: proven(
            state="partial", reasons=("eu-west-1: findings denied", "us-east-2: did not end")
        ),
        "too old": lambda: proven(too_old=True, age_seconds=9 * 86_400),
        "narrow": lambda: night(
            owner="payments", evidence=None, trend=replace(listed([]), known=False)
        ),
        "an account": lambda: night(account="111122223333", evidence=None),
        "nothing can be fixed": lambda: night(fixes=listed([])),
        "many gaps": many_gaps,
    }


FORMS = (
    "whole",
    "clean",
    "unknown",
    "suppressed only",
    "first night",
    "partial",
    "too old",
    "narrow",
    "an account",
    "nothing can be fixed",
    "many gaps",
)


def test_every_variant_follows_the_rules(forms: dict[str, Any]) -> None:
    assert set(FORMS) == set(forms)


@pytest.mark.parametrize("form", FORMS)
def test_the_report_makes_no_requests(forms: dict[str, Any], form: str) -> None:
    found = read(forms[form]())
    assert not {tag for tag, _ in found.elements} & ASKING
    named = {
        (tag, name)
        for tag, attributes in found.elements
        for name in attributes
        if name in LOADING or name.startswith("on")
    }
    assert named == {("meta", "http-equiv")}
    assert (
        next(one["http-equiv"] for one in found.of("meta") if "http-equiv" in one)
        == "Content-Security-Policy"
    )
    (css,) = found.raw["style"]
    assert set(re.findall(r"url\(([a-z]*:)?", css)) == {"data:"}
    assert "@import" not in css
    for call in (
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "import(",
        "eval(",
        "innerHTML",
        "insertAdjacent",
        "document.write",
    ):
        assert call not in found.raw["script"][1], call


@pytest.mark.parametrize("form", FORMS)
def test_every_link_leads_somewhere(forms: dict[str, Any], form: str) -> None:
    found = read(forms[form]())
    ids = [one["id"] for _, one in found.elements if "id" in one]
    assert len(ids) == len(set(ids))
    links = {one["href"] or "" for one in found.of("a")}
    here = {link[1:] for link in links if link.startswith("#")}
    views = {link for link in here if re.match("(sev|only|q)=", link)}
    assert here - views <= set(ids)
    assert not views or "table" in ids, "a view of a table that is not there"
    out = {link for link in links if not link.startswith("#")}
    assert all(re.fullmatch(OUT, one) for one in out)
    assert {one["aria-labelledby"] for _, one in found.elements if "aria-labelledby" in one} <= set(
        ids
    )
    assert {one["for"] for one in found.of("label")} <= set(ids)


@pytest.mark.parametrize("form", FORMS)
def test_the_policy_allows_only_the_style_and_script_of_the_report(
    forms: dict[str, Any], form: str
) -> None:
    found = read(forms[form]())
    (css,), (rows, js) = (
        found.raw["style"],
        found.raw["script"] if len(found.raw["script"]) == 2 else ("", *found.raw["script"]),
    )
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (css, js)
    ]
    policy = next(one["content"] for one in found.of("meta") if one.get("http-equiv"))
    assert (
        policy
        == f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}';"
        " img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    assert found.of("script") == [{"type": "text/plain", "id": "rows"}, {}]
    assert re.fullmatch("[A-Za-z0-9+/=]+", rows), "no character that could end the element"
    assert "\r" not in css + js, "a browser would hash other line ends"


@pytest.mark.parametrize("form", FORMS)
def test_tables_charts_and_language_are_accessible(forms: dict[str, Any], form: str) -> None:
    found = read(forms[form]())
    assert found.of("html") == [{"lang": "en"}]
    assert len(found.of("caption")) == len(found.of("table"))
    assert {one.get("scope") for one in found.of("th")} <= {"col", "row"}
    drawn = [one for one in found.of("svg") if one.get("aria-hidden") != "true"]
    assert all(one["role"] == "img" and one["aria-label"] for one in drawn)
    headings = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings)), "no level is skipped"


@pytest.mark.parametrize("form", FORMS)
def test_without_javascript_no_controls_are_shown(forms: dict[str, Any], form: str) -> None:
    found = read(forms[form]())
    hidden = [one for tag, one in found.elements if tag == "button" and "hidden" not in one]
    assert not hidden or "hidden" in found.of("form")[0]
    outside = [one for one in hidden if not {"class", "id"} & one.keys()]
    assert outside == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("clean", "Inspector reports no findings on 40 resources that it scans."),
        ("unknown", "Unknown: not scanned. 3 resources are not fully scanned. First snapshot"),
        ("suppressed only", "All 4 findings are suppressed."),
        ("first night", "First snapshot: there is nothing to compare it with yet, so no finding is new."),
        ("first night", "A trend needs snapshots of at least two days."),
        ("partial", "PARTIAL: 2 reasons · 13 of 13 active findings read · 01:00 UTC"),
        ("partial", "What may be missing: eu-west-1: findings denied us-east-2: did not end"),
        ("partial", "At least 13 open findings on"),
        ("partial", "At least 2 critical findings are open"),
        ("too old", "STALE: 9 d old · 13 of 13 active findings read"),
        ("too old", "What may be missing: The snapshot is stale."),
        ("narrow", "Amazon Inspector vulnerability report for payments, 2026-11-22"),
        ("narrow", "The trend of this scope is not available with your access."),
        ("an account", "Amazon Inspector vulnerability report for account production (111122223333), 2026-11-22"),
        ("nothing can be fixed", "No update resolves an open finding."),
        ("many gaps", "Showing 50 of 60. Run sre-cli coverage to list all."),
        ("whole", "The first 2 of 13 findings, most severe first."),
        ("whole", "This report contains the first 2 of 13 findings"),
        ("whole", "starting at 0. Not drawn: 1 day without a snapshot."),
    ],
)  # fmt: skip
def test_each_variant_has_its_text(forms: dict[str, Any], form: str, words: str) -> None:
    assert words in read(forms[form]()).words


@pytest.mark.parametrize("form", ["clean", "unknown", "suppressed only"])
def test_no_findings_is_never_called_clean_or_safe(forms: dict[str, Any], form: str) -> None:
    found = read(forms[form]())
    assert not re.search(r"\b(clean|safe|secure|no vulnerabilities)\b", found.words, re.IGNORECASE)
    assert not found.of("form")
    assert "table" not in [one.get("id") for one in found.of("table")]


@pytest.mark.parametrize("form", FORMS)
def test_the_title_marks_partial_and_stale_reports(forms: dict[str, Any], form: str) -> None:
    text = html.render(forms[form](), AT)
    assert (
        ("<title>Partial or stale: " in text)
        == (form in ("partial", "too old"))
        == ('<p class="pill warn">' in text)
    )


@pytest.mark.parametrize(("of", "told"), [("narrow", False), ("whole", True)])
def test_a_restricted_reader_gets_no_facts_of_the_whole_snapshot(
    forms: dict[str, Any], of: str, told: bool
) -> None:
    words = read(forms[of]()).words
    for fact in (
        "SHA-256 of the manifest",
        "s3://bucket",
        "Count check",
        "Scan window",
        "active findings read",
    ):
        assert (fact in words) == told, fact


def test_a_scoped_report_reproduces_its_scope(night: Nights) -> None:
    def repeat(**view: str) -> str:
        return read(night(**view)).words.partition("Reproduce with ")[2].partition(" This file")[0]

    assert repeat() == "sre-cli report --as-of 20261122T010000Z -f report"
    assert (
        repeat(owner="pay ments; x")
        == "sre-cli report --as-of 20261122T010000Z --owner 'pay ments; x' -f report"
    )
    assert (
        repeat(account="111122223333")
        == "sre-cli report --as-of 20261122T010000Z --account 111122223333 -f report"
    )


def test_an_unknown_severity_has_a_row_a_chip_and_a_colour(
    night: Nights,
    summary_answer: Callable[..., SummaryAnswer],
    open_finding: Callable[..., OpenFinding],
) -> None:
    summary = summary_answer(rollup=Rollup(Counts(other=2), resources=1))
    text = html.render(night(summary=summary, findings=iter([open_finding(severity="OTHER")])), AT)
    assert '<span class="tag other">Other</span>' in text
    assert 'data-severity="6" data-name="other"' in text
    assert "2 other findings are open" in Reader(text).words
    assert all(f".tag.{name}" in html.style() for name in wording.SEVERITIES), (
        "the style sheet knows them all"
    )


def test_further_findings_are_only_in_the_packed_data(
    night: Nights,
    open_finding: Callable[..., OpenFinding],
    summary_answer: Callable[..., SummaryAnswer],
) -> None:
    many = (open_finding(identity=f"CVE-2026-{1000 + n}") for n in range(html.FIRST + 5))
    whole = summary_answer(rollup=Rollup(Counts(high=html.FIRST + 5), resources=1))
    found = read(night(findings=many, summary=whole))
    assert f"The first {html.FIRST} of {html.FIRST + 5} findings, most severe first." in found.words
    assert "This page holds the worst" not in found.words
    assert (
        f"CVE-2026-{1000 + html.FIRST - 1}" in found.text,
        f"CVE-2026-{1000 + html.FIRST}" in found.text,
    ) == (True, False)


def hostile(
    make: Nights,
    text: str,
    proof: Callable[..., Proof],
    summary: Callable[..., SummaryAnswer],
    listed: Callable[..., ListAnswer[Any, Any]],
) -> str:
    """A report whose texts from outside are all this text."""
    whole = summary(proof=proof(state="partial", reasons=(text,), snapshot_id=text, claim=text))
    place = Place(text, text, text, text, text, text)
    one = OpenFinding(
        Weakness("HIGH", text, text, 7.8, 0.1, True, True, True, text, text, text),
        place,
        "2026-11-02",
        "2026-11-01",
        True,
    )
    groups = tuple(Group(value, text, Rollup(Counts(critical=1))) for value in (text, "else"))
    line = {
        "place": 1,
        "what": text,
        "advice": text,
        "command": text,
        "packages": [{"name": text, "fixed_in": text}],
        "resources": 2,
        "findings": 7,
        "critical": 1,
        "high": 0,
        "kev": 1,
        "hosts": [{"name": text, "resource_id": text}],
    }
    base = make()
    assert base.evidence is not None
    gap = Coverage(text, text, text, text, text, "INACTIVE", text, name=text)
    return html.render(
        replace(
            base,
            summary=whole,
            owner=text,
            findings=iter([one]),
            fixes=listed([line]),
            resources=[Held(place, Rollup(Counts(critical=1)), Lateness())],
            accounts=replace(base.accounts, groups=groups),
            owners=replace(base.owners, groups=groups),
            coverage=replace(base.coverage, gaps=(gap,), cells=(Gap(*[text] * 6),)),
            evidence=replace(
                base.evidence, url=text, regions=(text,), warnings=(text,), manifest_sha256=text
            ),
        ),
        AT,
    )


@pytest.fixture
def written(
    night: Nights,
    proof: Callable[..., Proof],
    summary_answer: Callable[..., SummaryAnswer],
    listed: Callable[..., ListAnswer[Any, Any]],
) -> Callable[[str], str]:
    return lambda text: hostile(night, text, proof, summary_answer, listed)


def test_hostile_text_stays_text_and_stays_visible(written: Callable[[str], str]) -> None:
    text = written(HOSTILE)
    found = Reader(text)
    assert found.shape == Reader(written("plain")).shape
    assert found.text.count(SEEN) >= 30
    assert "49" not in re.sub("<(style|script)[^>]*>.*?</\\1>", "", text, flags=re.DOTALL)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples * 30 // 100,
)
@given(text=st.text(st.characters(exclude_categories=()), min_size=1, max_size=30))
def test_no_text_changes_the_shape_of_the_page(written: Callable[[str], str], text: str) -> None:
    page_of_it = written(f"x{text}x")
    assert Reader(page_of_it).shape == Reader(written("plain")).shape
    outside = re.sub(r"<style>.*?</style>", "", page_of_it, flags=re.DOTALL)
    assert not [
        letter
        for letter in outside
        if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"
    ]
    assert page_of_it.encode()


def test_long_names_are_cut_and_ids_are_not(
    night: Nights, open_finding: Callable[..., OpenFinding]
) -> None:
    long = open_finding(
        title="A" * 10_000, name="B" * 10_000, resource_id="c" * 2_000, packages="D" * 10_000
    )
    base = night()
    held = base.resources[0]._replace(place=long.place)
    text = html.render(replace(base, findings=iter([long]), resources=[held]), AT)
    assert "A" * 299 + "…" in text
    assert all(letter * 300 not in text for letter in "ABD")
    assert text.count("c" * 2_000) >= 3, "in both tables, and in the command"


@pytest.mark.parametrize("name", ["</", "<!--"])
def test_style_and_script_do_not_end_their_element(name: str) -> None:
    assert name not in html.script()
    assert name not in html.style()
