"""Rows of an answer as a pandas DataFrame. The type of a column follows from its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.severity import ORDER

if TYPE_CHECKING:
    import pandas as pd

_DAYS = frozenset({"date", "kev_added", "kev_due", "exploit_observed"})  # and what ends with _on
_TIMES = frozenset({"as_of", "exposed_since"})  # and what ends with _at
_WHOLE = ("_days", "days_left", "_count")  # ends of names: whole numbers, also where none is known
_SEVERITIES = frozenset({"severity", "severity_before"})


def frame_of(
    rows: Sequence[Mapping[str, Any]], fields: Sequence[str], *, typed: bool = True
) -> pd.DataFrame:
    """The rows as a DataFrame, with the columns ``fields`` first, then any others.

    Times (``…_at``) are in UTC, dates (``…_on``) have no time zone, and severities are an ordered
    categorical, worst first. Integers and booleans are nullable (``pandas.NA``). Without ``typed``,
    only integers and booleans are converted.
    """
    columns = dict.fromkeys([*fields, *(name for row in rows for name in row)])
    values = {name: [row.get(name) for row in rows] for name in columns}
    made = {name: _column(name if typed else "", each) for name, each in values.items()}
    frame: pd.DataFrame = _pandas().DataFrame(made, columns=[*columns])
    return frame


def _column(name: str, values: Sequence[Any]) -> Any:
    pd = _pandas()
    if name.endswith("_at") or name in _TIMES:
        return pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601")
    if name.endswith("_on") or name in _DAYS:
        return pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601")
    if name in _SEVERITIES:
        others = sorted({one for one in values if one is not None} - set(ORDER))
        return pd.Categorical(values, categories=[*ORDER, *others], ordered=True)
    if name.endswith(_WHOLE):
        return pd.Series(values, dtype="Int64")
    kinds = {type(one) for one in values if one is not None}
    return pd.Series(
        values, dtype={bool: "boolean", int: "Int64"}.get(kinds.pop()) if len(kinds) == 1 else None
    )


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        do = "Install it: pip install 'sre-operations-assistant[notebooks]'."
        raise UsageError("a frame needs pandas", why="it is not installed", do=do) from error
    return pd
