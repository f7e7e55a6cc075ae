"""Exposure: the resources that a vulnerability or a package affects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, LiteralString

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.nicknames import id_of
from sre_findings.model.findings.package_names import Matched, matching
from sre_findings.model.findings.reachability import left_out
from sre_findings.model.quantity import quantity
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.spelling import near
from sre_findings.model.text import Text, joined, phrase
from sre_findings.model.timestamps import iso
from sre_findings.queries.summary import unsure
from sre_findings.questions.filters import Filters
from sre_findings.questions.remediation import Exposure
from sre_findings.rows.values import in_kev, time_of
from sre_findings.sources.places import place_of, within
from sre_findings.sources.resource_labels import resource_labels
from sre_findings.sources.sources import Found, Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.engine.catalogue import Engine
    from sre_findings.model.answers.exposure import Exposed, ExposureAnswer, ExposureFacts

_FIELDS = (
    "severity",
    "vulnerability_id",
    "status",
    "resource_id",
    "resource_name",
    "resource_type",
    "account_id",
    "region",
    "owner",
    "package",
    "installed",
    "fixed_in",
    "fix_available",
    "reachability",
    "reachability_reason",
    "first_observed_at",
    "title",
    "finding_arn",
    "kev",
)
_SHOWN = (
    Shown("severity", "Severity", "severity"),
    Shown("vulnerability_id", "Vulnerability"),
    Shown("kev", "KEV", "mark"),
    Shown("resource", "Resource", "wide"),
    Shown("owner", "Owner"),
    Shown("package", "Package"),
    Shown("installed", "Installed"),
    Shown("fixed_in", "Fixed in"),
)
LONGEST = 1024
NAMED = 10  # package names in a note
_ID = re.compile(r"(cve|ghsa)-", re.IGNORECASE)


def where(question: Exposure, sources: Sources) -> ExposureAnswer:
    """Every finding of a vulnerability or of the packages that a text names.

    A well-known name of a vulnerability, such as Log4Shell, means its ID if no package has it.
    If there are none, the headline has the number of scanned resources, and of those that are not.
    Raises UsageError if the text is empty or too long.
    """
    text = checked_text(question.text)
    found = find(sources, question.as_of)
    found = within(found, place_of(question.filters))
    known = [row["name"] for row in found.engine.rows("package_names")]
    matched = matching(text, known)
    known_as = [] if matched.names or not (named := id_of(text)) else [named]
    wanted = question.filters.parameters() | {
        "text": known_as[0] if known_as else text,
        "names": list(matched.names),
        "reachable": question.reachable,
    }
    (counts,) = found.engine.rows("exposure_total", **wanted)
    total = counts["open_findings"] + counts["suppressed_findings"]
    rows = found.engine.rows("exposure", count=question.count or None, **wanted) if total else []
    every = counts["all_findings"]
    summary: ExposureFacts = {
        "text": text,
        "matched": list(matched.names),
        "resources": counts["open_resources"],
        "open": counts["open_findings"],
        "suppressed": counts["suppressed_findings"],
    }
    notes = [
        *(phrase("{} is {}.", text, one) for one in known_as),
        *_left_out(counts, total),
        *_names(text, matched),
    ]
    if total:
        headline = _headline(question, text, counts)
    elif every:
        headline = phrase(
            "{}{}: none of {:,} findings is known to be reachable.",
            text,
            question.filters.words(),
            every,
        )
    else:
        headline = not_found(known_as[0] if known_as else text, question.filters, found)
        notes += [] if known_as else _near(text, known)
    counted = not every and not question.filters.accounts and not question.filters.regions
    notes += _caveats(found, 0 if counted else unsure(found).uncovered)
    return ListAnswer(
        headline,
        "findings",
        labelled([_item(row) for row in rows], found.engine),
        total,
        _FIELDS,
        _SHOWN,
        found.proof,
        summary,
        notes,
    )


def labelled(items: Sequence[Exposed], engine: Engine) -> list[Exposed]:
    """The findings, each with the label of its resource."""
    labels = resource_labels(items, engine)
    return [{**one, "resource": label} for one, label in zip(items, labels, strict=True)]


def checked_text(text: str) -> str:
    """The text without spaces around it. Raises UsageError if it is empty or too long."""
    if not 0 < len(text.strip()) <= LONGEST:
        raise UsageError(
            phrase("a vulnerability or a package has 1 to 1,024 characters"),
            do=phrase("Example: CVE-2021-44228, or openssl."),
        )
    return text.strip()


def _left_out(counts: Mapping[str, Any], total: int) -> Sequence[str]:
    """Notes about what the filter for reachable findings leaves out."""
    every, reached, unreached = (counts[name] for name in ("all_findings", "reached", "unreached"))
    return list(left_out(every - reached - unreached, unreached)) if every > total else []


def not_found(text: str, filters: Filters, found: Found) -> Text:
    """The headline if nothing has the text: over what it looked, and what can still have it."""
    # the counts of resources are by owner
    if filters.accounts or filters.regions:
        return phrase("{} not found in the data that was read{}.", text, filters.words())
    uncovered, doubtful, proven = unsure(found, filters.owners)
    scanned = quantity(proven, "scanned resource") + filters.words()
    return phrase("{} not found in {}{}.", text, scanned, _missing(uncovered, doubtful))


def _missing(uncovered: int, doubtful: int) -> Text:
    """The resources that may have the vulnerability."""
    words = phrase("; {:,} not fully scanned", uncovered) if uncovered else phrase("")
    if doubtful:
        words += phrase("; {:,} not scanned recently, or never", doubtful)
    return words + phrase(": see coverage" if words else "")


def _headline(question: Exposure, text: str, counts: Mapping[str, Any]) -> str:
    only = counts["first_id"] if counts["first_id"] == counts["last_id"] else None
    named = only if only and only.lower() == text.lower() else text
    texts = [_counted_on(kind, counts) for kind in ("open", "suppressed")]
    words = joined(", ", [one for one in texts if one])
    return phrase("{}{}: {}.", named, question.filters.words(), words)


def _counted_on(kind: LiteralString, counts: Mapping[str, Any]) -> str:
    """For example ``290 open findings on 27 resources``; empty if there are none."""
    findings, resources = counts[f"{kind}_findings"], counts[f"{kind}_resources"]
    on = quantity(resources, "resource")
    return phrase("{} on {}", quantity(findings, f"{kind} finding"), on) if findings else ""


def _names(text: str, matched: Matched) -> Iterator[str]:
    """Notes about the matched package names, and those that only contain the text as a word."""
    if matched.names and list(matched.names) != [text]:
        yield phrase("Matched {}: {}.", _counted(matched.names), _some(matched.names))
    if matched.others:
        yield phrase(
            "Not included: {} with this word: {}.", _counted(matched.others), _some(matched.others)
        )


def _counted(names: Sequence[str]) -> str:
    return quantity(len(names), "package name")


def _some(names: Sequence[str]) -> str:
    return joined(", ", names[:NAMED]) + phrase(" …" if len(names) > NAMED else "")


def _near(text: str, known: Sequence[str]) -> Sequence[str]:
    """A note with similar package names. IDs have similar ones too, but they are not meant."""
    close = (
        []
        if _ID.match(text)
        else [name for name in near(text, known) if name.casefold() != text.casefold()]
    )
    return [phrase("Similar names: {}.", joined(", ", close))] if close else []


def _caveats(found: Found, uncovered: int) -> Sequence[str]:
    """Notes about where there can be more: the absence of findings there proves nothing.

    ``uncovered`` is the number of resources that are not fully scanned, 0 if the headline has it.
    """
    resources = quantity(uncovered, "resource")
    notes = [phrase("{} not fully scanned: see coverage.", resources)] if uncovered else []
    return notes + (
        [phrase("The snapshot is partial: there may be findings where nothing was read.")]
        if found.proof.state != COMPLETE
        else []
    )


def _item(row: Mapping[str, Any]) -> Exposed:
    first = time_of(row["first_us"])
    return {
        "severity": row["severity"],
        "vulnerability_id": row["vulnerability_id"] or row["subject"],
        "status": row["status"],
        "resource_id": row["resource_id"],
        "resource_name": row["resource_name"],
        "resource_type": row["resource_type"],
        "account_id": row["account_id"],
        "region": row["region"],
        "owner": row["owner"],
        "package": row["package"],
        "installed": row["installed"],
        "fixed_in": row["fixed_in"],
        "fix_available": row["fix_available"],
        "reachability": row["reachability"],
        "reachability_reason": row["reachability_reason"],
        "first_observed_at": iso(first),
        "title": row["title"],
        "finding_arn": row["finding_arn"],
        "kev": in_kev(row),
        "resource": row["resource_name"] or row["resource_id"],
    }
