"""The facts with which an auditor can verify or reproduce the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import iso, iso_date
from sre_findings.nightly.evidence import Evidence
from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.html_report.sections.view import command_of

Facts = list[tuple[str, str]]


def evidence(material: Material, generated_at: datetime) -> Facts:
    """Returns names and values.

    Facts about the whole snapshot are left out for readers without access to all of it.
    """
    proof, rollup = material.proof, material.summary.rollup
    state = (
        f"{proof.state} {proof.claim if proof.state == COMPLETE else ''}".strip()
        if proof.state
        else "none"
    )
    facts = [
        ("Snapshot", proof.snapshot_id or "none"),
        ("Completeness", state),
        *(("Reason", one) for one in proof.reasons),
    ]
    facts += list(_of_manifest(material.evidence)) if material.evidence else []
    closed = (
        f" and {material.evidence.closed:,} closed since the previous snapshot"
        if material.evidence and material.evidence.closed
        else ""
    )
    facts += [
        (
            "Not counted",
            f"{wording.number(rollup.suppressed, 'suppressed finding')}{closed}",
        ),
        ("SLA policy", _sla(material)),
        ("SLA evaluated on", iso_date(material.today)),
        ("Generated", iso(generated_at)),
    ]
    return facts + ([("Reproduce with", command_of(material))] if proof.snapshot_id else [])


def _of_manifest(one: Evidence) -> Iterator[tuple[str, str]]:
    minutes, seconds = divmod(int((one.ended_at - one.started_at).total_seconds()), 60)
    yield (
        "Files",
        f"{one.url} ({wording.number(one.parts, 'part')}; the manifest has the SHA-256 of each)",
    )
    yield "SHA-256 of the manifest", one.manifest_sha256
    yield "Scan window", f"{iso(one.started_at)} to {iso(one.ended_at)} ({minutes} min {seconds} s)"
    yield "Count check", _agreement(one)
    yield (
        "Scope",
        (
            f"{wording.number(one.accounts, 'account')} in {', '.join(one.regions)};"
            f" {one.answered:,} of {one.cells:,} account/region pairs complete"
        ),
    )
    yield (
        "API calls",
        (
            f"{wording.number(one.pages, 'API page')}, {one.throttles:,} throttled,"
            f" {wording.number(one.retries, 'retry', 'retries')},"
            f" {wording.number(one.duplicates, 'duplicate')}, {one.changed_meanwhile:,} changed"
            " during the scan"
        ),
    )
    yield from (("Warning", warning) for warning in one.warnings)


def _agreement(one: Evidence) -> str:
    if one.counted is None:
        return f"ListFindings {one.listed:,} active; ListFindingAggregations was not called"
    sign = "=" if one.listed == one.counted else "≠"
    return f"ListFindings {one.listed:,} active {sign} ListFindingAggregations {one.counted:,}"


def _sla(material: Material) -> str:
    """Returns the SLA policy in words."""
    days = material.policy.to_json()["sla"]
    text = ", ".join(
        f"{name} {f'{count} d' if count is not None else 'none'}" for name, count in days.items()
    )
    return f"{text}, from the first observation; findings in CISA KEV: the KEV due date"
