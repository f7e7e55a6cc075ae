"""Sentences shared by the command line, the report, Slack and the server.

Counts come from the rollup of an answer, never from one page of its findings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import LiteralString

from sre_findings.model.answers.answer import LIVE, RECORDED, TABLE, TAKEN, Proof
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
from sre_findings.model.findings.finding import Finding
from sre_findings.model.findings.severity import ORDER
from sre_findings.model.quantity import quantity
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.snapshots.states import (
    COMPLETE,
    EXPECTED,
    PARTIAL,
    UNRECONCILED,
    VISIBLE,
)
from sre_findings.model.text import Text, joined, ours, phrase
from sre_findings.model.text import capital as capitalized
from sre_findings.model.timestamps import iso

UNASSIGNED = "Unassigned"
"""The owner shown for a resource without one."""
IN_FUTURE = ("IN THE FUTURE", "check the clocks")
"""The alarm of a snapshot that starts in the future."""
SEVERITIES = (*(name.lower() for name in ORDER), "other")  # in the order of Counts.by_rank()

_HEADLINES = {
    FINDINGS: "Vulnerable",
    FROZEN: "Vulnerable, and no longer scanned",
    STOPPED: "Vulnerable, and stopped",
    SUPPRESSED_ONLY: "Vulnerable, all findings suppressed",
    NO_SNAPSHOT: "Unknown: no snapshot",
    NO_SUCH_RESOURCE: "No such resource",
    NOT_SCANNED: "Unknown: not scanned",
    NO_RULE: "Unknown: coverage of this type cannot be judged",
    SCANNED_TOO_LONG_AGO: "Unknown: scanned too long ago",
    INCOMPLETE: "Unknown: the scan is incomplete",
    DENIED: "Unknown: access denied",
    DISABLED: "Unknown: Inspector is disabled",
    TOO_OLD: "Unknown: stale snapshot",
    CREDENTIALS: "Unknown: credentials rejected",
    THROTTLED: "Unknown: Inspector is throttling requests",
    UNREACHABLE: "Unknown: Inspector did not answer",
    REJECTED: "Unknown: Inspector rejected the request",
}


# A manifest of the store has the state and the claim. Only those that we write are ours.
_STATES = {"": phrase("completeness unknown")} | {one: ours(one) for one in (COMPLETE, PARTIAL)}
_CLAIMS = {
    f"{claim}{more}": ours(f"{claim}{more}")
    for claim in (VISIBLE, EXPECTED)
    for more in ("", UNRECONCILED)
} | {one: ours(one) for one in (RECORDED, TAKEN)}


def headline(verdict: Verdict) -> Text:
    """Returns the verdict in a few words.

    The verdict ``clean`` is worded as a fact: Inspector reports no findings.
    """
    if verdict.verdict == CLEAN:
        return phrase("Inspector reports no findings")
    other = "Vulnerable" if verdict.verdict == VULNERABLE else "Unknown"
    return ours(_HEADLINES.get(verdict.reason, other))


def number(count: int, one: LiteralString, many: LiteralString = "") -> Text:
    """Returns a number with its noun: ``1 finding``, ``1,011 findings``."""
    return quantity(count, one, many)


def of_kev(resolved: int, total: int) -> str:
    """Returns the start of what updates resolve, ``5 of 139 KEV findings and``; or nothing.

    Rollups of older snapshots count fewer KEV findings than the fix plan, or none.
    """
    return f"{resolved:,} of {number(total, 'KEV finding')} and " if 0 < resolved <= total else ""


def by_severity(counts: Counts) -> list[tuple[str, int]]:
    """Returns severities with at least one finding and their counts, most severe first."""
    return [
        (name, count) for name, count in zip(SEVERITIES, counts.by_rank(), strict=True) if count
    ]


def counts_sentence(rollup: Rollup) -> tuple[Text, Text]:
    """Returns ``13 open findings`` and ``: 2 critical, 6 high, 5 medium; 3 suppressed``.

    These are two parts, so that the first can be emphasized.
    """
    severities = joined(
        ", ", [phrase("{:,} {}", count, ours(name)) for name, count in by_severity(rollup.counts)]
    )
    suppressed = phrase("; {:,} suppressed" if rollup.suppressed else "", rollup.suppressed)
    return (
        number(rollup.counts.total, "open finding"),
        (phrase(": {}", severities) if severities else severities) + suppressed,
    )


EXPOSED = phrase("Reachable from the internet, by its public address or a network finding")


def more_sentence(rollup: Rollup) -> Text:
    """Returns how many open findings are fixable and have an exploit; empty if none is open."""
    if not rollup.counts.total:
        return phrase("")
    have = phrase("has" if rollup.exploitable == 1 else "have")
    exploited = phrase("; {:,} {} an exploit available", rollup.exploitable, have)
    fixable = phrase("{:,} can be fixed by an update", rollup.fixable)
    return fixable + (exploited if rollup.exploitable else "") + phrase(".")


def urgency_sentence(rollup: Rollup, overdue: int | None) -> Text:
    """Returns how many open findings are in KEV and overdue; empty if none is open.

    It says which of them is not known.
    """
    if not rollup.counts.total:
        return phrase("")
    known, parts = rollup.to_json()["kev"], list[Text]()
    if known is None:
        parts.append(phrase("not checked against CISA KEV"))
    else:
        parts.append(phrase("{} in CISA KEV", _number_or_none(known)))
        if rollup.unchecked:
            parts.append(phrase("{:,} not checked", rollup.unchecked))
    if overdue is not None:
        parts.append(phrase("{} overdue", _number_or_none(overdue)))
    return capital(joined(", ", parts)) + phrase(".")


def _number_or_none(count: int) -> Text:
    return phrase("{:,}", count) if count else phrase("none")


def age(seconds: int) -> Text:
    """Returns a duration in one unit: ``12 min``, ``6 h``, ``9 d``."""
    minutes = max(0, seconds) // 60
    if not minutes:
        return phrase("under a minute")
    if minutes < 60:
        return phrase("{} min", minutes)
    if minutes < 48 * 60:
        return phrase("{} h", minutes // 60)
    return phrase("{} d", minutes // (24 * 60))


def valued(value: str, by: str) -> str:
    """Returns the value of a group as text.

    The text is ``Unassigned`` for no owner, and ``(no account)`` for no account. A value that could
    be mistaken for one of these is quoted.
    """
    if not value:
        return UNASSIGNED if by == "owner" else f"(no {by})"
    ambiguous = value.startswith(("(no ", '"')) or value == UNASSIGNED
    return json.dumps(value, ensure_ascii=False) if ambiguous else value


def days_old(finding: Finding, as_of: datetime | None) -> int | None:
    """Returns the age in whole days at ``as_of``, since Inspector first observed the finding.

    None if either time is unknown.
    """
    first = finding.first_observed_at
    return None if as_of is None or first is None else max(0, (as_of - first).days)


def freshness(proof: Proof) -> Text:
    """Returns ``6 h old, complete for all visible accounts``; the query time of a live answer."""
    if proof.source == LIVE:
        when = phrase(" at {}", iso(proof.as_of)) if proof.as_of else ""
        return phrase("queried live") + when
    if proof.snapshot_id is None:
        return phrase("there is no snapshot yet")
    seconds = proof.age_seconds
    old = phrase("age unknown") if seconds is None else phrase("{} old", age(seconds))
    stale = phrase(", {}", ours(proof.not_fresh if proof.in_future else "stale"))
    state = _STATES.get(proof.state or "", phrase("{}", proof.state))
    claim = phrase(" {}", _CLAIMS.get(proof.claim, proof.claim))
    claimed = proof.state == COMPLETE and proof.claim
    return (
        old + (stale if proof.too_old else "") + phrase(", ") + state + (claim if claimed else "")
    )


def not_fresh(proof: Proof) -> tuple[tuple[str, str], ...]:
    """Returns a word in capitals and its explanation if the snapshot is not fresh."""
    if proof.in_future:
        return (IN_FUTURE,)
    return (("STALE", f"{age(proof.age_seconds or 0)} old"),) if proof.too_old else ()


def proof_sentence(proof: Proof) -> Text:
    """Returns the provenance of an answer: its source, age and completeness."""
    if proof.source == LIVE:
        return phrase("Amazon Inspector, {}.", freshness(proof))
    if proof.source == TABLE:
        when = phrase(", read at {}", iso(proof.as_of)) if proof.as_of else ""
        source = phrase("Claims") if proof.claim == TAKEN else phrase("Audit log")
        return source + when + phrase(".")
    if proof.snapshot_id is None:
        return phrase("There is no snapshot yet. Run: sre-cli scan.")
    return phrase("Snapshot {}, {}.", proof.snapshot_id, freshness(proof))


def doubts(proof: Proof) -> Sequence[str]:
    """Returns why the data is incomplete, and what of the queried scope was not read.

    Empty for a live answer.
    """
    if proof.source == LIVE:
        return ()
    reasons = () if proof.state == COMPLETE else proof.reasons
    return (*reasons, *proof.unread)


def version(text: str | None) -> str | None:
    """Returns the version without an epoch of 0, which is the default."""
    return ", ".join(one.removeprefix("0:") for one in text.split(", ")) if text else text


def packages(finding: Finding) -> list[str]:
    """Returns the distinct package names of a finding, in their order."""
    return list(dict.fromkeys(package.name for package in finding.packages if package.name))


def capital(text: str) -> Text:
    """Returns the text with its first letter in upper case. Other letters stay."""
    return capitalized(text)


def identity(finding: Finding) -> str:
    """Returns the vulnerability's id, or the type of a finding without one.

    Example: ``network reachability``.
    """
    return finding.vulnerability_id or finding.type.lower().replace("_", " ")


def claim_sentences(findings: Sequence[Finding]) -> Iterator[Text]:
    """Yields who has taken which of the findings until when, and the claims that have lapsed."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for one in findings:
        if claim := one.claim:
            key = (claim["state"], claim["until"], claim["name"], claim["by"])
            groups.setdefault(key, []).append(identity(one))
    for (state, until, name, _), some in groups.items():
        what = joined(", ", some)
        yield (
            phrase("Taken by {} until {}: {}", name, date.fromisoformat(until), what)
            if state == "live"
            else phrase(
                "The claim of {} lapsed after {}: {}", name, date.fromisoformat(until), what
            )
        )
