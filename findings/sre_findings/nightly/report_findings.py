"""The open findings of a snapshot for its report, each with its due date.

Data that many findings share is created once.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sre_findings.engine.catalogue import Engine
from sre_findings.model.findings.finding import Package
from sre_findings.model.findings.open_finding import OpenFinding, Place, Weakness
from sre_findings.model.findings.reachability import REACHABLE
from sre_findings.model.sla.ages import Bucket, due_of
from sre_findings.model.sla.policy import Policy
from sre_findings.model.timestamps import iso_date
from sre_findings.rows.values import packages_of, severity_word

_EVERY = dict.fromkeys(
    ("resource_id", "statuses", "severities", "types", "accounts", "regions", "owners")
) | {"reachable": False}
_weakness_key = itemgetter(
    "region",
    "packages_id",
    "subject",
    "type",
    "title",
    "severity_rank",
    "inspector_score",
    "epss_score",
    "checked",
    "kev_added",
    "kev_due",
    "exploit_available",
    "fix_available",
    "reachability",
)
_place_key = itemgetter(
    "resource_id", "resource_type", "resource_name", "account_id", "region", "owner"
)


def open_findings(
    engine: Engine, policy: Policy, new: Container[str], count: int
) -> Iterator[OpenFinding]:
    """The first ``count`` open findings, highest severity first.

    ``new`` holds the ARNs of findings that were opened since the snapshot compared with.
    """
    lists = {
        (row["region"], row["packages_id"]): row["packages"]
        for row in engine.rows("findings_packages", **_EVERY)
    }
    weaknesses, places, deadlines = _Weaknesses(lists), _Places(), _Deadlines(policy)
    for batch in engine.batches("report_findings", count=count):
        for row in batch:
            due_on = deadlines[row["due_rank"], row["opened_on"] or "", row["kev_due"] or ""]
            yield OpenFinding(
                weaknesses.of(row),
                places.of(row),
                row["opened_on"],
                due_on,
                row["finding_arn"] in new,
            )


class _Deadlines(dict[tuple[int, str, str], str | None]):
    """Due dates by bucket, so that each is computed once.

    A million findings share a few thousand buckets.
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._policy = policy

    def __missing__(self, bucket: tuple[int, str, str]) -> str | None:
        on = due_of(Bucket(*bucket), self._policy).on
        self[bucket] = iso_date(on)
        return self[bucket]


class _Weaknesses:
    """Creates each Weakness once, by the columns that define it."""

    def __init__(self, lists: Mapping[tuple[str, int], str]) -> None:
        self._lists = lists
        self._known: dict[tuple[Any, ...], Weakness] = {}

    def of(self, row: Mapping[str, Any]) -> Weakness:
        key = _weakness_key(row)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = _weakness(
                row, packages_of(self._lists.get((row["region"], row["packages_id"])))
            )
        return known


class _Places:
    """Creates each Place once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Place] = {}

    def of(self, row: Mapping[str, Any]) -> Place:
        key = _place_key(row)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = Place(*(value or "" for value in key))
        return known


def _weakness(row: Mapping[str, Any], packages: Sequence[Package]) -> Weakness:
    identity = row["vulnerability_id"] or (row["type"] or "finding").lower().replace("_", " ")
    title = row["title"] or ""
    kev = row["kev_added"] is not None or row["kev_due"] is not None
    return Weakness(
        severity=severity_word(row["severity_rank"]) or "OTHER",
        identity=identity,
        # such a title only repeats the ID and the packages
        title="" if packages and title.startswith(identity) else title,
        score=row["inspector_score"],
        epss=row["epss_score"],
        kev=kev or (False if row["checked"] or row["type"] != "PACKAGE_VULNERABILITY" else None),
        exploit=row["exploit_available"] == "YES",
        fixable=row["fix_available"] in ("YES", "PARTIAL"),
        packages=_each_once(one.name for one in packages),
        installed=_each_once(one.version for one in packages),
        fixed_in=_each_once((one.fixed_in or "").removeprefix("0:") for one in packages),
        reachable=row["reachability"] == REACHABLE,
    )


def _each_once(texts: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))
