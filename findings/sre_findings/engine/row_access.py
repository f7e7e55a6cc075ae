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
# table: (key columns, tables that must contain the key)
_NAMED = {
    "packages": (_LIST, ("findings",)),
    "details": (_DETAIL, ("findings",)),
    "vulnerabilities": (_ID, ("findings",)),
    "closed": (_PLACE, ("resources", "coverage")),
}


# Counts that can be summed over resources, and the full count that contains each.
_SHARED = {
    "resources": {
        f"shared_{name}": name
        for name in (
            "critical",
            "high",
            "medium",
            "low",
            "informational",
            "untriaged",
            "other",
            "suppressed",
            "fixable",
            "exploitable",
        )
    },
    "ages": {"shared": "findings"},
}


@dataclass(frozen=True, slots=True)
class Seen:
    """The selects for the visible rows of a table.

    ``select`` reads ``helpers``, which must be created first under their names. The helpers
    read the visible rows of the tables in ``reads``.

    ``plain``, if set, is equivalent as long as no helper has a row. It preserves the order of
    the parts in DuckDB, which no join does. ``order`` is that order.
    """

    select: str
    helpers: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    plain: str = ""
    order: str = ""


def seen(table: str, raw: str, access: Access) -> Seen:
    """Returns the selects for the visible rows of a table. ``raw`` is the select for all rows."""
    if access.everything:
        return Seen(raw)
    rows = f"({raw}) as t"
    if table == "findings" and not access.all_owners:
        return _findings(rows, _allowed("t", access))
    if table in _SHARED and not access.all_owners:
        return _shared(table, rows, _allowed("t", access))
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


def _shared(table: str, rows: str, allowed: str) -> Seen:
    """Returns the selects for counts of the resources of some owners.

    What counts at a resource that is not visible is counted at the finding's first visible
    resource. Findings on several resources can be counted twice there. Not counting them would
    look clean.
    """
    first = (
        "select distinct t.account_id, t.region, t.resource_type, t.resource_id from findings as t"
    )
    helper = (
        f"{first} join findings_first as f on f.finding_arn = t.finding_arn where"
        " t.resource_index = 0"
    )
    columns = ", ".join(f"case when m.resource_id is null then t.{name} else t.{own} end as {name}"
                        for name, own in _SHARED[table].items())  # fmt: skip
    same = " and ".join(f"m.{key} = t.{key}" for key in _PLACE)
    select = f"select t.* exclude ({', '.join(_SHARED[table])}), {columns} from {rows}"  # noqa: S608 - our own names
    return Seen(
        f"{select} left join {table}_moved as m on {same} where {allowed}",
        {f"{table}_moved": helper},
        ("findings",),
    )


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
