"""The sentences that every mouth says alike. Counts come from the answer's rollup, never from a
page of findings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime

from sre_findings.model.answers.answer import LIVE, TABLE, Proof
from sre_findings.model.answers.verdict import (
    CLEAN,
    CREDENTIALS,
    DENIED,
    DISABLED,
    FINDINGS,
    FROZEN,
    INCOMPLETE,
    NO_RULE,
    NO_SNAPSHOT,
    NO_SUCH_RESOURCE,
    NOT_SCANNED,
    REJECTED,
    SCANNED_TOO_LONG_AGO,
    STOPPED,
    SUPPRESSED_ONLY,
    THROTTLED,
    TOO_OLD,
    UNREACHABLE,
    VULNERABLE,
    Verdict,
)
from sre_findings.model.findings.finding import Finding, iso
from sre_findings.model.findings.severity import ORDER
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.snapshots.states import COMPLETE

_ROLE = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d*:[^\s,;]+")
SEVERITIES = (*(name.lower() for name in ORDER), "other")  # in the order of Counts.by_rank()

_HEADLINES = {
    FINDINGS: "Vulnerable",
    FROZEN: "Vulnerable, and no longer scanned",
    STOPPED: "Vulnerable, and stopped",
    SUPPRESSED_ONLY: "Vulnerable, all of it suppressed",
    NO_SNAPSHOT: "Unknown: there is no snapshot",
    NO_SUCH_RESOURCE: "No such resource",
    NOT_SCANNED: "Unknown: not scanned",
    NO_RULE: "Unknown: no rule says what silence means here",
    SCANNED_TOO_LONG_AGO: "Unknown: scanned too long ago",
    INCOMPLETE: "Unknown: the scan is incomplete",
    DENIED: "Unknown: access was denied",
    DISABLED: "Unknown: Inspector is off",
    TOO_OLD: "Unknown: the snapshot is too old",
    CREDENTIALS: "Unknown: the credentials are not accepted",
    THROTTLED: "Unknown: Inspector takes no more requests",
    UNREACHABLE: "Unknown: Inspector did not answer",
    REJECTED: "Unknown: Inspector refused to answer",
}


def headline(verdict: Verdict) -> str:
    """The verdict in a few words. Clean is never claimed: what is known is that Inspector reports
    none."""
    if verdict.verdict == CLEAN:
        return "Inspector reports none"
    return _HEADLINES.get(
        verdict.reason, "Vulnerable" if verdict.verdict == VULNERABLE else "Unknown"
    )


def number(count: int, one: str, many: str | None = None) -> str:
    """``1 finding``, ``1,011 findings``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def by_severity(counts: Counts) -> list[tuple[str, int]]:
    """The severities that have any, worst first."""
    return [
        (name, count) for name, count in zip(SEVERITIES, counts.by_rank(), strict=True) if count
    ]


def counts_sentence(rollup: Rollup) -> tuple[str, str]:
    """``13 open findings`` and ``: 2 critical, 6 high, 5 medium; 3 suppressed``, apart so that the
    first can stand out."""
    severities = ", ".join(f"{count:,} {name}" for name, count in by_severity(rollup.counts))
    suppressed = f"; {rollup.suppressed:,} suppressed" if rollup.suppressed else ""
    return (
        number(rollup.counts.total, "open finding"),
        (f": {severities}" if severities else "") + suppressed,
    )


def more_sentence(rollup: Rollup) -> str:
    """What can be fixed, and what is exploited, of the open ones; empty where nothing is open."""
    if not rollup.counts.total:
        return ""
    exploited = (
        f"; {rollup.exploitable:,} {'has' if rollup.exploitable == 1 else 'have'} a known exploit"
    )
    return f"{rollup.fixable:,} can be fixed by an update{exploited if rollup.exploitable else ''}."


def age(seconds: int) -> str:
    """How long that is, in one unit: ``12 min``, ``6 h``, ``9 d``."""
    minutes = max(0, seconds) // 60
    if not minutes:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def valued(value: str, by: str) -> str:
    """The value of a group in words, ``(no owner)`` for none. A value that could be taken for that
    stands in quotes."""
    if not value:
        return f"(no {by})"
    return json.dumps(value, ensure_ascii=False) if value.startswith(("(no ", '"')) else value


def days_old(finding: Finding, as_of: datetime | None) -> int | None:
    """Whole days from when Inspector first saw it to when the answer was true; None where that is
    not known."""
    first = finding.first_observed_at
    return None if as_of is None or first is None else max(0, (as_of - first).days)


def freshness(proof: Proof) -> str:
    """``6 h old, complete for all visible accounts``; a live answer says when it was asked."""
    if proof.source == LIVE:
        return f"asked live at {iso(proof.as_of)}" if proof.as_of else "asked live"
    if proof.snapshot_id is None:
        return "there is no snapshot yet"
    old = f"{age(proof.age_seconds)} old" if proof.age_seconds is not None else "of unknown age"
    old += ", older than allowed" if proof.too_old else ""
    state = f"{proof.state or 'without a certificate'} {proof.claim if proof.state == COMPLETE else ''}".strip()
    return f"{old}, {state}"


def proof_sentence(proof: Proof) -> str:
    """Where the answer comes from, and how old and how complete that is."""
    if proof.source == LIVE:
        return f"Inspector itself, {freshness(proof)}."
    if proof.source == TABLE:
        return (
            f"The table's records, read at {iso(proof.as_of)}."
            if proof.as_of
            else "The table's records."
        )
    if proof.snapshot_id is None:
        return "There is no snapshot yet. Run: sre-cli scan."
    return f"Snapshot {proof.snapshot_id}, {freshness(proof)}."


def doubts(proof: Proof) -> Sequence[str]:
    """Why the source is not complete, and what was not read of the place that was asked about;
    empty for a live answer. AWS names the role that it denied: what is read by many does not;
    ``sre-cli snapshots show`` does.
    """
    if proof.source == LIVE:
        return ()
    reasons = () if proof.state == COMPLETE else proof.reasons
    return tuple(_ROLE.sub("the scan's role", reason) for reason in (*reasons, *proof.unread))


def version(text: str | None) -> str | None:
    """A version as its manager writes it: an epoch of 0 is left out, as it is the default."""
    return ", ".join(one.removeprefix("0:") for one in text.split(", ")) if text else text


def packages(finding: Finding) -> list[str]:
    """The names of its packages, each once."""
    return list(dict.fromkeys(package.name for package in finding.packages if package.name))


def capital(text: str) -> str:
    """With a capital letter first, and every other letter as it is."""
    return text[:1].upper() + text[1:]


def identity(finding: Finding) -> str:
    """The vulnerability's id; findings that have none are told by their kind: ``network
    reachability``."""
    return finding.vulnerability_id or finding.type.lower().replace("_", " ")
