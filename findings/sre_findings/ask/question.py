"""What can be asked. Each question is data, checked where it enters; ``ask`` turns it into an Answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BY = ("account", "region", "owner", "type", "resource", "package", "vulnerability")
KINDS_OF_CHANGE = (
    "opened", "reopened", "resolved", "severity_raised", "severity_lowered", "fix_appeared", "exploit_appeared",
    "kev_appeared", "suppressed", "unsuppressed", "exposure_ended",
)  # fmt: skip
CACHED, LIVE, EITHER = "cached", "live", "either"


@dataclass(frozen=True, slots=True)
class AboutResource:
    """How vulnerable is this resource? ``text`` is an id or a name; ``source`` says where the answer may come from.

    ``count`` findings a page (0: all), from ``cursor`` on. Filters narrow the findings listed, never the counts;
    ``suppressed`` lists suppressed ones too. ``context`` asks AWS what it says now of an EC2 instance itself.
    """

    text: str
    severities: Sequence[str] = ()
    count: int = 25
    cursor: str | None = None
    source: str = EITHER
    as_of: str | None = None
    region: str | None = None
    suppressed: bool = False
    context: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """How vulnerable is all of it? With ``by``, one of BY, in groups, the worst ``count`` first (0: all)."""

    by: str | None = None
    count: int = 0
    as_of: str | None = None
    owners: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CoverageGaps:
    """What does Inspector not scan, and what did the scan not reach?"""

    as_of: str | None = None
    owners: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which part of the estate a question is about. Empty means all of it."""

    owners: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()

    def filters(self) -> dict[str, list[str] | None]:
        """The parameters of a query; None where nothing is narrowed."""
        return {name: list(getattr(self, name)) or None for name in ("owners", "accounts", "regions")}

    def words(self) -> str:
        """`` of payments, in eu-west-1``; empty for everything."""
        of = [*self.owners, *self.accounts]
        return (f" of {', '.join(of)}" if of else "") + (f" in {', '.join(self.regions)}" if self.regions else "")


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened after the night of ``since`` up to that of ``as_of``; without both, between the two newest complete ones.

    ``count`` events are listed (0: all); the counts are of all. ``kinds`` narrows the list, never the counts.
    """

    since: str | None = None
    as_of: str | None = None
    kinds: Sequence[str] = ()
    count: int = 25
    narrow: Narrow = Narrow()


@dataclass(frozen=True, slots=True)
class Trend:
    """How a scope's counts went over so many days. ``kind`` and ``value`` name the scope; the default is everything."""

    days: int = 90
    kind: str = "organization"
    value: str = ""
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Sla:
    """What is late and what is due, in all and by owner, account, region or type."""

    by: str = "owner"
    owners: Sequence[str] = ()
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class TimeToFix:
    """How long fixing took over so many days, by severity, owner or account."""

    by: str = "severity"
    days: int = 365
    as_of: str | None = None
    narrow: Narrow = Narrow()


@dataclass(frozen=True, slots=True)
class Priorities:
    """Which vulnerabilities to deal with first, and why: the first ``count`` (0: all)."""

    count: int = 10
    as_of: str | None = None
    narrow: Narrow = Narrow()
    types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Exposure:
    """Where a vulnerability, or a package, is: the first ``count`` findings (0: all)."""

    text: str
    count: int = 25
    as_of: str | None = None
    narrow: Narrow = Narrow()


@dataclass(frozen=True, slots=True)
class Fixes:
    """What to update, rebuild or replace first: the first ``count`` lines (0: all). ``images`` asks for machine images."""

    count: int = 10
    as_of: str | None = None
    narrow: Narrow = Narrow()
    types: Sequence[str] = ()
    images: bool = False


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Which findings somebody answers for, by the rules of SRE_SUPPRESSIONS."""

    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Whole findings, for exports: which ones. Empty means all; statuses are those of the findings."""

    text: str | None = None
    severities: Sequence[str] = ()
    statuses: Sequence[str] = ("ACTIVE",)
    types: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    owners: Sequence[str] = ()
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Findings of the whole estate, the worst first: ``count`` of them (0: all) after the first ``skip``. Empty means all."""

    count: int = 25
    skip: int = 0
    severities: Sequence[str] = ()
    statuses: Sequence[str] = ("ACTIVE",)
    types: Sequence[str] = ()
    narrow: Narrow = Narrow()
    fixable: bool = False
    exploitable: bool = False
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class WholeRows:
    """A page of an export: ``count`` findings (0: all) of ``rows`` after the first ``skip``."""

    rows: Rows = Rows()
    count: int = 25
    skip: int = 0


@dataclass(frozen=True, slots=True)
class AsFile:
    """Whole findings in one file: ``form`` is a name of the exports' formats, ``options`` are that format's own."""

    rows: Rows = Rows()
    form: str = "csv"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OneFinding:
    """One finding whole: by its ARN, or by a resource (id or name) and the vulnerability's id."""

    finding_arn: str | None = None
    resource: str | None = None
    vulnerability_id: str | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Nights:
    """Which snapshots there are, the newest first: ``count`` of them (0: all) after the first ``skip``."""

    count: int = 25
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Near:
    """Ids and names of resources that resemble a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Operations:
    """Who asked what in so many days, today's included: the newest ``count`` (0: all), of one person, tool or outcome."""

    days: int = 7
    count: int = 25
    who: str | None = None
    what: str | None = None
    outcome: str | None = None
