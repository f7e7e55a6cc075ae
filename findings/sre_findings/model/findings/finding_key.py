"""The product's key for a finding of a physical resource.

The key is the same in every snapshot; Inspector's ARN can change.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5
from typing import Any


def partition_of(finding_arn: str | None) -> str:
    """``aws``, ``aws-cn`` or ``aws-us-gov``; ``aws`` if the text is not an ARN."""
    parts = (finding_arn or "").split(":", 2)
    return parts[1] if parts[0] == "arn" and len(parts) == 3 else "aws"


def finding_key(row: Mapping[str, Any], ordinal: int = 0) -> str:
    """The key of a row of findings, the same as in ``sre_scanner/history/events.sql``.

    ``ordinal``, from 0, distinguishes several findings of one subject on one resource.
    """
    what = next(
        (row[name] for name in ("subject", "title", "finding_arn") if row.get(name) is not None), ""
    )
    place = [row[name] for name in ("account_id", "region", "resource_type", "resource_id")]
    parts = [partition_of(row["finding_arn"]), *place, what, *([str(ordinal)] if ordinal else [])]
    return md5(
        "|".join(part or "" for part in parts).encode("utf-8", "replace"), usedforsecurity=False
    ).hexdigest()
