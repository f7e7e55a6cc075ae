"""Translates queries from DuckDB's dialect to Spark's or Athena's.

Parameters become literals in the syntax tree instead of text, so quotes and backslashes cannot
inject SQL. DuckDB itself supports parameters and does not use this module.
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
# A function call is valid wherever a value is. sqlglot would parse some ``:name`` as other syntax.
_PLACE = "parameter_named"
_ELSEWHERE = re.compile(r"^-- Elsewhere: (order by .+)$", re.MULTILINE)


def render(
    query: str, dialect: str, parameters: Mapping[str, Any], pinned: Mapping[str, str] | None = None
) -> str:
    """Returns a query of the catalogue for SPARK or ATHENA, with its parameters as literals.

    ``pinned`` replaces tables with selects. Raises KeyError for a missing parameter, and
    TypeError for a value whose literal differs between engines.
    """
    tree = _parsed(query).copy()
    _pin(tree, pinned or {})
    _fill(tree, parameters)
    return tree.transform(_FUNCTIONS[dialect], copy=False).sql(dialect=dialect, comments=False)


@functools.cache
def _parsed(query: str) -> exp.Query:
    """Returns the syntax tree of a query.

    Only DuckDB preserves the order of the parts of a snapshot. For other engines the query's
    ``-- Elsewhere: order by`` comment is added as a clause.
    """
    text = catalogued(query)
    if elsewhere := _ELSEWHERE.search(text):
        text = f"{text}\n{elsewhere[1]}"
    tree = sqlglot.parse_one(PARAMETER.sub(rf"{_PLACE}('\1')", text), read="duckdb")
    if not isinstance(tree, exp.Query):
        raise TypeError(f"{query} is no query")
    return tree


def tables_of(query: str) -> set[str]:
    """Returns the tables that a query reads."""
    tree = _parsed(query)
    return {one.name for one in tree.find_all(exp.Table)} - {
        one.alias for one in tree.find_all(exp.CTE)
    }


def of_snapshots(database: str, table: str, snapshot_ids: Iterable[str]) -> str:
    """Returns Athena's select of a table's rows of some snapshots, for ``pinned``."""
    source = exp.select("*").from_(exp.table_(table, db=database, quoted=True))
    return source.where(exp.column("snapshot_id").isin(*snapshot_ids)).sql(ATHENA)


def nothing(columns: Iterable[tuple[str, str]]) -> str:
    """Returns Athena's select of no rows with these columns, for ``pinned``."""
    return (
        exp.select(*(f"cast(null as {kind}) as {name}" for name, kind in columns))
        .where(exp.false())
        .sql(ATHENA)
    )


def rendered(select: str, dialect: str, names: Iterable[str] = ()) -> str:
    """Returns a select of ``seen`` for SPARK or ATHENA.

    Athena has no ``exclude``, so the select lists the table's columns, given as ``names``.
    """
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
        if position := _position(place.this):
            values, column = position
            place.replace(exp.In(this=column, expressions=values.expressions))
    return tree.sql(dialect=dialect)


def _position(node: exp.Expr) -> Sequence[exp.Expr] | None:
    """Returns the arguments of DuckDB's ``list_position(values, value)``; None for other nodes."""
    found = isinstance(node, exp.Anonymous) and node.name.lower() == "list_position"
    return node.expressions if found else None


def _pin(tree: exp.Query, pinned: Mapping[str, str]) -> None:
    """Adds a ``with`` clause for each table before those of the query, which read them."""
    for name, source in pinned.items():
        tree.with_(name, as_=sqlglot.parse_one(source, read=ATHENA), copy=False)
    if pinned and (found := tree.find(exp.With)):
        own = len(found.expressions) - len(pinned)
        found.set("expressions", found.expressions[own:] + found.expressions[:own])


def _fill(tree: exp.Expr, parameters: Mapping[str, Any]) -> None:
    """Replaces the parameters with their values."""
    for found in list(tree.find_all(exp.ArrayContains)):
        if name := _parameter(found.this):
            found.replace(_any_of(parameters[name], found.expression))
    for compared in list(tree.find_all(exp.GT)):
        if (position := _position(compared.this)) and (name := _parameter(position[0])):
            compared.replace(_any_of(parameters[name], position[1]))
    for limit in list(tree.find_all(exp.Limit, exp.Offset)):
        if (name := _parameter(limit.expression)) and parameters[name] is None:
            limit.pop()
    for place in list(tree.find_all(exp.Anonymous)):
        if name := _parameter(place):
            place.replace(_literal(parameters[name]))


def _parameter(node: exp.Expr) -> str | None:
    """Returns the name of the parameter if the node is one, or None."""
    return (
        str(node.expressions[0].this)
        if isinstance(node, exp.Anonymous) and node.name == _PLACE
        else None
    )


def _any_of(values: Sequence[Any] | None, column: exp.Expr) -> exp.Expr:
    """Returns ``list_contains(:values, column)`` as an ``in`` condition.

    Every engine supports it and can use it to skip files.
    """
    return (
        exp.In(this=column, expressions=[_literal(value) for value in values])
        if values
        else exp.false()
    )


def _literal(value: Any) -> exp.Expr:
    match value:
        case list() | tuple():
            return exp.true()  # only ``:values is null`` is left, which is false for any value
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
        # A double is precise enough for rounding current times to microseconds.
        micros = exp.func(
            "round",
            exp.Mul(this=exp.func("to_unixtime", moment), expression=exp.Literal.number(1_000_000)),
        )
        return exp.cast(micros, exp.DataType.Type.BIGINT)
    if isinstance(node, exp.RegexpReplace):
        node.set("modifiers", None)  # Athena always replaces all matches and has no modifiers.
    return node


def _epoch_us(node: exp.Expr) -> exp.Expr | None:
    """Returns the argument of DuckDB's ``epoch_us(moment)``, which sqlglot does not translate.

    Returns None for any other node.
    """
    found = isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us"
    return node.expressions[0] if found else None


_FUNCTIONS = {SPARK: _for_spark, ATHENA: _for_athena}
