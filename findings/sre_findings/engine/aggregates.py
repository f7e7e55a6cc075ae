"""Rollups and ages counted from Parquet: what the scan writes into the table, and what answers
where the table has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope, resource_scope

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine
    from sre_findings.model.resources.resource import Resource
    from sre_findings.model.sla.ages import Ages, Bucket

EVERY: dict[str, Any] = dict.fromkeys(
    ("owners", "resource_id", "resource_type", "account_id", "region", "count")
)
"""The parameters of ``by_resource`` for all of it."""


def rollups(engine: Engine, owners: Sequence[str] = ()) -> dict[Scope, Rollup]:
    """Every scope's rollup, of some owners or of all. The organization has one even without any
    finding."""
    some = list(owners) or None
    held = {Scope(ORGANIZATION): Rollup()}
    held |= {
        Scope(row["kind"], row["value"]): Rollup.counted(row)
        for row in engine.rows("rollups", owners=some)
    }
    for row in engine.rows("by_resource", **EVERY | {"owners": some}):
        held[
            resource_scope(row["account_id"], row["region"], row["resource_type"], row["value"])
        ] = Rollup.counted(row)
    flows: dict[Scope, dict[str, int]] = {}
    for row in engine.rows("flows", owners=some):
        flows.setdefault(Scope(row["kind"], row["value"]), {})[row["word"]] = int(row["count"])
    return held | {
        scope: replace(held.get(scope, Rollup()), flow=flow) for scope, flow in flows.items()
    }


def of_resource(engine: Engine, one: Resource) -> Rollup:
    """What one resource holds; zeroes where that is nothing. Without the night's flow."""
    names = ("resource_id", "resource_type", "account_id", "region")
    rows = engine.rows("by_resource", **EVERY | {name: getattr(one, name) for name in names})
    return Rollup.counted(rows[0]) if rows else Rollup()


def ages(engine: Engine, owners: Sequence[str] = ()) -> dict[Scope, Ages]:
    """How old the open findings of every scope are, but of single resources."""
    from sre_findings.model.sla.ages import Bucket, bucketed

    buckets: dict[Scope, list[tuple[Bucket, int]]] = {}
    for row in engine.rows("ages", owners=list(owners) or None):
        bucket = Bucket(int(row["severity_rank"]), row["opened_on"], row["kev_due"] or "")
        buckets.setdefault(Scope(row["kind"], row["value"]), []).append(
            (bucket, int(row["findings"]))
        )
    return {scope: bucketed(pairs) for scope, pairs in buckets.items()}


def resource_ages(engine: Engine, resource_ids: Sequence[str]) -> dict[tuple[str, str, str], Ages]:
    """The same of single resources, by id, account and region; one without open findings is not
    there."""
    from sre_findings.model.sla.ages import Bucket, bucketed

    buckets: dict[tuple[str, str, str], list[tuple[Bucket, int]]] = {}
    for row in engine.rows("resource_ages", resources=list(resource_ids)) if resource_ids else ():
        bucket = Bucket(int(row["severity_rank"]), row["opened_on"], row["kev_due"] or "")
        buckets.setdefault((row["resource_id"], row["account_id"], row["region"]), []).append(
            (bucket, int(row["findings"]))
        )
    return {place: bucketed(pairs) for place, pairs in buckets.items()}
