"""One text of a query for every engine: DuckDB's dialect in, Spark's or Athena's out.

Values become literals of the syntax tree, never text in text, so that no quote or backslash ends
one. DuckDB itself takes parameters and needs none of this.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp

from sre_findings.engine.catalogue import PARAMETER, catalogued

SPARK, ATHENA = "spark", "athena"
# a call can stand wherever a value can; sqlglot takes some ``:name`` for other syntax of DuckDB
_PLACE = "parameter_named"
_ELSEWHERE = re.compile(r"^-- Elsewhere: (order by .+)$", re.MULTILINE)


def render(
    query: str, dialect: str, parameters: Mapping[str, Any], pinned: Mapping[str, str] | None = None
) -> str:
    """A query of the catalogue for SPARK or ATHENA, its parameters in it. ``pinned`` gives tables a
    select of their own.

    Raises KeyError for a parameter that is not there, TypeError for a value that no two engines
    write alike.
    """
    tree = _parsed(query).copy()
    _pin(tree, pinned or {})
    _fill(tree, parameters)
    return tree.transform(_FUNCTIONS[dialect], copy=False).sql(dialect=dialect, comments=False)


@functools.cache
def _parsed(query: str) -> exp.Query:
    """The syntax tree. Parts of a snapshot have an order that only DuckDB keeps; elsewhere it must
    be asked for."""
    text = catalogued(query)
    if elsewhere := _ELSEWHERE.search(text):
        text = f"{text}\n{elsewhere[1]}"
    tree = sqlglot.parse_one(PARAMETER.sub(rf"{_PLACE}('\1')", text), read="duckdb")
    if not isinstance(tree, exp.Query):
        raise TypeError(f"{query} is no query")
    return tree


def tables_of(query: str) -> set[str]:
    """The tables that a query reads."""
    tree = _parsed(query)
    return {one.name for one in tree.find_all(exp.Table)} - {
        one.alias for one in tree.find_all(exp.CTE)
    }


def of_snapshots(database: str, table: str, snapshot_ids: Iterable[str]) -> str:
    """Athena's select of a table's rows of some snapshots, for ``pinned``."""
    source = exp.select("*").from_(exp.table_(table, db=database, quoted=True))
    return source.where(exp.column("snapshot_id").isin(*snapshot_ids)).sql(ATHENA)


def nothing(columns: Iterable[tuple[str, str]]) -> str:
    """Athena's select of no row of these columns, for ``pinned``."""
    return (
        exp.select(*(f"cast(null as {kind}) as {name}" for name, kind in columns))
        .where(exp.false())
        .sql(ATHENA)
    )


def rendered(select: str, dialect: str, names: Iterable[str] = ()) -> str:
    """A select of ``seen`` for SPARK or ATHENA. Athena has no word for all columns but some: it
    needs their ``names``."""
    tree = sqlglot.parse_one(select, read="duckdb")
    first = tree.expressions[0].this if dialect == ATHENA and tree.expressions else None
    if isinstance(first, exp.Star) and (left_out := first.args.get("except_")):
        kept = [
            exp.column(name, table="t")
            for name in names
            if name not in {one.name for one in left_out}
        ]
        tree.set("expressions", [*kept, *tree.expressions[1:]])
    for place in list(tree.find_all(exp.GT)):
        if isinstance(place.this, exp.Anonymous) and place.this.name == "list_position":
            values, column = place.this.expressions
            place.replace(exp.In(this=column, expressions=values.expressions))
    return tree.sql(dialect=dialect)


def _pin(tree: exp.Query, pinned: Mapping[str, str]) -> None:
    """Puts a ``with`` for each table before the query's own, which read them."""
    for name, source in pinned.items():
        tree.with_(name, as_=sqlglot.parse_one(source, read=ATHENA), copy=False)
    if pinned and (found := tree.find(exp.With)):
        own = len(found.expressions) - len(pinned)
        found.set("expressions", found.expressions[own:] + found.expressions[:own])


def _fill(tree: exp.Expr, parameters: Mapping[str, Any]) -> None:
    """Puts the values in the places of the parameters."""
    for found in list(tree.find_all(exp.ArrayContains)):
        if name := _parameter(found.this):
            found.replace(_any_of(parameters[name], found.expression))
    for limit in list(tree.find_all(exp.Limit, exp.Offset)):
        if (name := _parameter(limit.expression)) and parameters[name] is None:
            limit.pop()
    for place in list(tree.find_all(exp.Anonymous)):
        if name := _parameter(place):
            place.replace(_literal(parameters[name]))


def _parameter(node: exp.Expr) -> str | None:
    """The name of the parameter that stands here, if one does."""
    return (
        str(node.expressions[0].this)
        if isinstance(node, exp.Anonymous) and node.name == _PLACE
        else None
    )


def _any_of(values: Sequence[Any] | None, column: exp.Expr) -> exp.Expr:
    """``list_contains(:values, column)`` as every engine has it, and as it may skip files by it."""
    return (
        exp.In(this=column, expressions=[_literal(value) for value in values])
        if values
        else exp.false()
    )


def _literal(value: Any) -> exp.Expr:
    match value:
        case list() | tuple():
            return exp.true()  # all that is left of a list is ``:values is null``, and it is not
        case bool() | None | int() | str():
            return exp.convert(value)
        case float():
            return exp.cast(exp.Literal.number(repr(value)), exp.DataType.Type.DOUBLE)
        case _:
            raise TypeError(
                f"{type(value).__name__} has no form that every engine takes; use a number or a"
                " text"
            )


def _for_spark(node: exp.Expr) -> exp.Expr:
    if moment := _epoch_us(node):
        return exp.func("unix_micros", moment)
    return node


def _for_athena(node: exp.Expr) -> exp.Expr:
    if moment := _epoch_us(node):
        # A double holds the microseconds of our centuries exactly enough to be rounded to them.
        micros = exp.func(
            "round",
            exp.Mul(this=exp.func("to_unixtime", moment), expression=exp.Literal.number(1_000_000)),
        )
        return exp.cast(micros, exp.DataType.Type.BIGINT)
    if isinstance(node, exp.RegexpReplace):
        node.set("modifiers", None)  # it replaces all there are, and has no word for that
    return node


def _epoch_us(node: exp.Expr) -> exp.Expr | None:
    """The moment in DuckDB's ``epoch_us(moment)``, which sqlglot leaves as it is."""
    found = isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us"
    return node.expressions[0] if found else None


_FUNCTIONS = {SPARK: _for_spark, ATHENA: _for_athena}
