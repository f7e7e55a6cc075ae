"""Details of each vulnerability that findings do not have.

They are KEV dates, EPSS, observed exploits and CWEs. Inspector is queried for one finding per
vulnerability, ten per request and whatever its severity, because KEV contains vulnerabilities that
are medium or untriaged too. The answers are kept across snapshots, with their date.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from sre_findings.inspector.listing import DETAIL_ARNS, Inspector
from sre_findings.inspector.retry import Tally
from sre_findings.model.errors import Unreadable
from sre_findings.model.findings.finding import NO_ARN
from sre_findings.model.timestamps import moment_of

FRESH = timedelta(
    hours=20
)  # the next daily scan queries again, a second scan on the same day does not
KEPT = timedelta(days=90)  # how long a vulnerability without findings is kept
PATIENCE = 1800.0  # limit in seconds: a snapshot in time is worth more than all details
_NOT_FOUND = "FINDING_DETAILS_NOT_FOUND"

Known = dict[str, dict[str, Any]]
"""Rows of ``vulnerabilities``, by id."""


@dataclass(slots=True)
class Enrichment:
    """Rows of ``vulnerabilities``, and notes about what could not be read."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def samples(parts: Iterable[Path], region: str) -> Iterator[tuple[str, str, str]]:
    """Yields (vulnerability, region, ARN of one of its findings).

    Each vulnerability in these parts occurs at least once.
    """
    seen: set[str] = set()
    for path in parts:
        for batch in pq.ParquetFile(path).iter_batches(
            columns=["vulnerability_id", "finding_arn", "status"]
        ):
            words = batch.column("vulnerability_id")
            names = words.dictionary.to_pylist() if hasattr(words, "dictionary") else None
            codes = (
                (words.indices if names is not None else words.dictionary_encode().indices)
                .fill_null(-1)
                .to_numpy()
            )
            names = names if names is not None else words.dictionary_encode().dictionary.to_pylist()
            distinct, first = np.unique(codes, return_index=True)
            for code, place in zip(distinct.tolist(), first.tolist(), strict=True):
                if code >= 0 and names[code] not in seen:
                    seen.add(names[code])
                    yield names[code], region, batch.column("finding_arn")[place].as_py()


def enrich(
    wanted: Iterable[tuple[str, str, str]],
    known: Known,
    inspectors: Callable[[str], Inspector],
    now: datetime,
    clock: Callable[[], float] = time.monotonic,
) -> Enrichment:
    """Returns rows for all wanted vulnerabilities, and for those known recently.

    Wanted vulnerabilities are read again if the known rows are not from today.
    """
    ends, done, by_region = clock() + PATIENCE, Enrichment(), _to_ask(wanted, known, now)
    rows = {
        name: row
        for name, row in known.items()
        if row["checked_at"] is None or now - row["checked_at"] < KEPT
    }
    for region, asked in by_region.items():
        try:
            for row in _ask(inspectors(region), asked, now, lambda: clock() > ends):
                rows[row["vulnerability_id"]] = _keeping(rows.get(row["vulnerability_id"]), row)
        except Unreadable as error:
            done.notes.append(f"{region}: not all details of vulnerabilities were read: {error}")
    missing = {name for asked in by_region.values() for name in asked} - rows.keys()
    done.rows = [
        rows[name] if name in rows else _unchecked(name) for name in sorted(rows.keys() | missing)
    ]
    return done


def _to_ask(
    wanted: Iterable[tuple[str, str, str]], known: Known, now: datetime
) -> dict[str, dict[str, str]]:
    """Returns the vulnerabilities to query by region, each once, with the ARN of a finding."""
    asked: dict[str, dict[str, str]] = {}
    taken: set[str] = set()
    for name, region, arn in wanted:
        row = known.get(name)
        fresh = (
            row is not None and row["checked_at"] is not None and now - row["checked_at"] < FRESH
        )
        if not fresh and name not in taken:
            taken.add(name)
            asked.setdefault(region, {})[name] = arn
    return asked


def _ask(
    inspector: Inspector, asked: Mapping[str, str], now: datetime, late: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    # One invalid ARN would make Inspector refuse all ten.
    names = sorted(name for name, arn in asked.items() if not arn.startswith(NO_ARN))
    for start in range(0, len(names), DETAIL_ARNS):
        if late():
            raise Unreadable(f"only {start:,} of {len(names):,} in {PATIENCE / 60:.0f} minutes")
        chosen = names[start : start + DETAIL_ARNS]
        found, failed = inspector.details([asked[name] for name in chosen], Tally())
        yield from (_row(name, asked[name], found, failed, now) for name in chosen)


def _row(
    name: str, arn: str, found: Mapping[str, Any], failed: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Returns the row of one vulnerability.

    If Inspector has no details, the vulnerability is unchecked, which does not mean that it is not
    in KEV.
    """
    if (wire := found.get(arn)) is None:
        return _unchecked(name) | {"checked_at": now, "problem": failed.get(arn, _NOT_FOUND)}
    cisa, seen = _object(wire.get("cisaData")), _object(wire.get("exploitObserved"))
    cwes = wire.get("cwes")
    return {
        "vulnerability_id": name,
        "checked": True,
        "checked_at": now,
        "problem": None,
        "kev_added": _day(cisa.get("dateAdded")),
        "kev_due": _day(cisa.get("dateDue")),
        "kev_action": _text(cisa.get("action")),
        "epss_score": _share(wire.get("epssScore")),
        "exploit_first_seen": moment_of(seen.get("firstSeen")),
        "exploit_last_seen": moment_of(seen.get("lastSeen")),
        "cwes": ",".join(map(str, cwes)) or None if isinstance(cwes, list) else None,
        "wire": json.dumps(
            {k: v for k, v in wire.items() if k != "findingArn"},
            separators=(",", ":"),
            sort_keys=True,
        ),
    }


def _keeping(before: Mapping[str, Any] | None, row: dict[str, Any]) -> dict[str, Any]:
    """Keeps the earlier answer with its date if the new request failed."""
    return (
        dict(before) | {"problem": row["problem"]}
        if before and before["checked"] and not row["checked"]
        else row
    )


def _unchecked(name: str) -> dict[str, Any]:
    return {"vulnerability_id": name, "checked": False, "checked_at": None, "problem": "not asked"}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _day(value: Any) -> date | None:
    moment = moment_of(value)
    return moment.date() if moment else None


def _share(value: Any) -> float | None:
    """Returns a number from 0 to 1, or None."""
    return (
        value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        else None
    )
