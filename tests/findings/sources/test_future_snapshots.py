"""A snapshot that starts in the future is never fresh: its age is unknown, and so is the verdict."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.support.sources import make_sources

from sre_findings.api.answers import doubts_of
from sre_findings.model.answers.gate import Gate
from sre_findings.model.findings.severity import Severity
from sre_findings.nightly.digest import Silence, digest_data
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Exposure, Summary, Vulnerabilities
from sre_findings.sources.readiness import ready
from sre_findings.sources.sources import Sources, find
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports import wording
from sre_reports.digest.messages.notices import silence_message
from sre_reports.formats.finding_fields import warnings

REASON = "the snapshot starts in the future: check the clocks"


def at(nights: SnapshotWriter, moment: datetime) -> Sources:
    table = SqliteTable(Path(nights.blobs.url.removeprefix("file://")) / "table.db")
    return make_sources(nights, table, Path("unused"), moment)


@pytest.fixture(scope="module")
def behind(nights: SnapshotWriter) -> Sources:
    """The newest snapshot starts in 30 days."""
    return at(nights, nights.commits()[-1].started_at - timedelta(days=30))


@pytest.mark.parametrize("as_of", [None, "the newest"])
def test_its_age_is_unknown_and_it_is_not_fresh(behind: Sources, as_of: str | None) -> None:
    newest = behind.stores.snapshots.commits()[-1].snapshot_id
    proof = find(behind, as_of and newest).proof
    assert (proof.age_seconds, proof.too_old, proof.sure, proof.not_fresh) == (
        None,
        True,
        False,
        REASON,
    )
    assert REASON in wording.proof_sentence(proof)
    assert doubts_of(proof) == [REASON]
    assert warnings(proof) == [f"{wording.capital(REASON)}."]


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(seconds=1), timedelta()])
def test_within_five_minutes_its_age_is_zero(nights: SnapshotWriter, ahead: timedelta) -> None:
    sources = at(nights, nights.commits()[-1].started_at - ahead)
    proof = find(sources, None).proof
    assert (proof.age_seconds, proof.too_old) == (0, False)
    assert (ready(sources).why, ready(sources).age_seconds) == ("", 0)


def test_no_verdict_from_it_is_clean_and_no_gate_passes(behind: Sources) -> None:
    summary = ask(Summary(), behind)
    assert summary.verdict.doubt == "snapshot_too_old"
    nothing = ask(Vulnerabilities("i-00000000000000000"), behind)
    assert (nothing.verdict.verdict, nothing.verdict.explanation) == ("unknown", REASON)
    decision = Gate(Severity.CRITICAL).decide(nothing)
    assert (decision.outcome, decision.reason) == ("undecided", "snapshot_too_old")


def test_an_empty_list_from_it_is_unknown(behind: Sources) -> None:
    answer = ask(Exposure("no-such-package"), behind)
    assert (answer.known, answer.total) == (False, 0)
    assert REASON in answer.headline


def test_a_server_with_it_is_not_ready(behind: Sources) -> None:
    found = ready(behind)
    assert (found.why, found.age_seconds) == (REASON, None)


def test_the_digest_reports_it_without_numbers(behind: Sources) -> None:
    found = digest_data(behind, None, ())
    assert isinstance(found, Silence)
    text = str(silence_message(found))
    assert "starts in the future" in text
    assert "Check the clocks" in text
