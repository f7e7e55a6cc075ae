"""Takes a finding for the caller, or gives it back: the only query that writes."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.errors import Throttled, UsageError
from sre_findings.model.findings.claim import Claim, ClaimKey, parse_until
from sre_findings.model.text import Text, phrase
from sre_findings.queries.claims.claim_list import key_of
from sre_findings.queries.claims.items import FIELDS, item, recorded
from sre_findings.queries.resource_lookup import UnknownResource, resolve_in
from sre_findings.questions.claims import Take
from sre_findings.sources.claims import forget_claims
from sre_findings.sources.sources import Caller, Found, Sources, find
from sre_findings.store.records import claims as kept

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.claims import TakenAnswer

_TRIES = 5  # each fails only if another person has just changed the same claim

Change = Callable[[Claim | None], Claim | None]
"""Returns the claim to write in the place of the present one, or None to change nothing."""


def take(question: Take, sources: Sources) -> TakenAnswer:
    """Writes the claim, and returns it, or the claim of another person, which stays.

    Raises UsageError for a finding that is not open in the newest snapshot, or that the caller may
    not see: the two have the same text.
    """
    found, today = find(sources, None), sources.now().date()
    until = today if question.release else parse_until(question.until, today)
    key, name = _finding(question, found)
    by, shown = person(sources.caller)

    def changed(present: Claim | None) -> Claim | None:
        live = present if present and present.is_live(today) else None
        if live and live.by != by:
            return None
        if question.release:
            return replace(live, released_at=sources.now()) if live else None
        taken_at = live.taken_at if live else sources.now()
        return Claim(key, name, by, shown, until, taken_at)

    before, after = _written(key, changed, sources)
    return _answer(question, before, after, sources)


def person(caller: Caller) -> tuple[str, str]:
    """The identity and the name of the caller; by default of the user of this process."""
    if caller.by:
        return caller.by, caller.name
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user has no name
        user = f"uid {os.getuid()}"
    return f"user:{user}", user


def _finding(question: Take, found: Found) -> tuple[ClaimKey, str]:
    """The open finding, and the name of its resource. Raises UsageError if there is none."""
    missing = UsageError(
        phrase("the newest snapshot has no such open finding that you may see"),
        do=phrase("Check the vulnerability and the resource: sre-cli vulnerabilities lists them."),
    )
    try:
        place = resolve_in(found, question.resource_id)[0]
    except UnknownResource as error:
        raise missing from error
    rows = found.engine.rows(
        "claimed_findings",
        vulnerabilities=[question.vulnerability_id.strip().lower()],
        resources=[place.resource_id],
    )
    for row in rows:
        if (row["account_id"], row["region"]) == (place.account_id, place.region):
            return key_of(row), row["resource_name"] or ""
    raise missing


def _written(key: ClaimKey, changed: Change, sources: Sources) -> tuple[Claim | None, Claim | None]:
    """The claim before, and the one that was written, None if nothing was.

    Raises Throttled if others change the claim again and again.
    """
    table = sources.stores.table
    for _ in range(_TRIES):
        held = kept.held(table, key)
        before = held.claim if held else None
        after = changed(before)
        if after is None or kept.write(table, held, after):
            forget_claims(sources)
            return before, after
    raise Throttled(phrase("others are changing this claim"), do=phrase("Try again."))


def _answer(
    question: Take, before: Claim | None, after: Claim | None, sources: Sources
) -> TakenAnswer:
    held = before if before and before.is_live(sources.now().date()) else None
    shown = after or held
    state = "done" if shown and shown.released_at else "live"
    items = [item(shown, state)] if shown else []
    return ListAnswer(
        _headline(question, held, after),
        "claims",
        items,
        len(items),
        FIELDS,
        (),
        recorded(sources),
        {"done": after is not None},
    )


def _headline(question: Take, held: Claim | None, after: Claim | None) -> Text:
    if shown := after or held:
        what = phrase("{} on {}", shown.key.vulnerability_id, _resource(shown))
    else:
        return phrase("{} on {} is not taken.", question.vulnerability_id, question.resource_id)
    if after is None:
        return phrase("Not changed: {} is taken by {} until {}.", what, shown.name, shown.until)
    if after.released_at:
        return phrase("Released: {}.", what)
    return phrase("Taken: {} is yours until {}.", what, after.until)


def _resource(claim: Claim) -> str:
    return claim.resource_name or claim.key.resource_id
