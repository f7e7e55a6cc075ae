"""Sentences of a digest: changes and their causes, first scans, coverage gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sre_findings.model.coverage.reasons import explain
from sre_findings.nightly.digest import DigestData, Gap
from sre_findings.sources.claims import CLAIMS_UNKNOWN
from sre_reports import wording
from sre_reports.brief import Brief
from sre_reports.slack.escaping import code, escaped, prose

_SHOWN = 5  # accounts, reasons, claims
_NAME = 80  # characters
_MONDAY = 0
_CELLS = {
    "access_denied": "access denied",
    "disabled": "Inspector is disabled",
    "unreachable": "Inspector did not respond",
}


def changed(found: DigestData, summary: Brief, *, counted: bool) -> Iterator[str]:
    """Yields new and resolved findings with causes, and other changes.

    New KEV entries and new critical findings are among them if ``counted``, and not named
    elsewhere.
    """
    why = resolved_by(found)
    yield f"*{prose(summary.since)}*" + (f" Resolved: {escaped(why)}." if why else "")
    kinds = (
        ("severity_raised", "raised in severity"),
        ("fix_appeared", "with a new fix"),
        ("exploit_appeared", "with a new exploit"),
        ("unsuppressed", "no longer suppressed"),
    )
    more = [f"{count:,} {words}" for kind, words in kinds if (count := found.count(kind))]
    if counted and found.new_kev:
        yield f":rotating_light: *{new_kev(found.new_kev)}.*"
    if counted and (exposed := found.opened_count(severity="CRITICAL", exposed=True)):
        yield f":globe_with_meridians: *{new_exposed(exposed)}.*"
    if more:
        yield f"{wording.capital(', '.join(more))}."


def new_kev(count: int) -> str:
    """Returns ``2 findings added to CISA KEV``."""
    return f"{wording.number(count, 'finding')} added to CISA KEV"


def new_exposed(count: int) -> str:
    """Returns ``2 new critical findings on internet-facing resources``."""
    return f"{wording.number(count, 'new critical finding')} on internet-facing resources"


def resolved_by(found: DigestData) -> str:
    """Returns ``24 patched, 3 terminated``."""
    causes: Counter[str] = Counter()
    for one in found.event_counts:
        if one.kind == "resolved":
            causes[one.cause or "unknown"] += one.events
    words = {"unknown": "unexplained", "not_scanned": "no longer scanned"}
    return ", ".join(
        f"{count:,} {words.get(cause, cause)}" for cause, count in causes.most_common()
    )


def first_seen(found: DigestData) -> Iterator[str]:
    """Yields the resources that were scanned for the first time, by account.

    Their findings are not new.
    """
    some = sorted(found.onboarded, key=lambda one: -one.findings)
    for one in some[:_SHOWN]:
        account = f"{one.name} ({one.account_id})" if one.name else one.account_id
        seen = wording.number(one.resources, "resource")
        held = wording.number(one.findings, "finding")
        yield (
            f":new: First scan of {seen} in account {code(account)}: {held}, not counted as new."
        )
    if rest := some[_SHOWN:]:
        yield (
            f"… and {wording.number(len(rest), 'more account')},"
            f" {wording.number(sum(one.findings for one in rest), 'finding')}."
        )


def gaps(found: DigestData, *, weekly: bool) -> Iterator[str]:
    """Yields how coverage changed; if it did not, the known gaps once a week."""
    if found.opened_gaps:
        yield (
            f":warning: {gap_text(found.opened_gaps)} newly unscanned:"
            f" {reasons(found.opened_gaps)}."
        )
    if found.closed_gaps:
        yield f":white_check_mark: {gap_text(found.closed_gaps)} scanned again or terminated."
    if found.gaps and weekly and not found.opened_gaps:
        yield (
            f":grey_question: {gap_text(found.gaps)} still not scanned: {reasons(found.gaps)}."
            " Findings there are unknown."
        )


def weekly(found: DigestData) -> bool:
    """Returns whether to repeat unchanged coverage gaps.

    They are repeated on Mondays, in weekly digests and in the first digest.
    """
    as_of = found.material.proof.as_of
    first_or_week = found.material.before is None or found.material.days > 1
    return first_or_week or (as_of is not None and as_of.weekday() == _MONDAY)


def gap_text(some: Sequence[Gap]) -> str:
    """Returns ``3 resources and 1 account/region pair``.

    The number of resources in an unread pair is unknown.
    """
    single = {(one.account_id, one.region, one.what) for one in some if not one.whole}
    regions = {(one.account_id, one.region) for one in some if one.whole}
    lines = [wording.number(len(single), "resource")] if single else []
    lines += [wording.number(len(regions), "account/region pair")] if regions else []
    return " and ".join(lines)


def reasons(some: Sequence[Gap]) -> str:
    """Returns the reasons with their counts, most frequent first."""
    # A resource has one row per scan type.
    places = {(one.account_id, one.region, one.what): one for one in reversed(some)}
    counted = Counter(reason(one.reason, whole=one.whole) for one in places.values())
    lines = [f"{why} ({count:,})" for why, count in counted.most_common(_SHOWN)]
    return ", ".join(lines) + (" …" if len(counted) > _SHOWN else "")


def reason(name: str, *, whole: bool) -> str:
    """Returns why a resource, or a ``whole`` account/region pair, is not scanned."""
    if whole:
        return _CELLS[name] if name in _CELLS else code(name)
    return prose(explain(name))


def lapsed(found: DigestData) -> Iterator[str]:
    """Yields the claims that have lapsed while their findings are open, or that this is unknown."""
    if found.lapsed is None:
        yield f":warning: {prose(CLAIMS_UNKNOWN)}."
        return
    for one in found.lapsed[:_SHOWN]:
        resource = one["resource_name"] or one["resource_id"]
        yield (
            f":hourglass: *Claim lapsed*: {code(one['vulnerability_id'], _NAME)} on"
            f" {code(resource, _NAME)} is still open; {code(one['name'], _NAME)} had it until"
            f" {one['until']}."
        )
    if (rest := len(found.lapsed) - _SHOWN) > 0:
        yield f"… and {wording.number(rest, 'more claim')} lapsed: `sre-cli claims` lists them."
