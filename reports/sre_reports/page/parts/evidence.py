"""What an auditor needs to trust the page, or to repeat it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sre_findings.model.findings.finding import iso
from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.nightly.evidence import Evidence
from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.page.parts.view import command_of

Facts = list[tuple[str, str]]


def evidence(night: Material, generated_at: datetime) -> Facts:
    """Names and values, those of the whole snapshot only for who sees the whole."""
    proof, rollup = night.proof, night.summary.rollup
    state = (
        f"{proof.state} {proof.claim if proof.state == COMPLETE else ''}".strip()
        if proof.state
        else "none"
    )
    facts = [
        ("Snapshot", proof.snapshot_id or "none"),
        ("Certificate", state),
        *(("Reason", one) for one in proof.reasons),
    ]
    facts += list(_of_manifest(night.evidence)) if night.evidence else []
    closed = (
        f" and {night.evidence.closed:,} closed since the night before"
        if night.evidence and night.evidence.closed
        else ""
    )
    facts += [
        (
            "Not in these counts",
            f"{wording.number(rollup.suppressed, 'suppressed finding')}{closed}",
        ),
        ("Deadlines", _deadlines(night)),
        ("Lateness as of", night.today.isoformat()),
        ("Written", iso(generated_at)),
    ]
    return facts + ([("Repeat it", command_of(night))] if proof.snapshot_id else [])


def _of_manifest(one: Evidence) -> Iterator[tuple[str, str]]:
    minutes, seconds = divmod(int((one.ended_at - one.started_at).total_seconds()), 60)
    yield "Files", f"{one.url} ({one.parts:,} parts, each with its SHA-256 in the manifest)"
    yield "SHA-256 of the manifest", one.manifest_sha256
    yield "Scan window", f"{iso(one.started_at)} to {iso(one.ended_at)} ({minutes} min {seconds} s)"
    yield "Counts agree", _agreement(one)
    yield (
        "Reached",
        (
            f"{wording.number(one.accounts, 'account')} in {', '.join(one.regions)};"
            f" {one.answered:,} of {one.cells:,} pairs of account and region answered in full"
        ),
    )
    yield (
        "Read",
        (
            f"{wording.number(one.pages, 'page')}, {one.throttles:,} throttled, {one.retries:,}"
            f" asked again, {one.duplicates:,} duplicates, {one.changed_meanwhile:,} changed"
            " meanwhile"
        ),
    )
    yield from (("Warning", warning) for warning in one.warnings)


def _agreement(one: Evidence) -> str:
    if one.counted is None:
        return f"ListFindings {one.listed:,} active; ListFindingAggregations was not asked"
    sign = "=" if one.listed == one.counted else "≠"
    return f"ListFindings {one.listed:,} active {sign} ListFindingAggregations {one.counted:,}"


def _deadlines(night: Material) -> str:
    """The policy in words: CISA's date takes the place of the severity's."""
    days = night.policy.to_json()["sla"]
    told = ", ".join(
        f"{name} {f'{count} d' if count is not None else 'none'}" for name, count in days.items()
    )
    return f"{told}, from when exposed; on CISA's KEV list, CISA's date"
