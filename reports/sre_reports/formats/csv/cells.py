"""A finding as the cells of Inspector's CSV, in its order.

The workbook has the same columns and shares this code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sre_reports.formats.csv import nested_fields
from sre_reports.formats.csv.escaping import Cell

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
# Size of the cache of each kind of run. There are fewer distinct vulnerabilities than that, and
# rows come resource by resource.
_KEPT = 16_384
_KEV = {True: "YES", False: "NO", None: "UNKNOWN"}

S = TypeVar("S")


class Cells(Generic[S]):
    """Turns finding rows into runs of adjacent cells. Ages are relative to one point in time.

    ``run`` serializes some cells, and ``time`` epoch microseconds. Repeated values are parsed and
    serialized once while they are cached, which covers nine tenths of a row.
    """

    def __init__(
        self, as_of: datetime, time: Callable[[int | None], S], run: Callable[[Sequence[Cell]], S]
    ) -> None:
        self._as_of = (as_of - _EPOCH) // _MICROSECOND
        self._run, self._time = run, lru_cache(_KEPT)(time)
        self._kept, self._ages = (lru_cache(_KEPT)(lambda *cells: run(cells)) for _ in range(2))
        self._network, self._parsed = (
            lru_cache(_KEPT)(self._networked),
            lru_cache(_KEPT)(nested_fields.vulnerability),
        )
        self._about, self._held = lru_cache(_KEPT)(self._told), lru_cache(_KEPT)(self._packed)
        self._place: tuple[tuple[str | None, ...], tuple[S, S, S]] = (
            (),
            self._placed(None, None, None, None),
        )

    def inspector(self, row: Mapping[str, Any]) -> list[S]:
        """Returns the 55 cells of Inspector's columns, in seventeen runs."""
        where = (row["resource_id"], row["region"], row["resource_type"], row["resources"])
        # Rows come resource by resource, and comparing long texts is faster than hashing them.
        if where != self._place[0]:
            self._place = where, self._placed(*where)
        place = self._place[1]
        vulnerability, code, first = (
            row["vulnerability_details"],
            row["code_details"],
            row["first_observed_at"],
        )
        texts, advice, vendor, exploit = self._about(
            row["title"],
            row["description"],
            vulnerability,
            row["remediation"],
            row["score_details"],
            row["exploitability"],
            row["inspector_score"],
            row["status"],
            row["vulnerability_id"],
            row["epss_score"],
            row["exploit_available"],
        )
        held, last = self._held(row["packages"], code, vulnerability)
        path, ports = self._network(row["network_details"])
        return [
            self._kept(row["account_id"], row["severity"], row["fix_available"], row["type"]),
            texts,  # title, description
            self._run((row["finding_arn"],)),
            self._time(first),
            self._time(row["last_observed_at"]),
            self._time(row["updated_at"]),
            place[0],  # id, image tags, region, platform, tags
            held,  # names, installed and fixed versions, remediations, paths
            path,
            self._ages(None if first is None else max(0, (self._as_of - first) // _DAY)),
            advice,  # advice, score and its vector, status, vulnerability
            vendor,  # vendor, severity, advisory, published; eight of CVSS
            place[1],  # type, AMI, public and private IPv4, IPv6, VPC
            ports,
            exploit,  # EPSS, exploit available, last exploited
            place[2],  # layers, package type, modified
            last,  # references, detector, managers
        ]

    def full(self, row: Mapping[str, Any]) -> list[S]:
        """Returns Inspector's cells followed by our own columns.

        Those are resource name, owner, runtime reachability with its reason, and KEV and deadline.
        """
        ours = (row["resource_name"], row["owner"], row["reachability"], row["reachability_reason"])
        deadline = (_KEV[row["kev"]], row["kev_due"], row["due_on"], row["days_overdue"])
        return [*self.inspector(row), self._kept(*ours), self._kept(*deadline)]

    def _placed(
        self, resource_id: str | None, region: str | None, kind: str | None, resources: str | None
    ) -> tuple[S, S, S]:
        image_tags, platform, tags, *machine, layers, package_type, modified = nested_fields.place(
            resources, resource_id
        )
        where = (resource_id, image_tags, region, platform, tags)
        return (
            self._run(where),
            self._run((kind, *machine)),
            self._run((layers, package_type, modified)),
        )

    def _packed(
        self, packages: str | None, code: str | None, vulnerability: str | None
    ) -> tuple[S, S]:
        names, installed, fixed_in, remedies, paths, managers = nested_fields.packages(packages)
        file, detector, code_urls = nested_fields.code(code)
        urls = self._parsed(vulnerability)[-1] or code_urls
        return self._run((names, installed, fixed_in, remedies, paths or file)), self._run(
            (urls, detector, managers)
        )

    def _networked(self, network: str | None) -> tuple[S, S]:
        path, ports = nested_fields.network(network)
        return self._run((path,)), self._run((ports,))

    def _told(
        self, title: str | None, description: str | None, vulnerability: str | None, *rest: Any
    ) -> tuple[S, S, S, S]:
        remediation, details, exploitability, score, status, vulnerability_id, epss, exploit = rest
        vector, exploited, advice = nested_fields.rest(details, exploitability, remediation)
        return (
            self._run((title, description)),
            self._run((advice, score, vector, status, vulnerability_id)),
            self._run(self._parsed(vulnerability)[:-1]),
            self._run((epss, exploit, exploited)),
        )
