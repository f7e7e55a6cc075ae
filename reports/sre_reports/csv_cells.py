"""A row of findings as the cells of Inspector's CSV, in its order; for a workbook too, which has the same columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sre_reports import csv_parts
from sre_reports.csv_guard import Cell

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
_KEPT = 16_384  # of each kind of part: an estate has fewer distinct vulnerabilities, and rows come resource by resource

T = TypeVar("T")
S = TypeVar("S")


class Cells(Generic[T, S]):
    """Rows of ``ask.rows`` as runs of cells that stand side by side; ages are as of one moment.

    ``time`` makes a cell of epoch microseconds, and ``run`` makes of some cells what the format writes. What repeats is
    parsed and made once while it is kept: that is nine tenths of a row.
    """

    def __init__(self, as_of: datetime, time: Callable[[int | None], T], run: Callable[[Sequence[Cell | T]], S]) -> None:
        self._as_of = (as_of - _EPOCH) // _MICROSECOND
        self._time, self._run = time, run
        self._kept = lru_cache(_KEPT)(lambda *cells: run(cells))
        self._place, self._network = lru_cache(_KEPT)(self._placed), lru_cache(_KEPT)(self._networked)
        self._vulnerability, self._held = lru_cache(_KEPT)(self._told), lru_cache(_KEPT)(self._packed)
        self._scored = lru_cache(_KEPT)(self._rated)

    def inspector(self, row: Mapping[str, Any]) -> list[S]:
        """The 55 cells of Inspector's own columns, in twelve runs and more."""
        resource = self._place(row["resources"], row["resource_id"], row["region"], row["resource_type"])
        held, last = self._held(row["packages"], row["code_details"], row["vulnerability_details"])
        path, ports = self._network(row["network_details"])
        advice, exploit = self._scored(
            row["remediation"], row["score_details"], row["exploitability"], row["inspector_score"], row["status"],
            row["vulnerability_id"], row["epss_score"], row["exploit_available"],
        )  # fmt: skip
        time, first = self._time, row["first_observed_at"]
        return [
            self._kept(
                row["account_id"], row["severity"], row["fix_available"], row["type"], row["title"], row["description"]
            ),
            self._run((row["finding_arn"], time(first), time(row["last_observed_at"]), time(row["updated_at"]))),
            resource[0],  # id, image tags, region, platform, tags
            held,  # names, installed and fixed versions, remediations, paths
            path,
            self._kept(self._age(first)),
            advice,  # advice, score and its vector, status, vulnerability
            self._vulnerability(row["vulnerability_details"]),  # vendor, severity, advisory, published; eight of CVSS
            resource[1],  # type, AMI, public and private IPv4, IPv6, VPC
            ports,
            exploit,  # EPSS, whether there is an exploit, when it was seen
            resource[2],  # layers, package type, modified
            last,  # references, detector, managers
        ]  # fmt: skip

    def full(self, row: Mapping[str, Any]) -> list[S]:
        """Inspector's cells and then ours: the resource's name and its owner."""
        return [*self.inspector(row), self._kept(row["resource_name"], row["owner"])]

    def _age(self, first_observed: int | None) -> int | None:
        return None if first_observed is None else max(0, (self._as_of - first_observed) // _DAY)

    def _placed(self, resources: str | None, resource_id: str | None, region: str, kind: str | None) -> tuple[S, S, S]:
        image_tags, platform, tags, *machine, layers, package_type, modified = csv_parts.place(resources, resource_id)
        where = (resource_id, image_tags, region, platform, tags)
        return self._run(where), self._run((kind, *machine)), self._run((layers, package_type, modified))

    def _packed(self, packages: str | None, code: str | None, vulnerability: str | None) -> tuple[S, S]:
        names, installed, fixed_in, remedies, paths, managers = csv_parts.packages(packages)
        file, detector, code_urls = csv_parts.code(code)
        urls = csv_parts.vulnerability(vulnerability)[-1] or code_urls
        return self._run((names, installed, fixed_in, remedies, paths or file)), self._run((urls, detector, managers))

    def _networked(self, network: str | None) -> tuple[S, S]:
        path, ports = csv_parts.network(network)
        return self._run((path,)), self._run((ports,))

    def _told(self, vulnerability: str | None) -> S:
        return self._run(csv_parts.vulnerability(vulnerability)[:-1])

    def _rated(self, remediation: str | None, details: str | None, exploitability: str | None, *values: Any) -> tuple[S, S]:
        score, status, vulnerability_id, epss, exploit = values
        vector, exploited, advice = csv_parts.rest(details, exploitability, remediation)
        return self._run((advice, score, vector, status, vulnerability_id)), self._run((epss, exploit, exploited))
