"""The context of a resource from the JSON of its answer: the part of ``received`` that few answers
have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sre_findings.model import context
from sre_findings.model.context import Context, Told
from sre_findings.model.received import Values, moment

T = TypeVar("T")


def context_of(values: Values) -> Context:
    """What AWS says of a resource."""
    parts = {
        "instance": context.Instance,
        "patches": context.PatchState,
        "agent": context.Agent,
        "cpu": context.Cpu,
    }
    said: dict[str, Any] = {name: _told(values[name], kind) for name, kind in parts.items()}
    said["clusters"] = _clusters(values["clusters"])
    return Context(
        values["account_id"] or "", values["region"] or "", **said, remarks=tuple(values["notes"])
    )


def _clusters(values: Values) -> Told[Sequence[context.Cluster]]:
    """The one part that is a list."""
    found = [
        _told({**values, "value": one}, context.Cluster).value for one in values["value"] or ()
    ]
    told = _told({**values, "value": None}, context.Cluster)
    return Told(
        told.source,
        told.asked_at,
        told.checked,
        tuple(one for one in found if one) or None,
        told.note,
    )


def _told(values: Values, kind: type[T]) -> Told[T]:
    inner = values["value"]
    value = (
        None if inner is None else kind(**{name: _value(name, one) for name, one in inner.items()})
    )
    return Told(
        values["source"], moment(values["asked_at"]), values["checked"], value, values["note"] or ""
    )


def _value(name: str, value: Any) -> Any:
    if name.endswith("_at") or name == "since":
        return moment(value)
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
