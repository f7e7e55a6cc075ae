"""The claims of open findings, with those that have lapsed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.findings.claim import Claim, ClaimKey
from sre_findings.model.quantity import quantity
from sre_findings.model.text import Text, phrase
from sre_findings.queries.claims.items import FIELDS, SHOWN, item, recorded
from sre_findings.questions.claims import Claims
from sre_findings.sources.resource_labels import resource_labels
from sre_findings.sources.sources import Found, Sources, find
from sre_findings.store.records import claims as kept

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.claims import ClaimItem, ClaimsAnswer


def claims(question: Claims, sources: Sources) -> ClaimsAnswer:
    """The claims of open findings that the caller may see, those that end first at the top.

    Claims of findings that are not in the snapshot are unknown if not everything was read, and
    otherwise done: those are left out. With restricted access, so are the unknown ones.
    """
    found, today = find(sources, None), sources.now().date()
    every = [one for one in kept.read(sources.stores.table) if one.is_kept(today)]
    states = _states(every, found, sources, today)
    some = sorted(states.items(), key=lambda pair: (pair[0].until, pair[0].key.vulnerability_id))
    plain = [item(one, state) for one, state in some]
    labels = resource_labels(plain, found.engine)
    items: list[ClaimItem] = [
        {**one, "resource": label} for one, label in zip(plain, labels, strict=True)
    ]
    count = Counter(states.values())
    # without a claim, the table alone proves that there is none
    proof = found.proof if items or not sources.caller.access.everything else recorded(sources)
    return ListAnswer(
        _headline(count),
        "claims",
        items[: question.count or None],
        len(items),
        FIELDS,
        SHOWN,
        proof,
        {"lapsed": count["lapsed"]},
    )


def _headline(count: Mapping[str, int]) -> Text:
    if not count:
        return phrase("No finding is claimed.")
    words = phrase("{} live, {:,} lapsed.", quantity(count["live"], "claim"), count["lapsed"])
    if count["unknown"]:
        words += phrase(" {:,} of findings that the snapshot does not show.", count["unknown"])
    return words


def _states(
    every: Sequence[Claim], found: Found, sources: Sources, today: date
) -> dict[Claim, str]:
    """The state of each claim that is listed."""
    shown = open_findings(found, [one.key for one in every])
    unknown = sources.caller.access.everything and not found.proof.sure
    states: dict[Claim, str] = {}
    for one in every:
        if one.key in shown:
            states[one] = "live" if one.is_live(today) else "lapsed"
        elif unknown:
            states[one] = "unknown"
    return states


def open_findings(found: Found, keys: Sequence[ClaimKey]) -> Mapping[ClaimKey, Mapping[str, Any]]:
    """Those of the findings that are open and that the caller may see, with their rows."""
    if not keys:
        return {}
    rows = found.engine.rows(
        "claimed_findings",
        vulnerabilities=sorted({one.vulnerability_id.lower() for one in keys}),
        resources=sorted({one.resource_id for one in keys}),
    )
    return {key_of(row): row for row in rows}


def key_of(row: Mapping[str, Any]) -> ClaimKey:
    """The finding of a row of ``claimed_findings``."""
    return ClaimKey(row["account_id"], row["region"], row["resource_id"], row["vulnerability_id"])
