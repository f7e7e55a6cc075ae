"""A store of snapshots, opened for questions: each method is a question of ``ask``, so its numbers
are those of ``sre-cli``."""

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
    from sre_findings.model.answers.list_answer import ListAnswer
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
    """The store at a place: a folder, ``file:///…`` or ``s3://bucket/prefix``. Nothing is contacted
    yet.

    Without a place, what the settings name, as for ``sre-cli``: SRE_SERVER, SRE_STORE,
    ``sre-ops.toml``, or the user's data folder. ``table`` and ``max_age`` ("26h") are SRE_TABLE and
    SRE_MAX_AGE; ``as_of`` is as in ``Store.at``; ``profile`` is of AWS. Raises UsageError for a
    setting that cannot be.
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
    """Questions about a store, as of its newest snapshot or of an older one (see ``at``). Every
    method raises UsageError for a place, name or word that does not exist, and another SreError
    where the store cannot be read.

    Where a method takes names (``owner``, ``account``, ``region``, ``type``, ``severity``), one or
    several can be given; without any it is about all of them. ``count`` is how many rows are
    listed, 0 all; totals are of all in any case.
    """

    service: Service
    as_of: str | None = None

    def at(self, as_of: str | date | None) -> Store:
        """The same store as it was: a snapshot's id, a date or a moment, ``"yesterday"``,
        ``"-7d"``; None is the newest.

        An answer as of a moment is never too old: that moment is what was asked for.
        """
        return replace(self, as_of=as_of.isoformat() if isinstance(as_of, date) else as_of)

    def summary(self, by: str | None = None, *, owner: Names = (), count: int = 0) -> Answer:
        """How vulnerable is all of it? By account, region, owner, type, resource, package or
        vulnerability, the worst first."""
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
        """How vulnerable is one resource, by its id, name, ARN or address? ``summary`` has its
        verdict and its counts.

        ``live`` asks Inspector itself; otherwise only the snapshot answers.
        """
        from sre_findings.questions.resource import CACHED, LIVE, AboutResource

        question = AboutResource(
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
        """The findings that the filters leave, the worst first."""
        from sre_findings.model.findings.finding import parse_status
        from sre_findings.questions.findings import Listed

        question = Listed(
            count, 0, _severities(severity), tuple(map(parse_status, _names(status))), _types(type),
            _narrow(owner, account, region), fixable, exploitable, reachable, self.as_of,
        )  # fmt: skip
        return self._list(question)

    def priorities(
        self,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
        type: Names = (),
        reachable: bool = False,
        count: int = 0,
    ) -> Answer:
        """Which vulnerabilities come first, and why: a row a vulnerability, with KEV, EPSS,
        exposure and what runs."""
        from sre_findings.questions.remediation import Priorities

        return self._list(
            Priorities(count, self.as_of, _narrow(owner, account, region), _types(type), reachable),
        )

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
        """Where is this vulnerability, or this package?"""
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
        """The fewest upgrades that remove every finding which an update removes, the most risk
        first; no finding is in two."""
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
        """What happened since a night, by default the complete one before: a row an event."""
        from sre_findings.questions.history import Changes

        start = since.isoformat() if isinstance(since, date) else since
        return self._list(
            Changes(start, self.as_of, _names(kind), count, _narrow(owner, account, region)),
        )

    def trend(self, days: int = 90, *, of: str = "") -> Answer:
        """How did it go, a row a night? ``of`` names a part: ``owner=payments``, ``account=…``,
        ``region=…``, ``type=…``."""
        from sre_findings.questions.history import Trend

        kind, _, value = of.partition("=") if of else ("organization", "", "")
        return self._list(Trend(days, kind, value, self.as_of))

    def sla(self, by: str = "owner", *, owner: Names = ()) -> Answer:
        """What is late and what is due within a week, by owner, account, region or type;
        ``summary`` has the totals."""
        from sre_findings.questions.history import Sla

        return self._list(Sla(by, _names(owner), as_of=self.as_of))

    def deadlines(self, by: str = "owner", *, owner: Names = ()) -> Answer:
        """The same by day: open findings by group, severity and the day on which they are due
        (none: no deadline)."""
        from sre_findings.queries.due_days import due_days
        from sre_findings.questions.history import Sla

        return answers.of_list(
            due_days(Sla(by, _names(owner), as_of=self.as_of), self._here("deadlines"))
        )

    def time_to_fix(
        self,
        by: str = "severity",
        days: int = 365,
        *,
        owner: Names = (),
        account: Names = (),
        region: Names = (),
    ) -> Answer:
        """How long does fixing take, by severity, owner or account? Findings that are still open
        count too (Kaplan-Meier)."""
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
        """The curve behind ``time_to_fix``: after so many days, the share of findings that is still
        not patched."""
        from sre_findings.queries.survival_curves import curves
        from sre_findings.questions.history import TimeToFix

        question = TimeToFix(by, days, self.as_of, _narrow(owner, account, region))
        return answers.of_list(curves(question, self._here("survival")), by)

    def coverage(self, *, owner: Names = ()) -> Answer:
        """What does Inspector not scan, why, and what to do about it?"""
        from sre_findings.questions.estate import CoverageGaps

        return answers.of_coverage(self.service.ask(CoverageGaps(self.as_of, _names(owner))))

    def snapshots(self) -> Answer:
        """Every snapshot of the store, the newest first."""
        from sre_findings.questions.records import Nights

        return self._list(Nights(0))

    def sql(
        self, text: str, *, count: int = 0, seconds: float = 30.0, memory: int = 10**9
    ) -> Answer:
        """One SELECT over the snapshot's tables (docs/schema.md), read-only, within so many seconds
        and bytes of memory."""
        from sre_findings.queries.sql import Sql, sql

        return answers.of_sql(sql(Sql(text, count, self.as_of, seconds, memory), self._here("sql")))

    def _list(self, question: Question[ListAnswer], group: str = "") -> Answer:
        return answers.of_list(self.service.ask(question), group)

    def _here(self, what: str) -> Sources:
        if not isinstance(self.service, LocalService):
            do = "Unset SRE_SERVER, or name a store: open_store('s3://…')."
            raise UsageError(f"{what} reads snapshots itself", why="SRE_SERVER is set", do=do)
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
    from sre_findings.questions.filters import Narrow

    return Narrow(_names(owner), _names(account), _names(region))
