"""A SARIF rule for each vulnerability, with help and its highest Inspector score."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from sre_findings.model.findings.severity import rank
from sre_reports.formats.finding_fields import (
    Row,
    packages,
    what,
)
from sre_reports.formats.json_values import (
    mapping,
    number,
    part,
    present,
    web_address,
    word,
    words,
)
from sre_reports.formats.spool import Spool, with_more
from sre_reports.plain_text import shortened, visible

_LONGEST = 1024  # characters of a description: GitHub's limit
# By severity rank. The last two are untriaged and unknown.
_LEVELS = ("error", "error", "warning", "note", "note", "warning", "warning")
_KEV = "It is in CISA's catalog of known exploited vulnerabilities."
_TAGS = ("security", "vulnerability")
_TITLE = 120  # characters of a rule's title after its id: code scanning shows about one line
_SENTENCE = re.compile(r"(?<=[^.\s]{2}\.)\s")  # after a full stop, but not one of an initial
_PLACE, _LINK = re.compile(r"\{(\d+)\}"), re.compile(r"\]\(")


def level(severity: str | None) -> str:
    """Returns the SARIF level of a severity.

    Untriaged findings are not notes, because they can be of any severity.
    """
    return _LEVELS[rank(severity)]


def message(text: str) -> str:
    """Returns text from outside as a SARIF message.

    Placeholders, links and invisible characters are removed.
    """
    return _LINK.sub("] (", _PLACE.sub(r"{{\1}}", visible(text)))


class Rules:
    """The rules so far.

    Memory holds an id and a score of each; the rest is spooled.
    """

    def __init__(self) -> None:
        self._spool = Spool()
        self._places: dict[str, int] = {}
        # Score and severity rank. Greater is worse.
        self._worst: list[tuple[float, int]] = []

    def __enter__(self) -> Rules:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.__exit__(kind, error, trace)

    @property
    def count(self) -> int:
        """The number of rules."""
        return len(self._worst)

    def of(self, row: Row) -> tuple[str, int]:
        """Returns the id and index of the row's rule."""
        rule_id = _id(row)
        place = self._places.get(rule_id)
        if place is None:
            place = self._places[rule_id] = self._spool.add(_rule(rule_id, row))
            self._worst.append((-1.0, -99))
        score, severity = self._worst[place]
        self._worst[place] = (
            max(score, number(row["inspector_score"]) or -1.0),
            max(severity, -rank(row["severity"])),
        )
        return rule_id, place

    def lines(self) -> Iterator[bytes]:
        """Yields each rule as JSON, in the order of its index."""
        for line, (score, severity) in zip(self._spool.lines(), self._worst, strict=True):
            properties: dict[str, Any] = {"tags": _TAGS}
            if score >= 0:
                properties["security-severity"] = f"{score:.1f}"
            yield with_more(
                line,
                {"defaultConfiguration": {"level": _LEVELS[-severity]}, "properties": properties},
            )


def _id(row: Row) -> str:
    """Returns the id of a rule.

    It is the vulnerability, the detector of a code finding, or the finding type.
    """
    detector = mapping(row["code_details"])
    named = (
        None
        if row["vulnerability_id"]
        else word(detector.get("detectorId")) or word(detector.get("detectorName"))
    )
    return visible(named or what(row))


def _rule(rule_id: str, row: Row) -> dict[str, Any]:
    wire, code = mapping(row["vulnerability_details"]), mapping(row["code_details"])
    description = message(row["description"] or "").strip()
    of_kind = (row["type"] or "Finding").replace("_", " ").capitalize()
    named = rule_id if row["vulnerability_id"] else word(code.get("detectorName")) or of_kind
    short = _title(named, description)
    return {
        "id": rule_id,
        **present(name=_name(of_kind)),
        "shortDescription": {"text": shortened(message(short), _LONGEST)},
        "fullDescription": {"text": shortened(description or message(short), _LONGEST)},
        "help": {"text": _help(row, description)},
        **present(helpUri=web_address(wire.get("sourceUrl"))),
    }


def _title(named: str, description: str) -> str:
    """Returns the name of the rule with the first sentence of its description."""
    first = _SENTENCE.split(description, maxsplit=1)[0].rstrip(".")
    return f"{named}: {shortened(first, _TITLE)}" if first and first != named else named


def _name(kind: str) -> str:
    """Returns the kind of finding in Pascal case, as SARIF names rules."""
    return "".join(part.capitalize() for part in kind.split() if part.isalnum())


def _help(row: Row, description: str) -> str:
    """Returns the help text: description, remediation, KEV and links."""
    wire, code = mapping(row["vulnerability_details"]), mapping(row["code_details"])
    advice = part(mapping(row["remediation"]), "recommendation").get("text")
    fixes = dict.fromkeys(
        text for one in packages(row["packages"]) if (text := word(one.wire.get("remediation")))
    )
    links = dict.fromkeys((*words(wire.get("referenceUrls")), *words(code.get("referenceUrls"))))
    parts = [
        description,
        *([word(advice) or ""] if advice != "None Provided" else []),
        *fixes,
        *([_KEV] if row["kev"] else []),
        *links,
    ]
    return "\n".join(message(one) for one in parts if one) or what(row)
