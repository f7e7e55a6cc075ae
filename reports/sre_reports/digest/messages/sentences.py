"""Sentences of a digest: what came and went and why, what is seen for the first time, what is not
scanned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sre_findings.model.resources.coverage import explain
from sre_findings.nightly.digest import DigestData, Gap
from sre_reports import wording
from sre_reports.brief import Brief
from sre_reports.slack.escaping import (
    cell,
    code,
    escaped,
)

_SHOWN = 5  # accounts, reasons
_MONDAY = 0
_CELLS = {
    "access_denied": "access was denied",
    "disabled": "Inspector is off",
    "unreachable": "it did not answer",
}


def changed(found: DigestData, told: Brief) -> Iterator[str]:
    """New and resolved, why they went, what CISA lists, what else happened."""
    why = resolved_by(found)
    yield f"*{escaped(told.since)}*" + (f" Resolved: {escaped(why)}." if why else "")
    kinds = (
        ("severity_raised", "raised in severity"),
        ("fix_appeared", "with an update now"),
        ("exploit_appeared", "with an exploit now"),
        ("unsuppressed", "no longer suppressed"),
    )
    more = [f"{count:,} {words}" for kind, words in kinds if (count := found.count(kind))]
    if found.new_kev:
        yield f":rotating_light: *{found.new_kev:,} new on CISA's KEV list.*"
    if exposed := found.came(severity="CRITICAL", exposed=True):
        yield f":globe_with_meridians: *{exposed:,} new critical that the internet reaches.*"
    if more:
        yield f"{wording.capital(', '.join(more))}."


def resolved_by(found: DigestData) -> str:
    """``24 patched, 3 terminated``."""
    causes: Counter[str] = Counter()
    for one in found.counted:
        if one.kind == "resolved":
            causes[one.cause or "unknown"] += one.events
    words = {"unknown": "for a reason that is not known", "not_scanned": "not scanned any more"}
    return ", ".join(
        f"{count:,} {words.get(cause, cause)}" for cause, count in causes.most_common()
    )


def first_seen(found: DigestData) -> Iterator[str]:
    """What was there before and is seen for the first time: not new, and nobody's doing."""
    some = sorted(found.onboarded, key=lambda one: -one.findings)
    for one in some[:_SHOWN]:
        account = f"{one.name} ({one.account_id})" if one.name else one.account_id
        seen, many = (
            wording.number(one.resources, "resource"),
            "is" if one.resources == 1 else "are",
        )
        with_ = wording.number(one.findings, "finding")
        yield (
            f":new: {seen} of account {code(account)} {many} seen for the first time, {with_}: not"
            " counted as new."
        )
    if rest := some[_SHOWN:]:
        yield (
            f"… and {wording.number(len(rest), 'more account')},"
            f" {sum(one.findings for one in rest):,} findings."
        )


def gaps(found: DigestData, *, weekly: bool) -> Iterator[str]:
    """How coverage changed; where it did not, what is missing, once a week."""
    if found.opened_gaps:
        yield (
            f":warning: {gap_words(found.opened_gaps)} not scanned since tonight:"
            f" {reasons(found.opened_gaps)}."
        )
    if found.closed_gaps:
        yield f":white_check_mark: {gap_words(found.closed_gaps)} scanned again, or gone."
    if found.gaps and weekly and not found.opened_gaps:
        yield (
            f":grey_question: {gap_words(found.gaps)} still not scanned: {reasons(found.gaps)}."
            " What they hold is not known."
        )


def weekly(found: DigestData) -> bool:
    """Whether this is the night that tells of what stays as it is: Monday's, and the first."""
    as_of = found.material.proof.as_of
    first_or_week = found.material.before is None or found.material.days > 1
    return first_or_week or (as_of is not None and as_of.weekday() == _MONDAY)


def gap_words(some: Sequence[Gap]) -> str:
    """``3 resources``; what was not reached as a whole has resources that nobody knows."""
    single = {(one.account_id, one.region, one.what) for one in some if not one.whole}
    regions = {(one.account_id, one.region) for one in some if one.whole}
    said = [wording.number(len(single), "resource")] if single else []
    said += (
        [wording.number(len(regions), "region of an account", "regions of accounts")]
        if regions
        else []
    )
    return " and ".join(said)


def reasons(some: Sequence[Gap]) -> str:
    """Why, the most frequent first."""
    # a resource has a row a scan type
    places = {(one.account_id, one.region, one.what): one for one in reversed(some)}
    counted = Counter(
        _CELLS.get(one.reason, one.reason) if one.whole else explain(one.reason)
        for one in places.values()
    )
    said = [f"{escaped(cell(why))} ({count:,})" for why, count in counted.most_common(_SHOWN)]
    return ", ".join(said) + (" …" if len(counted) > _SHOWN else "")
