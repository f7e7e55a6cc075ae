"""What is said of a resource from Inspector itself."""

from __future__ import annotations

from collections.abc import Iterator

from tests.worlds.check import Check, Untruth, number, said
from tests.worlds.inspector import Inspector

from sre_findings.questions.catalogue import LIVE, Vulnerabilities


def live(check: Check) -> Iterator[Untruth]:
    """Live answers count what Inspector has now, each finding once and in its newest state."""
    inspector: Inspector = check.night.inspector
    for one in check.some(inspector.state.resources):
        if one.kind == "quantum" or any(
            inspector.happens(kind, one.region) for kind in ("denied", "throttled")
        ):
            continue
        question = Vulnerabilities(one.id, source=LIVE, count=0, region=one.region)
        answer = check.ask(question)
        if answer is None or answer.live_error or answer.proof.source != "live":
            continue
        here = [f for f in inspector.active(one.region) if one.id in {r.id for r in f.on}]
        severities = [f.severity for f in here if f.status == "ACTIVE"]
        true = {name: severities.count(name) for name in severities}
        if said(answer.rollup.counts) != true:
            yield check.untruth("live counts", question, said(answer.rollup.counts), true)
        if answer.verdict.verdict == "clean" and here:
            yield check.untruth("live clean though open", question, "clean", here[0].arn)
        if answer.verdict.verdict == "vulnerable" and not number(true) and not here:
            yield check.untruth("live vulnerable without findings", question, "vulnerable", "none")
