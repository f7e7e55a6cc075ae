"""Sentences that several answers share: the verdict, notes and provenance.

Also wraps them to the terminal. ``width`` is the terminal's width in cells, or None for output that
must not be wrapped or shortened; ``colour`` is a ``terminal.Colour``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sre_cli.render.terminal import printable, styled
from sre_cli.render.wrapping import wrapped
from sre_findings.model.answers.answer import LIVE, Proof
from sre_findings.model.answers.verdict import (
    CLEAN,
    NO_SNAPSHOT,
    NO_SUCH_RESOURCE,
    UNKNOWN,
    Verdict,
)
from sre_reports import wording

_STYLES = {CLEAN: "good", UNKNOWN: "warn"}
_SELF_EVIDENT = (NO_SNAPSHOT, NO_SUCH_RESOURCE)  # reasons that cannot be mistaken for an all-clear


def verdict_lines(verdict: Verdict, width: int | None, colour: int) -> Iterator[str]:
    """Yields the verdict and its explanation. An unknown verdict is marked as no all-clear."""
    headline = wording.headline(verdict)
    yield styled(f"{headline}.", _STYLES.get(verdict.verdict, "bad"), colour)
    if verdict.explanation.lower() not in headline.lower():
        yield from wrapped(sentence(verdict.explanation), width)
    if verdict.verdict == UNKNOWN and verdict.reason not in _SELF_EVIDENT:
        yield from wrapped("This is not an all-clear.", width)


def proof(of: Proof, width: int | None, colour: int, *, hint: str = "") -> Iterator[str]:
    """Yields the reasons why the source is incomplete, if any, then the source with its age.

    ``hint`` is appended to the source when it is a snapshot.
    """
    yield from (
        line
        for reason in wording.doubts(of)
        for line in wrapped(f"Partial: {_terminated(reason)}", width)
    )
    snapshot = of.source != LIVE and of.snapshot_id
    yield from faint(wording.proof_sentence(of) + (hint if snapshot else ""), width, colour)


def notes(every: Iterable[str], width: int | None) -> Iterator[str]:
    """Yields one sentence for each note."""
    yield from (line for note in every for line in wrapped(f"Note: {sentence(note)}", width))


def faint(text: str, width: int | None, colour: int) -> Iterator[str]:
    """Yields the text in a muted style, wrapped."""
    yield from (styled(line, "muted", colour) for line in wrapped(text, width))


def headed(head: str, text: str, width: int | None, colour: int) -> Iterator[str]:
    """Yields a text that begins with ``head``, wrapped, with that part emphasized."""
    first, *rest = wrapped(text, width)
    if first.startswith(head):
        first = styled(head, "strong", colour) + first[len(head) :]
    yield from (first, *rest)


def sentence(text: str) -> str:
    """Returns the text with a capital letter and a full stop."""
    return wording.capital(_terminated(text))


def _terminated(text: str) -> str:
    clean = printable(text).strip()
    return clean if clean.endswith((".", "?", "!")) else f"{clean}."


def text_of(lines: Iterable[str]) -> str:
    """Returns the lines as one text with a final newline."""
    return "\n".join(lines) + "\n"
