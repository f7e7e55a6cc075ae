"""Clean, complete and passed only with proof."""

from __future__ import annotations

from collections.abc import Iterator

from tests.worlds.check import (
    Check,
    Untruth,
    number,
    shown,
    tolerated,
)
from tests.worlds.truth import PROOF, Night, Place, Scope
from tests.worlds.world import SEVERITIES


def completeness(check: Check) -> Iterator[Untruth]:
    """Complete only if everything was read."""
    night = check.night
    unread = [cell for cell in night.unread(Scope()) if not tolerated(night, cell)]
    if check.commit.state == "complete" and unread:
        yield check.untruth(
            "complete though unread", "the snapshot", "complete", f"not read: {shown(unread)}"
        )
    # Gaps are what every answer takes its doubt from.
    for cell in night.unread(Scope()):
        if not {(cell.account, cell.region), ("*", cell.region)} & check.gaps:
            yield check.untruth(
                "no gap though unread", "the gaps of the snapshot", check.gaps, f"not read: {cell}"
            )
            break


def verdict(
    check: Check, scope: Scope, question: object, word: str, sure: bool
) -> Iterator[Untruth]:
    """Clean only with proof."""
    if word == "vulnerable" and not number(check.night.counts(scope, "ACTIVE", "SUPPRESSED")):
        yield check.untruth("vulnerable without findings", question, word, "none")
    if word != "clean":
        return
    yield from proof(check, scope, question, "clean")


def proof(check: Check, scope: Scope, question: object, word: str) -> Iterator[Untruth]:
    night = check.night
    if hidden := check.hidden(scope):
        yield check.untruth(
            f"{word} though open", question, word, f"{len(hidden)} open: {hidden[0]}"
        )
    if unread := night.unread(scope):
        yield check.untruth(f"{word} though unread", question, word, f"not read: {shown(unread)}")
    if unproven := [place for place in night.places(scope) if not night.proven(place)]:
        yield check.untruth(
            f"{word} though not scanned",
            question,
            word,
            f"not proven: {unproven[0]} {why_not(night, unproven[0])}",
        )
    if not night.places(scope):
        yield check.untruth(
            f"{word} though nothing is there", question, word, "no resource is scanned"
        )


def why_not(night: Night, place: Place) -> str:
    rows = [
        (row["scanType"], row["scanStatus"], row.get("lastScannedAt"))
        for row in night.rows.get(place, ())
    ]
    cells = {cell.scan: how for cell, how in night.cells.items() if cell[:3] == place[:3]}
    return f"coverage {rows}, cells {cells}, proof {PROOF.get(place.type)}"


def passed(check: Check, scope: Scope, question: str, gate: str) -> Iterator[Untruth]:
    """A gate passes only where the absence of worse is known."""
    worse = (*SEVERITIES[: SEVERITIES.index(gate.upper()) + 1], "UNTRIAGED", "APOCALYPTIC")
    night = check.night
    if hidden := check.hidden(scope, worse, ("ACTIVE",)):
        yield check.untruth("a gate passes though open", question, "exit 0", hidden[0])
    if unread := night.unread(scope):
        yield check.untruth(
            "a gate passes though unread", question, "exit 0", f"not read: {shown(unread)}"
        )
    if unproven := [place for place in night.places(scope) if not night.proven(place)]:
        yield check.untruth(
            "a gate passes though not scanned",
            question,
            "exit 0",
            f"{unproven[0]} {why_not(night, unproven[0])}",
        )
