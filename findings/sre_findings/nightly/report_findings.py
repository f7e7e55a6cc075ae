"""The open findings of a snapshot for its report, each with its due date.

Data that many findings share is created once. The most severe vulnerabilities have their
description, so that a report stays small.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sre_findings.engine.catalogue import Engine
from sre_findings.model.findings.claim import ClaimKey
from sre_findings.model.findings.finding import Package
from sre_findings.model.findings.open_finding import OpenFinding, Place, Weakness
from sre_findings.model.findings.reachability import REACHABLE
from sre_findings.model.sla.ages import Bucket, due_of
from sre_findings.model.sla.policy import Policy
from sre_findings.model.timestamps import iso_date
from sre_findings.remediation.single_upgrade import instance_upgrade
from sre_findings.rows.values import packages_of, severity_word

DESCRIBED = 120  # vulnerabilities with a description in a report, the most severe first
_LINUX = "In the Linux kernel, the following vulnerability has been resolved: "
_EVERY = dict.fromkeys(
    ("resource_id", "statuses", "severities", "types", "accounts", "regions", "owners")
) | {"reachable": False}
_weakness_key = itemgetter(
    "region",
    "packages_id",
    "platform",
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
    engine: Engine,
    policy: Policy,
    new: Container[str],
    count: int,
    claims: Mapping[ClaimKey, str],
) -> Iterator[OpenFinding]:
    """The first ``count`` open findings, highest severity first.

    ``new`` holds the ARNs of findings that were opened since the snapshot compared with, and
    ``claims`` who has taken which findings, in words.
    """
    lists = {
        (row["region"], row["packages_id"]): row["packages"]
        for row in engine.rows("findings_packages", **_EVERY)
    }
    descriptions = {
        (row["region"], row["details_id"]): row["description"]
        for row in engine.rows("descriptions")
    }
    weaknesses, places = _Weaknesses(lists, descriptions), _Places()
    deadlines = _Deadlines(policy)
    for batch in engine.batches("report_findings", count=count):
        for row in batch:
            due_on = deadlines[row["due_rank"], row["opened_on"] or "", row["kev_due"] or ""]
            yield OpenFinding(
                weaknesses.of(row),
                places.of(row),
                row["opened_on"],
                due_on,
                row["finding_arn"] in new,
                claims.get(_claim_key(row), "") if claims else "",
            )


def _claim_key(row: Mapping[str, Any]) -> ClaimKey:
    names = ("account_id", "region", "resource_id", "vulnerability_id")
    return ClaimKey(*(row[name] or "" for name in names))


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

    def __init__(
        self, lists: Mapping[tuple[str, int], str], descriptions: Mapping[tuple[str, int], str]
    ) -> None:
        self._lists, self._descriptions = lists, descriptions
        self._known: dict[tuple[Any, ...], Weakness] = {}
        self._described = set[str | None]()

    def of(self, row: Mapping[str, Any]) -> Weakness:
        key = _weakness_key(row)
        if (known := self._known.get(key)) is None:
            packages = packages_of(self._lists.get((row["region"], row["packages_id"])))
            known = self._known[key] = _weakness(row, packages, self._description(row))
        return known

    def _description(self, row: Mapping[str, Any]) -> str:
        """Returns the description of one of the first vulnerabilities, empty for all others."""
        name = row["vulnerability_id"] or row["title"]
        if name not in self._described and len(self._described) >= DESCRIBED:
            return ""
        self._described.add(name)
        text = self._descriptions.get((row["region"], row["details_id"]), "")
        return " ".join(text.split()).removeprefix(_LINUX)


class _Places:
    """Creates each Place once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Place] = {}

    def of(self, row: Mapping[str, Any]) -> Place:
        key = _place_key(row)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = Place(*(value or "" for value in key))
        return known


def _weakness(row: Mapping[str, Any], packages: Sequence[Package], description: str) -> Weakness:
    identity = row["vulnerability_id"] or (row["type"] or "finding").lower().replace("_", " ")
    title = row["title"] or ""
    kev = row["kev_added"] is not None or row["kev_due"] is not None
    upgrade = instance_upgrade(row["platform"], packages)
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
        command=upgrade.command,
        reboot=upgrade.reboot,
        description=description,
    )


def _each_once(texts: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))
