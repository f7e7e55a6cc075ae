"""The answers about single resources and their vulnerabilities, as text for a terminal.

See ``sentences`` for ``width`` and ``colour``.
"""

from __future__ import annotations

from collections.abc import Iterator

from sre_cli.render.list_answer import headline, rows_and_proof
from sre_cli.render.resource import place_lines
from sre_cli.render.sentences import text_of
from sre_findings.model.answers.differences import DifferencesAnswer, Side
from sre_findings.model.answers.life import LifeAnswer, LifeFacts
from sre_findings.model.resources.resource import Resource


def render_life(answer: LifeAnswer, width: int | None, colour: int) -> str:
    """Returns the headline, the resource with its place, the events and the provenance."""
    places = [answer.summary] if answer.summary else []
    return text_of(_lines(answer, places, width, colour))


def render_differences(answer: DifferencesAnswer, width: int | None, colour: int) -> str:
    """Returns the headline, both resources, what they differ in, and the provenance."""
    places = [answer.summary["first"], answer.summary["second"]] if answer.summary else []
    return text_of(_lines(answer, places, width, colour))


def _lines(
    answer: LifeAnswer | DifferencesAnswer,
    places: list[LifeFacts] | list[Side],
    width: int | None,
    colour: int,
) -> Iterator[str]:
    yield from headline(answer, width, colour)
    for facts in places:
        yield from place_lines(_resource(facts), "", width, colour)
    yield from rows_and_proof(answer, width, colour)


def _resource(facts: LifeFacts | Side) -> Resource:
    return Resource(
        facts["resource_id"],
        facts["resource_type"],
        facts["account_id"],
        facts["region"],
        facts["resource_name"] or "",
    )
