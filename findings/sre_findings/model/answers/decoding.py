"""Rebuilds answers from their JSON, as a server sends it: the reverse of ``to_json``.

All clients therefore render the same. The server can have another version: a missing field raises
KeyError, and an unknown field is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sre_findings.model.answers.answer import (
    CoverageAnswer,
    Group,
    Proof,
    ResourceAnswer,
    SummaryAnswer,
)
from sre_findings.model.answers.verdict import Verdict
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.resources.image_use import Use
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.partial_reasons import from_json
from sre_findings.model.snapshots.rollup import Counts, Rollup

if TYPE_CHECKING:  # importing them takes 5 ms and is only needed for some answers
    from sre_findings.model.answers.list_answer import AnyListAnswer
    from sre_findings.model.answers.list_types import Keys
    from sre_findings.model.resources.aws_context import CallResult, Cluster, Context

T = TypeVar("T")
Values = Mapping[str, Any]


def proof(values: Values) -> Proof:
    """The provenance of an answer."""
    certificate = values["certificate"] or {"state": None, "claim": "", "reasons": ()}
    return Proof(
        source=values["source"], snapshot_id=values["snapshot_id"], as_of=moment(values["as_of"]),
        age_seconds=values["age_seconds"], state=certificate["state"], claim=certificate["claim"],
        causes=from_json(certificate), too_old=values["too_old"],
        unread=tuple(values["unread"]),
    )  # fmt: skip


def resource_answer(values: Values) -> ResourceAnswer:
    """The answer for one resource."""
    return ResourceAnswer(
        resource=_resource(values),
        verdict=_verdict(values),
        rollup=_rollup(values),
        coverage=[_coverage(row) for row in values["coverage"]],
        findings=[finding(one) for one in values["findings"]],
        total_findings=values["total_findings"],
        next_cursor=values["next_cursor"],
        proof=proof(values),
        incomplete=values["incomplete"],
        account_name=values["account_name"] or "",
        filters=values["filters"],
        context=None if values["context"] is None else context_of(values["context"]),
        accepted=values["accepted"],
        live_error=values["live_error"] or "",
        use=_use(values["in_use"]),
        exposed=values["exposed"],
        overdue=values["overdue"],
        claims_known=bool(values.get("claims_known")),  # an older server does not have it
    )


def summary_answer(values: Values) -> SummaryAnswer:
    """The summary, with its groups."""
    groups = [
        Group(one["value"] or "", one["name"] or "", _rollup(one))
        for one in values.get("groups", ())
    ]
    return SummaryAnswer(
        _verdict(values),
        _rollup(values),
        values["not_scanned"],
        proof(values),
        values.get("by"),
        groups,
        doubtful=values["doubtful"],
    )


def coverage_answer(values: Values) -> CoverageAnswer:
    """The coverage answer."""
    cells = [Gap(**cell) for cell in values["cells"]]
    return CoverageAnswer(
        values["scanned"], [_coverage(row) for row in values["gaps"]], cells, proof(values)
    )


_OWN = (
    "schema_version",
    "headline",
    "notes",
    "source",
    "snapshot_id",
    "as_of",
    "age_seconds",
    "too_old",
    "certificate",
    "unread",
    "known",
)


def list_answer(values: Values, layout: Values, keys: Keys) -> AnyListAnswer:
    """A list answer. ``layout`` is the result of :func:`layout_of`.

    ``keys`` are the keys that the query's answer must have. Raises KeyError if an item, or the
    numbers beside the list, lack one.
    """
    from sre_findings.model.answers.list_answer import ListAnswer, Shown

    name = layout["name"]
    left_out = {*_OWN, name, f"total_{name}"}
    for item in values[name]:
        _complete(item, keys.item)
    summary = {key: value for key, value in values.items() if key not in left_out}
    if values["known"] or summary:  # without a snapshot there are no numbers
        _complete(summary, keys.facts)
    return ListAnswer(
        headline=values["headline"],
        name=name,
        items=values[name],
        total=values[f"total_{name}"],
        fields=tuple(layout["fields"]),
        shown=tuple(Shown(*one) for one in layout["shown"]),
        proof=proof(values),
        summary=summary or None,
        notes=tuple(values["notes"]),
        known=values["known"],
    )


def _complete(values: Values, keys: frozenset[str]) -> None:
    if missing := keys - values.keys():
        raise KeyError(min(missing))


def layout_of(answer: AnyListAnswer) -> dict[str, Any]:
    """The fields of a list answer that its JSON lacks, for :func:`list_answer`."""
    return {
        "name": answer.name,
        "fields": list(answer.fields),
        "shown": [list(one) for one in answer.shown],
    }


def finding(values: Values) -> Finding:
    """One finding."""
    times = {name: moment(values[name]) for name in ("first_observed_at", "last_observed_at")}
    days = {name: _day(values.get(name)) for name in ("kev_due", "exploit_observed", "due")}
    plain = {name: value for name, value in values.items() if name in Finding.__dataclass_fields__}
    return Finding(
        **{
            **plain,
            **times,
            **days,
            "packages": tuple(Package(**one) for one in values["packages"]),
        }
    )


def moment(text: str | None) -> datetime | None:
    """Parses a time in an answer; None stays None."""
    return None if text is None else datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _resource(values: Values) -> Resource:
    names = ("resource_id", "resource_type", "account_id", "region", "name")
    return Resource(*(values[name] or "" for name in names))


def _use(values: Values | None) -> Use | None:
    return Use(values["in_use_count"], moment(values["last_in_use_at"])) if values else None


def _verdict(values: Values) -> Verdict:
    return Verdict(
        values["verdict"],
        values["reason"],
        values["explanation"],
        tuple(values["notes"]),
        values["doubt"] or "",
    )


def _rollup(values: Values) -> Rollup:
    """The counts. ``kev`` is None if nothing was checked, which ``unchecked`` shows too."""
    numbers = {name: values[name] for name in ("suppressed", "fixable", "exploitable")}
    return Rollup(
        Counts.from_json(values["counts"]),
        **numbers,
        resources=values.get("resources", 0),
        kev=values["kev"] or 0,
        unchecked=values["kev_unchecked"],
    )


def _coverage(row: Values) -> Coverage:
    return Coverage(
        row["resource_id"],
        row["resource_type"],
        row["account_id"],
        row["region"],
        row["scan_type"],
        row["status"],
        row["reason"],
        row["scan_mode"],
        moment(row["last_scanned_at"]),
        row["name"] or "",
    )


def context_of(values: Values) -> Context:
    """The live context of a resource."""
    from sre_findings.model.resources import aws_context

    parts = {
        "instance": aws_context.Instance,
        "patches": aws_context.PatchState,
        "agent": aws_context.Agent,
        "cpu": aws_context.Cpu,
    }
    parsed: dict[str, Any] = {
        name: _call_result(values[name], kind) for name, kind in parts.items()
    }
    parsed["clusters"] = _clusters(values["clusters"])
    return aws_context.Context(
        values["account_id"] or "",
        values["region"] or "",
        **parsed,
        remarks=tuple(map(aws_context.Note, values["notes"])),
    )


def _clusters(values: Values) -> CallResult[Sequence[Cluster]]:
    """The clusters, the only part that is a list."""
    from sre_findings.model.resources import aws_context

    found = [
        _call_result({**values, "value": one}, aws_context.Cluster).value
        for one in values["value"] or ()
    ]
    result = _call_result({**values, "value": None}, aws_context.Cluster)
    return aws_context.CallResult(
        result.source,
        result.asked_at,
        result.checked,
        tuple(one for one in found if one) or None,
        result.note,
    )


def _call_result(values: Values, kind: type[T]) -> CallResult[T]:
    inner = values["value"]
    value = (
        None if inner is None else kind(**{name: _value(name, one) for name, one in inner.items()})
    )
    from sre_findings.model.resources.aws_context import CallResult, Note

    note = Note(values["note"]) if values["note"] else None
    return CallResult(values["source"], moment(values["asked_at"]), values["checked"], value, note)


def _value(name: str, value: Any) -> Any:
    if name.endswith("_at") or name == "since":
        return moment(value)
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
