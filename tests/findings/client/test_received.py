"""An answer received over HTTP has the same content in every output format as the original."""

from __future__ import annotations

import json
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sources import folder_sources, make_sources

from sre_cli.render.coverage import render_coverage
from sre_cli.render.list_answer import render_list
from sre_cli.render.resource import render_resource
from sre_cli.render.summary import render_summary
from sre_findings.model.answers import decoding, list_types
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.answers.decoding import context_of
from sre_findings.model.answers.list_answer import AnyListAnswer
from sre_findings.model.answers.list_types import keys_of
from sre_findings.model.findings.suppression import Patterns, Reach, Suppression, Suppressions
from sre_findings.model.resources import aws_context
from sre_findings.model.resources.aws_context import CallResult, Context
from sre_findings.queries import ask
from sre_findings.queries.summary import summary
from sre_findings.questions.catalogue import (
    BY,
    CACHED,
    Changes,
    Claims,
    CoverageGaps,
    ExportPage,
    Exposure,
    FindingList,
    FixEffects,
    Fixes,
    ImageFixes,
    Operations,
    Priorities,
    ResourceDifferences,
    Sla,
    SnapshotList,
    Summary,
    SuppressionList,
    TimeToFix,
    Trend,
    Vulnerabilities,
    VulnerabilityDetails,
    VulnerabilityLife,
)
from sre_findings.questions.question import Question
from sre_findings.sources.sources import Sources
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.formats.answers import (
    as_csv,
    as_json,
    as_ndjson,
)
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE

RULES = Suppressions(
    [
        Suppression(
            0,
            1,
            Patterns(("CVE-*",)),
            Patterns(()),
            Reach(),
            "accepted",
            "sre@example.com",
            date(2099, 1, 1),
        )
    ]
)
LISTS: dict[str, Question[AnyListAnswer]] = {
    "changes": Changes(count=0),
    "trend": Trend(),
    "sla": Sla(),
    "time-to-fix": TimeToFix(),
    "priorities": Priorities(),
    "where": Exposure("openssl"),
    "show": VulnerabilityDetails("CVE-2024-3094"),
    "diff": ResourceDifferences(BUSY_INSTANCE, CLEAN_INSTANCE),
    "why": VulnerabilityLife("CVE-2024-3094", BUSY_INSTANCE),
    "fixes": Fixes(),
    "images": ImageFixes(),
    "fix-effects": FixEffects(3),
    "findings": FindingList(),
    "export": ExportPage(),
    "snapshots": SnapshotList(),
    "operations": Operations(),
    "claims": Claims(),
    "suppressions": SuppressionList(),
}


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = Path(nights.blobs.url.removeprefix("file://"))
    began = nights.commits()[-1].started_at
    return make_sources(
        nights,
        SqliteTable(folder / "table.db"),
        tmp_path_factory.mktemp("copies"),
        began,
        suppressions=RULES,
    )


def wired(values: Any) -> Any:
    return json.loads(json.dumps(values))


def same(before: Any, after: Any, table: Any) -> None:
    assert as_json(after) == as_json(before)
    assert as_csv(after) == as_csv(before)
    assert as_ndjson(after) == as_ndjson(before)
    assert table(after, 100, 0) == table(before, 100, 0)


@pytest.mark.parametrize("text", [BUSY_INSTANCE, CLEAN_INSTANCE, "nobody-has-this-name"])
def test_of_a_resource(sources: Sources, text: str) -> None:
    answer = ask(
        Vulnerabilities(text, source=CACHED, suppressed=True, severities=("HIGH",)), sources
    )
    back = decoding.resource_answer(wired(answer.to_json()))
    same(answer, back, render_resource)
    assert back.incomplete == answer.incomplete, "the exit code goes by it"


@pytest.mark.parametrize("by", [None, *BY])
def test_of_everything(sources: Sources, by: str | None) -> None:
    answer = summary(Summary(by), sources)
    same(answer, decoding.summary_answer(wired(answer.to_json())), render_summary)


def test_of_coverage(sources: Sources) -> None:
    answer = ask(CoverageGaps(), sources)
    assert answer.gaps
    same(answer, decoding.coverage_answer(wired(answer.to_json())), render_coverage)


def received(values: Any, answer: AnyListAnswer, name: str) -> AnyListAnswer:
    return decoding.list_answer(values, wired(decoding.layout_of(answer)), keys_of(name))


@pytest.mark.parametrize("name", LISTS)
def test_of_a_list(sources: Sources, name: str) -> None:
    answer = ask(LISTS[name], sources)
    back = received(wired(answer.to_json()), answer, name)
    assert back.known == answer.known
    assert [*(back.summary or ())] == [*(answer.summary or ())]
    same(answer, back, render_list)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_without_a_snapshot_is_received_too(tmp_path: Path, name: str) -> None:
    empty = folder_sources(tmp_path, tmp_path, suppressions=RULES)
    answer = ask(LISTS[name], empty)
    assert received(wired(answer.to_json()), answer, name).to_json() == answer.to_json()


@pytest.mark.parametrize("name", LISTS)
def test_items_and_numbers_have_the_keys_of_their_types(sources: Sources, name: str) -> None:
    answer, keys = ask(LISTS[name], sources), keys_of(name)
    module, item, facts = list_types.TYPES[name]
    types = import_module(f"{list_types.__package__}.{module}")
    for type_name, required, values in (
        (item, keys.item, answer.items),
        (facts, keys.facts, [answer.summary] if answer.summary else []),
    ):
        for one in values if type_name else ():
            optional = getattr(types, type_name).__optional_keys__
            assert required <= one.keys() <= required | optional


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_lacks_a_key_is_an_error(sources: Sources, name: str) -> None:
    answer, keys = ask(LISTS[name], sources), keys_of(name)
    for key in sorted(keys.item) if answer.items else ():
        values = wired(answer.to_json())
        del values[answer.name][-1][key]
        with pytest.raises(KeyError, match=key):
            received(values, answer, name)
    for key in sorted(keys.facts):
        values = wired(answer.to_json())
        del values[key]
        with pytest.raises(KeyError, match=key):
            received(values, answer, name)


def test_a_list_with_fields_of_a_later_version_is_received(sources: Sources) -> None:
    answer = ask(Sla(), sources)
    values = wired(answer.to_json()) | {"weather": "fair"}
    values[answer.name][0]["mood"] = "calm"
    assert received(values, answer, "sla").items == values[answer.name]


MOMENTS = st.none() | st.datetimes(
    timezones=st.just(datetime.fromisoformat("2026-11-23T00:00:00Z").tzinfo)
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
NUMBERS, TEXTS = st.none() | st.integers(0, 9), st.none() | st.text(max_size=5)
NOTES = st.sampled_from(("denied", "too slow")).map(aws_context.Note)
INSTANCES = st.builds(
    aws_context.Instance,
    TEXTS,
    TEXTS,
    TEXTS,
    MOMENTS,
    TEXTS,
    st.just(("10.0.0.1",)),
    st.just(()),
    st.just(("::1",)),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
PATCHES = st.builds(
    aws_context.PatchState, NUMBERS, NUMBERS, NUMBERS, NUMBERS, TEXTS, MOMENTS, TEXTS
)
AGENTS = st.builds(aws_context.Agent, TEXTS, TEXTS, MOMENTS, TEXTS)
CPUS = st.builds(
    aws_context.Cpu,
    st.floats(0, 100),
    st.floats(0, 100),
    MOMENTS.filter(bool),
    st.lists(st.none() | st.just(1.5)),
)
CLUSTERS = st.builds(
    aws_context.Cluster,
    st.text(max_size=5),
    NUMBERS,
    NUMBERS,
    MOMENTS,
    st.lists(st.text(max_size=3)).map(tuple),
)


def told(source: str, values: Any) -> Any:
    return st.builds(
        CallResult, st.just(source), MOMENTS, st.booleans(), st.none() | values, st.none() | NOTES
    )


@given(st.builds(
    Context, st.sampled_from(("", "111122223333")), st.just("eu-west-1"), told("a", INSTANCES), told("b", PATCHES),
    told("c", AGENTS), told("d", CPUS), told("e", st.lists(CLUSTERS, min_size=1, max_size=2).map(tuple)),
    st.lists(NOTES, max_size=1),
))  # fmt: skip
def test_of_context(one: Context) -> None:
    back = context_of(wired(one.to_json()))
    assert back.to_json() == one.to_json()


def test_fields_of_a_later_version_are_ignored_and_missing_ones_are_not(sources: Sources) -> None:
    values = wired(ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED), sources).to_json())
    values["findings"][0]["mood"] = "calm"
    back = decoding.resource_answer(values | {"weather": "fair"})
    assert isinstance(back, ResourceAnswer)
    del values["verdict"]
    with pytest.raises(KeyError, match="verdict"):
        decoding.resource_answer(values)
