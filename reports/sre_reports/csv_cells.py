"""A row of findings as the cells of Inspector's CSV, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sre_findings.ask.rows import time_of
from sre_findings.model.finding import iso
from sre_reports import csv_parts
from sre_reports.csv_guard import Cell

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
_KEPT = 16_384  # of each kind of part: an estate has fewer distinct vulnerabilities, and rows come resource by resource


class Cells:
    """Rows of ``ask.rows`` as cells, ages as of one moment. A nested part that repeats is parsed once while it is kept."""

    def __init__(self, as_of: datetime) -> None:
        self._as_of = (as_of - _EPOCH) // _MICROSECOND
        self._packages = lru_cache(_KEPT)(csv_parts.packages)
        self._vulnerability = lru_cache(_KEPT)(csv_parts.vulnerability)
        self._place = lru_cache(_KEPT)(csv_parts.place)
        self._vector = lru_cache(_KEPT)(csv_parts.vector)
        self._exploited = lru_cache(_KEPT)(csv_parts.last_exploited)
        self._advice = lru_cache(_KEPT)(csv_parts.advice)
        self._time = lru_cache(_KEPT)(_time)

    def inspector(self, row: Mapping[str, Any]) -> list[Cell]:
        """The 55 cells of Inspector's own columns."""
        packages = self._packages(row["packages"])
        about = self._vulnerability(row["vulnerability_details"])
        place = self._place(row["resources"], row["resource_id"])
        path, ports = csv_parts.network(row["network_details"])
        file, detector, code_urls = csv_parts.code(row["code_details"])
        return [
            row["account_id"],
            row["severity"],
            row["fix_available"],
            row["type"],
            row["title"],
            row["description"],
            row["finding_arn"],
            self._time(row["first_observed_at"]),
            self._time(row["last_observed_at"]),
            self._time(row["updated_at"]),
            row["resource_id"],
            place.image_tags,
            row["region"],
            place.platform,
            place.tags,
            packages.names,
            packages.installed,
            packages.fixed_in,
            packages.remediation,
            packages.paths or file,
            path,
            self._age(row["first_observed_at"]),
            self._advice(row["remediation"]),
            row["inspector_score"],
            self._vector(row["score_details"]),
            row["status"],
            row["vulnerability_id"],
            about.vendor,
            about.vendor_severity,
            about.advisory,
            about.published,
            *about.nvd_3,
            *about.nvd_2,
            *about.vendor_3,
            *about.vendor_2,
            row["resource_type"],
            place.ami,
            place.public,
            place.private,
            place.v6,
            place.vpc,
            ports,
            row["epss_score"],
            row["exploit_available"],
            self._exploited(row["exploitability"]),
            place.layers,
            place.package_type,
            place.modified,
            about.urls or code_urls,
            detector,
            packages.managers,
        ]

    def full(self, row: Mapping[str, Any]) -> list[Cell]:
        """Inspector's cells and then ours: the resource's name and its owner."""
        return [*self.inspector(row), row["resource_name"], row["owner"]]

    def _age(self, first_observed: int | None) -> int | None:
        return None if first_observed is None else max(0, (self._as_of - first_observed) // _DAY)


def _time(microseconds: int | None) -> str | None:
    moment = time_of(microseconds)
    return None if moment is None else iso(moment)
