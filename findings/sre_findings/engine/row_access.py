"""Row-level security: the rows of each table that a client may see, as SQL in DuckDB's dialect.

Spark and Athena use a translation of it. An engine creates its tables only from these selects, so
no query can bypass them:

    findings, coverage, resources, names, ages, states, events
        rows of an allowed account and owner
    closed
        rows of a visible resource; rows of an allowed account if all owners are allowed
    details, packages, vulnerabilities
        rows that a visible finding references: the KEV catalog is public, but which resources are
        affected is not
    cells
        rows of an allowed account, or of a region that could not be read
    any other table
        none: its rows have no access rule yet
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sre_findings.model.access import Access

_OWNED = ("findings", "coverage", "resources", "names", "ages", "states", "events")
_LIST, _DETAIL, _ID = ("region", "packages_id"), ("region", "details_id"), ("vulnerability_id",)
_PLACE = ("account_id", "region", "resource_type", "resource_id")
_MOVED = "findings as t join findings_first as f on f.finding_arn = t.finding_arn"
# table: (key columns, tables that must contain the key)
_NAMED = {
    "packages": (_LIST, ("findings",)),
    "details": (_DETAIL, ("findings",)),
    "vulnerabilities": (_ID, ("findings",)),
    "closed": (_PLACE, ("resources", "coverage")),
}


_OPEN = "t.status is distinct from 'SUPPRESSED' and t.status is distinct from 'CLOSED'"
# What each count of a resource that can be summed counts, of the findings at it.
_COUNTED = {
    **{
        name: f"{_OPEN} and t.severity_rank = {rank}"
        for rank, name in enumerate(
            ("critical", "high", "medium", "low", "informational", "untriaged")
        )
    },
    "other": f"{_OPEN} and t.severity_rank > 5",
    "suppressed": "t.status = 'SUPPRESSED'",
    "fixable": f"{_OPEN} and t.fix_available in ('YES', 'PARTIAL')",
    "exploitable": f"{_OPEN} and t.exploit_available = 'YES'",
}
# A finding's bucket of age, by the rule of the scan that wrote the ages.
_BUCKET = {
    "severity_rank": "coalesce(s.severity_rank, t.severity_rank)",
    "opened_on": "cast(coalesce(s.exposed_since, t.first_observed_at) as date)",
    "kev_due": "v.kev_due",
}
_STATE = (
    " left join vulnerabilities as v on v.vulnerability_id = t.vulnerability_id"
    " left join states as s on s.account_id = coalesce(t.account_id, '') and s.region = t.region"
    " and s.resource_type = coalesce(t.resource_type, '')"
    " and s.resource_id = coalesce(t.resource_id, '') and s.type = coalesce(t.type, '')"
    " and s.subject = coalesce(t.subject, t.title, t.finding_arn) and s.status <> 'resolved'"
    " and (s.finding_arn is null or s.finding_arn = t.finding_arn)"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The selects for the visible rows of a table.

    ``select`` reads ``helpers``, which must be created first under their names. The helpers
    read the visible rows of the tables in ``reads``.

    ``plain``, if set, is equivalent as long as no helper has a row. It preserves the order of
    the parts in DuckDB, which no join does. ``order`` is that order.

    ``unless``, if set, is a helper of the first table in ``reads``. As long as it has no row,
    ``plain`` is equivalent too, and the other tables need not be read.
    """

    select: str
    helpers: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    plain: str = ""
    order: str = ""
    unless: str = ""


def seen(table: str, raw: str, access: Access) -> Seen:
    """Returns the selects for the visible rows of a table. ``raw`` is the select for all rows."""
    if access.everything:
        return Seen(raw)
    rows = f"({raw}) as t"
    if table in _BY_OWNER and not access.all_owners:
        return _BY_OWNER[table](rows, _allowed("t", access))
    if table in _OWNED or (access.all_owners and table == "closed"):
        return Seen(f"select t.* from {rows} where {_allowed('t', access)}")  # noqa: S608 - here and below: quoted values
    if table in _NAMED:
        return _named(table, rows)
    return Seen(
        f"select t.* from {rows} where {_of_cells(access) if table == 'cells' else 'false'}"  # noqa: S608 - our own names
    )


def _findings(rows: str, allowed: str) -> Seen:
    """Returns the selects for findings of some owners.

    A finding on several resources counts at the first visible one, and does not name resources
    that are not visible.
    """
    several = f"t.finding_arn in (select t.finding_arn from {rows} where t.resource_index > 0)"  # noqa: S608 - our own names
    helpers = {
        "findings_hidden": (
            f"select distinct t.finding_arn from {rows} where {several} and not coalesce({allowed},"  # noqa: S608 - our own names
            " false)"
        ),
        "findings_first": (
            f"select t.finding_arn, min(t.resource_index) as resource_index from {rows}"  # noqa: S608 - our own names
            f" where {several} and {allowed} group by t.finding_arn having"
            " min(t.resource_index) > 0"
        ),
    }
    return Seen(
        "select t.* exclude (resource_index, resources),"  # noqa: S608 - our own names
        " case when f.finding_arn is null then t.resource_index else cast(0 as smallint) end as"
        " resource_index,"
        " case when h.finding_arn is null then t.resources end as resources"
        f" from {rows} left join findings_hidden as h on h.finding_arn = t.finding_arn"
        " left join findings_first as f on f.finding_arn = t.finding_arn and f.resource_index ="
        " t.resource_index"
        f" where {allowed}",
        helpers,
        plain=f"select t.* from {rows} where {allowed}",  # noqa: S608 - our own names
        order=(
            "region, resource_id, resource_type, account_id, severity_rank, finding_arn,"
            " resource_index"
        ),
    )


def _resources(rows: str, allowed: str) -> Seen:
    """Returns the selects for the counts of the resources of some owners.

    What counts at a resource that is not visible is counted at the finding's first visible
    resource.
    """
    place = ", ".join(f"t.{key}" for key in _PLACE)
    numbers = ", ".join(f"count(*) filter ({of}) as {name}" for name, of in _COUNTED.items())
    moved = (
        f"select {place}, {numbers} from {_MOVED} where t.resource_index = 0"  # noqa: S608 - our own names
        f" group by {place}"
    )
    columns = ", ".join(
        f"t.shared_{name} + coalesce(m.{name}, 0) as shared_{name}" for name in _COUNTED
    )
    left_out = ", ".join(f"shared_{name}" for name in _COUNTED)
    same = " and ".join(f"m.{key} = t.{key}" for key in _PLACE)
    select = f"select t.* exclude ({left_out}), {columns} from {rows}"  # noqa: S608 - our own names
    return Seen(
        f"{select} left join resources_moved as m on {same} where {allowed}",
        {"resources_moved": moved},
        ("findings",),
    )


def _ages(rows: str, allowed: str) -> Seen:
    """The same as ``_resources``, for the ages of open findings."""
    place, bucket = ", ".join(f"t.{key}" for key in _PLACE), ", ".join(_BUCKET.values())
    named = ", ".join(f"{of} as {name}" for name, of in _BUCKET.items())
    moved = (
        f"select {place}, {named}, count(*) as findings from {_MOVED}{_STATE}"  # noqa: S608 - our own names
        f" where t.resource_index = 0 and {_OPEN} group by {place}, {bucket}"
    )
    same = " and ".join(
        f"m.{key} is not distinct from t.{key}" if key == "kev_due" else f"m.{key} = t.{key}"
        for key in (*_PLACE, *_BUCKET)
    )
    select = (
        f"select t.* exclude (shared), t.shared + coalesce(m.findings, 0) as shared from {rows}"  # noqa: S608 - our own names
    )
    return Seen(
        f"{select} left join ages_moved as m on {same} where {allowed}",
        {"ages_moved": moved},
        ("findings", "states", "vulnerabilities"),
        plain=f"select t.* from {rows} where {allowed}",  # noqa: S608 - our own names
        unless="findings_first",
    )


_BY_OWNER = {"findings": _findings, "resources": _resources, "ages": _ages}


def _named(table: str, rows: str) -> Seen:
    """Returns the selects for rows whose key occurs in a visible row of other tables.

    There are far fewer keys than rows.
    """
    keys, tables = _NAMED[table]
    of = " union ".join(f"select distinct {', '.join(keys)} from {one}" for one in tables)  # noqa: S608 - our own names
    same = " and ".join(f"n.{key} = t.{key}" for key in keys)
    select = f"select t.* from {rows} where exists (select 1 from {table}_named as n where {same})"  # noqa: S608 - our own names
    return Seen(select, {f"{table}_named": of}, tables)


def _allowed(row: str, access: Access) -> str:
    """Returns the condition for a row with an allowed account and owner."""
    parts = [] if access.all_accounts else [_among(f"{row}.account_id", access.accounts)]
    return " and ".join(
        parts if access.all_owners else [*parts, _among(f"{row}.owner", access.owners)]
    )


def _of_cells(access: Access) -> str:
    if access.all_accounts or not access.accounts:
        return str(access.all_accounts).lower()
    return _among("t.account_id", {*access.accounts, "*"})


def _among(column: str, values: Collection[str]) -> str:
    """Returns the condition that a column has one of these values, or false without values.

    Quotes are doubled, the only escape needed in DuckDB's strings. For ``in`` and
    ``list_contains`` DuckDB uses a join and loses the order of the parts. The other engines get
    an ``in``.
    """
    texts = ", ".join("'" + value.replace("'", "''") + "'" for value in sorted(values))
    return f"list_position([{texts}], {column}) > 0" if texts else "false"
