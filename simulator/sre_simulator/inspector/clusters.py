"""GetClustersForImage: the clusters that run an image, generated from the use in its coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sre_simulator.randomness import Dice

if TYPE_CHECKING:
    from collections.abc import Iterable

Wire = dict[str, Any]


def clusters(resource_id: str, covered: Iterable[Wire]) -> list[Wire]:
    """Returns the clusters of an image, or of all images of a repository.

    There are none if no task and no pod runs it.
    """
    rows = [
        row
        for row in covered
        if row["resourceId"] == resource_id or row["resourceId"].startswith(f"{resource_id}/")
    ]
    return [cluster for row in rows for cluster in _of_image(row)]


def _of_image(row: Wire) -> list[Wire]:
    use = row["resourceMetadata"].get("ecrImage", {})
    units = use.get("inUseCount", 0)
    if not units:
        return []
    in_ecs = units - units // 3
    return [_ecs(row, use, in_ecs), *([_eks(row, use, units // 3)] if units // 3 else [])]


def _ecs(row: Wire, use: Wire, units: int) -> Wire:
    prefix, name = _place(row, "ecs"), row["resourceId"].split("/")[-2]
    metadata = {
        "detailsGroup": f"service:{name}",
        "taskDefinitionArn": f"{prefix}:task-definition/{name}:{units}",
    }
    return _cluster(f"{prefix}:cluster/services", use, units, {"awsEcsMetadataDetails": metadata})


def _eks(row: Wire, use: Wire, units: int) -> Wire:
    workload = {"name": row["resourceId"].split("/")[-2], "type": "Deployment"}
    metadata = {"namespace": "default", "workloadInfoList": [workload]}
    return _cluster(
        f"{_place(row, 'eks')}:cluster/platform", use, units, {"awsEksMetadataDetails": metadata}
    )


def _place(row: Wire, service: str) -> str:
    _, partition, _, region, account, *_ = row["resourceId"].split(":")
    return f"arn:{partition}:{service}:{region}:{account}"


def _cluster(arn: str, use: Wire, units: int, metadata: Wire) -> Wire:
    stopped = Dice("stopped", arn, units).below(2)
    detail = {
        "lastInUse": use["lastInUseAt"],
        "runningUnitCount": units,
        "stoppedUnitCount": stopped,
    }
    return {"clusterArn": arn, "clusterDetails": [detail | {"clusterMetadata": metadata}]}
