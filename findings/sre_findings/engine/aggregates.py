"""Rollups and ages computed from Parquet.

The scan writes them to the table. They are also used for queries that the table cannot answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope, resource_scope
from sre_findings.model.sql_parameters import parameters, resource_parameters

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine
    from sre_findings.model.resources.resource import Resource
    from sre_findings.model.sla.ages import Ages, Bucket

EVERY: dict[str, Any] = dict.fromkeys(
    ("owners", "resource_id", "resource_type", "account_id", "region", "count")
)
"""The parameters of ``by_resource`` without any filter."""


def rollups(engine: Engine, owners: Sequence[str] = ()) -> dict[Scope, Rollup]:
    """Returns the rollup of every scope, restricted to some owners if given.

    The organization always has a rollup, even without findings.
    """
    some = parameters(owners=owners)
    held = {Scope(ORGANIZATION): Rollup()}
    held |= {
        Scope(row["kind"], row["value"]): Rollup.counted(row)
        for row in engine.rows("rollups", **some)
    }
    from sre_findings.engine.shared_findings import later_rollups  # not for queries of the table

    for scope, more in later_rollups(engine, owners).items():
        held[scope] = held.get(scope, Rollup()) + more
    for row in engine.rows("by_resource", **EVERY | some):
        held[
            resource_scope(row["account_id"], row["region"], row["resource_type"], row["value"])
        ] = Rollup.counted(row)
    flows: dict[Scope, dict[str, int]] = {}
    for row in engine.rows("opened_and_resolved", **some):
        flows.setdefault(Scope(row["kind"], row["value"]), {})[row["word"]] = int(row["count"])
    return held | {
        scope: replace(held.get(scope, Rollup()), flow=flow) for scope, flow in flows.items()
    }


def of_resource(engine: Engine, one: Resource) -> Rollup:
    """Returns the rollup of one resource, without a flow. Without findings it has zeroes."""
    rows = engine.rows("by_resource", **EVERY | resource_parameters(one))
    return Rollup.counted(rows[0]) if rows else Rollup()


def ages(engine: Engine, owners: Sequence[str] = ()) -> dict[Scope, Ages]:
    """Returns the ages of the open findings of every scope, except single resources."""
    from sre_findings.model.sla.ages import Bucket, bucketed

    buckets: dict[Scope, list[tuple[Bucket, int]]] = {}
    for row in engine.rows("ages", **parameters(owners=owners)):
        bucket = Bucket(int(row["severity_rank"]), row["opened_on"], row["kev_due"] or "")
        buckets.setdefault(Scope(row["kind"], row["value"]), []).append(
            (bucket, int(row["findings"]))
        )
    from sre_findings.engine.shared_findings import later_ages

    for scope, bucket in later_ages(engine, owners):
        buckets.setdefault(scope, []).append((bucket, 1))
    return {scope: bucketed(pairs) for scope, pairs in buckets.items()}


def resource_ages(engine: Engine, resource_ids: Sequence[str]) -> dict[tuple[str, str, str], Ages]:
    """Returns the ages of the open findings of single resources.

    The keys are resource ID, account and region. Resources without open findings are omitted.
    """
    from sre_findings.model.sla.ages import Bucket, bucketed

    buckets: dict[tuple[str, str, str], list[tuple[Bucket, int]]] = {}
    for row in engine.rows("resource_ages", resources=list(resource_ids)) if resource_ids else ():
        bucket = Bucket(int(row["severity_rank"]), row["opened_on"], row["kev_due"] or "")
        buckets.setdefault((row["resource_id"], row["account_id"], row["region"]), []).append(
            (bucket, int(row["findings"]))
        )
    return {place: bucketed(pairs) for place, pairs in buckets.items()}
