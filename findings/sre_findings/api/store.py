"""The store of the Python API. Its methods run the queries of ``sre-cli``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.api import answers
from sre_findings.api.answers import Answer
from sre_findings.model.errors import UsageError
from sre_findings.service.service import LocalService, Service

if TYPE_CHECKING:
    from sre_findings.model.answers.list_answer import AnyListAnswer
    from sre_findings.questions.question import Question
    from sre_findings.sources.sources import Sources

Names = str | Sequence[str]
"""One name, or several."""


def open_store(
    place: str | os.PathLike[str] | None = None,
    *,
    table: str | None = None,
    max_age: str | None = None,
    as_of: str | date | None = None,
    profile: str | None = None,
) -> Store:
    """The store at a location: a folder, ``file:///…`` or ``s3://bucket/prefix``. Does not connect
    to anything yet.

    Without ``place``, the settings of ``sre-cli`` apply: SRE_SERVER, SRE_STORE, ``sre-ops.toml``,
    or the user's data directory. ``table`` and ``max_age`` ("26h") override SRE_TABLE and
    SRE_MAX_AGE. ``as_of`` is as in ``Store.at``; ``profile`` is an AWS profile. Raises UsageError
    for an invalid setting.
    """
    from sre_findings.service.factory import open_service
    from sre_findings.settings import load

    settings = load(
        os.environ,
        Path.cwd(),
        store=None if place is None else os.fspath(place),
        table=table,
        max_age=max_age,
    )
    return Store(open_service(settings, profile)).at(as_of)


@dataclass(frozen=True, slots=True)
class Store:
    """Queries on a store, as of its newest snapshot or of an older one (see ``at``). Every method
    raises UsageError for an owner, account, region, type or other value that does not exist, and
    another SreError if the store cannot be read.

    Filters (``owner``, ``account``, ``region``, ``type``, ``severity``) accept one name or
    several; without any, everything is included. ``count`` is the maximum number of rows, 0 for
    all; totals always include all rows.
    """

    service: Service
    as_of: str | None = None

    def at(self, as_of: str | date | None) -> Store:
        """The store as of an older snapshot: a snapshot ID, a date, a time, ``"yesterday"`` or
        ``"-7d"``; None for the newest.

        Results for an older snapshot are never stale, because that time was requested.
        """
        return replace(self, as_of=as_of.isoformat() if isinstance(as_of, date) else as_of)

    def summary(self, by: str | None = None, *, owner: Names = (), count: int = 0) -> Answer:
        """Counts of open findings, in total or by account, region, owner, type, resource, package
        or vulnerability, worst first."""
        from sre_findings.questions.estate import Summary

        return answers.of_summary(self.service.ask(Summary(by, count, self.as_of, _names(owner))))

    def vulnerabilities(
        self,
        resource: str,
        *,
        severity: Names = (),
        suppressed: bool = False,
        reachable: bool = False,
        live: bool = False,
        region: str | None = None,
        count: int = 0,
    ) -> Answer:
        """The findings of one resource, named by its ID, name, ARN or IP address, worst first. The
        answer's ``summary`` has the verdict and counts.

        With ``live``, Inspector is queried in ``region``; otherwise the snapshot is used.
        """
        from sre_findings.questions.resource import CACHED, LIVE, Vulnerabilities

        question = Vulnerabilities(
            resource,
            _severities(severity),
            count,
            source=LIVE if live else CACHED,
            as_of=self.as_of,
            region=region,
            suppressed=suppressed,
            reachable=reachable,
        )
        return answers.of_resource(self.service.ask(question))

    def findings(  # noqa: PLR0913 - filters, each given by its name
        self,
        *,
        severity: Names = (),
        status: Names = "ACTIVE",
        type: Names = (),
        owner: Names = (),
        account: Names = (),
        region: Names = (),
        fixable: bool = False,
        exploitable: bool = False,
        reachable: bool = False,
        count: int = 0,
    ) -> Answer:
        """The findings that match all filters, worst first."""
        from sre_findings.model.findings.finding import parse_status
        from sre_findings.questions.findings import FindingList

        question = FindingList(
            count, 0, _severities(severity), tuple(map(parse_status, _names(status))), _types(type),
            _narrow(owner, account, region), fixable, exploitable, reachable, self.as_of,
        )  # fmt: skip
        return self._list(question)

    def priorities(  # noqa: PLR0913 - filters, each given by its name
        self,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
        type: Names = (),
        resource: str | None = None,
        reachable: bool = False,
        kev: bool = False,
        exploitable: bool = False,
        exposed: bool = False,
        count: int = 0,
    ) -> Answer:
        """Vulnerabilities ranked by risk, highest first, with reasons: KEV, EPSS, exposure,
        reachability and use. One row per vulnerability."""
        from sre_findings.questions.remediation import Priorities

        question = Priorities(
            count, self.as_of, _narrow(owner, account, region), _types(type), reachable,
            kev, exploitable, exposed, resource,
        )  # fmt: skip
        return self._list(question)

    def where(
        self,
        text: str,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
        reachable: bool = False,
        count: int = 0,
    ) -> Answer:
        """The resources affected by a vulnerability or a package."""
        from sre_findings.questions.remediation import Exposure

        return self._list(
            Exposure(text, count, self.as_of, _narrow(owner, account, region), reachable)
        )

    def fixes(
        self,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
        type: Names = (),
        count: int = 0,
    ) -> Answer:
        """The smallest set of upgrades found that resolves every fixable finding, highest risk
        first. Each finding is counted for one upgrade only."""
        from sre_findings.questions.remediation import Fixes

        return self._list(Fixes(count, self.as_of, _narrow(owner, account, region), _types(type)))

    def changes(
        self,
        since: str | date | None = None,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
        kind: Names = (),
        count: int = 0,
    ) -> Answer:
        """Events since an older snapshot, by default the previous complete one: opened, reopened
        and resolved findings and other changes. One row per event."""
        from sre_findings.questions.history import Changes

        start = since.isoformat() if isinstance(since, date) else since
        return self._list(
            Changes(start, self.as_of, _names(kind), count, _narrow(owner, account, region)),
        )

    def trend(self, days: int = 90, *, of: str = "") -> Answer:
        """Counts of open findings by day, for the last ``days`` days. ``of`` limits the scope:
        ``owner=payments``, ``account=…``, ``region=…`` or ``type=…``."""
        from sre_findings.questions.history import Trend

        kind, _, value = of.partition("=") if of else ("organization", "", "")
        return self._list(Trend(days, kind, value, self.as_of))

    def sla(self, by: str = "owner", *, owner: Names = ()) -> Answer:
        """Findings that are overdue or due within a week, by owner, account, region or type. The
        answer's ``summary`` has the totals."""
        from sre_findings.questions.history import Sla

        return self._list(Sla(by, _names(owner), as_of=self.as_of))

    def deadlines(self, by: str = "owner", *, owner: Names = ()) -> Answer:
        """Open findings by group, severity and due date (None without an SLA)."""
        from sre_findings.queries import ask
        from sre_findings.questions.history import DueDates

        question = DueDates(by, _names(owner), self.as_of)
        return answers.of_list(ask(question, self._here("deadlines")))

    def time_to_fix(
        self,
        by: str = "severity",
        days: int = 365,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
    ) -> Answer:
        """Time to remediate in days (median and 90th percentile), by severity, owner or account,
        for findings of the last ``days`` days. Open findings are included (Kaplan-Meier)."""
        from sre_findings.questions.history import TimeToFix

        question = TimeToFix(by, days, self.as_of, _narrow(owner, account, region))
        return self._list(question, by)

    def survival(
        self,
        by: str = "severity",
        days: int = 365,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
    ) -> Answer:
        """The survival curves behind ``time_to_fix``: the share of findings that are not patched
        after a number of days."""
        from sre_findings.queries import ask
        from sre_findings.questions.history import SurvivalCurves

        question = SurvivalCurves(by, days, self.as_of, _narrow(owner, account, region))
        return answers.of_list(ask(question, self._here("survival")), by)

    def coverage(self, *, owner: Names = ()) -> Answer:
        """Coverage gaps: resources that are not or only partly scanned, with reasons and
        remedies."""
        from sre_findings.questions.estate import CoverageGaps

        return answers.of_coverage(self.service.ask(CoverageGaps(self.as_of, _names(owner))))

    def snapshots(self) -> Answer:
        """All snapshots of the store, newest first."""
        from sre_findings.questions.records import SnapshotList

        return self._list(SnapshotList(0))

    def sql(
        self, text: str, *, count: int = 0, seconds: float = 30.0, memory: int = 10**9
    ) -> Answer:
        """Runs one read-only SELECT on the tables of the snapshot (docs/schema.md), limited to
        ``seconds`` of time and ``memory`` bytes."""
        from sre_findings.queries.user_sql import Sql, sql

        return answers.of_sql(sql(Sql(text, count, self.as_of, seconds, memory), self._here("sql")))

    def _list(self, question: Question[AnyListAnswer], group: str = "") -> Answer:
        return answers.of_list(self.service.ask(question), group)

    def _here(self, what: str) -> Sources:
        if not isinstance(self.service, LocalService):
            do = "Unset SRE_SERVER, or open a store: open_store('s3://…')."
            raise UsageError(
                f"{what} needs direct access to the store", why="SRE_SERVER is set", do=do
            )
        return self.service.sources


def _names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _severities(names: Names) -> tuple[str, ...]:
    from sre_findings.model.findings.severity import parse

    return tuple(map(parse, _names(names)))


def _types(names: Names) -> tuple[str, ...]:
    from sre_findings.model.resources.resource import parse_type

    return tuple(map(parse_type, _names(names)))


def _narrow(owner: Names, account: Names, region: Names) -> Any:
    from sre_findings.questions.filters import Filters

    return Filters(_names(owner), _names(account), _names(region))
