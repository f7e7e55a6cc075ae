"""A row of findings as the fields of Inspector's CSV, in its order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    """Rows of ``ask.rows`` as fields of CSV, each written by ``write``; ages are as of one moment.

    A nested part or a text that repeats is parsed and written once while it is kept: that is nine tenths of a row.
    """

    def __init__(self, as_of: datetime, write: Callable[[Cell], str]) -> None:
        self._as_of = (as_of - _EPOCH) // _MICROSECOND
        self._write = write
        self._field = lru_cache(_KEPT)(write)
        self._packages = self._written(csv_parts.packages)
        self._vulnerability = self._written(csv_parts.vulnerability)
        self._place = self._written(csv_parts.place)
        self._network = self._written(csv_parts.network)
        self._code = self._written(csv_parts.code)
        self._rest = self._written(csv_parts.rest)
        self._time = lru_cache(_KEPT)(_time)

    def _written(self, parse: Callable[..., tuple[Cell, ...]]) -> Callable[..., tuple[str, ...]]:
        return lru_cache(_KEPT)(lambda *texts: tuple(map(self._write, parse(*texts))))

    def inspector(self, row: Mapping[str, Any]) -> list[str]:
        """The 55 fields of Inspector's own columns."""
        names, installed, fixed_in, remedies, paths, managers = self._packages(row["packages"])
        vendor, vendor_severity, advisory, published, *scores, urls = self._vulnerability(row["vulnerability_details"])
        image_tags, platform, tags, *machine, layers, package_type, modified = self._place(row["resources"], row["resource_id"])
        path, ports = self._network(row["network_details"])
        file, detector, code_urls = self._code(row["code_details"])
        vector, exploited, advice = self._rest(row["score_details"], row["exploitability"], row["remediation"])
        field, write = self._field, self._write
        return [
            field(row["account_id"]),
            field(row["severity"]),
            field(row["fix_available"]),
            field(row["type"]),
            field(row["title"]),
            field(row["description"]),
            write(row["finding_arn"]),
            self._time(row["first_observed_at"]),
            self._time(row["last_observed_at"]),
            self._time(row["updated_at"]),
            field(row["resource_id"]),
            image_tags,
            field(row["region"]),
            platform,
            tags,
            names,
            installed,
            fixed_in,
            remedies,
            paths or file,
            path,
            self._age(row["first_observed_at"]),
            advice,
            write(row["inspector_score"]),
            vector,
            field(row["status"]),
            field(row["vulnerability_id"]),
            vendor,
            vendor_severity,
            advisory,
            published,
            *scores,  # NVD's CVSS 3 and 2, then the vendor's, a score and a vector each
            field(row["resource_type"]),
            *machine,  # AMI, public and private IPv4, IPv6, VPC
            ports,
            write(row["epss_score"]),
            field(row["exploit_available"]),
            exploited,
            layers,
            package_type,
            modified,
            urls or code_urls,
            detector,
            managers,
        ]

    def full(self, row: Mapping[str, Any]) -> list[str]:
        """Inspector's fields and then ours: the resource's name and its owner."""
        return [*self.inspector(row), self._field(row["resource_name"]), self._field(row["owner"])]

    def _age(self, first_observed: int | None) -> str:
        return "" if first_observed is None else str(max(0, (self._as_of - first_observed) // _DAY))


def _time(microseconds: int | None) -> str:
    moment = time_of(microseconds)
    return "" if moment is None else iso(moment)
