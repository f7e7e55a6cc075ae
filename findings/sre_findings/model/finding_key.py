"""Our own name for one finding of one physical resource, the same night after night; Inspector's ARN may change."""

from __future__ import annotations

from hashlib import md5


def partition_of(finding_arn: str | None) -> str:
    """``aws``, ``aws-cn`` or ``aws-us-gov``; what is no ARN is of the first."""
    parts = (finding_arn or "").split(":", 2)
    return parts[1] if parts[0] == "arn" and len(parts) == 3 else "aws"


def finding_key(
    *,
    finding_arn: str | None,
    account_id: str | None,
    region: str,
    resource_type: str | None,
    resource_id: str | None,
    subject: str | None,
    title: str | None,
) -> str:
    """The key that the history's events carry (``ask/nightly/lifecycle.sql``), of a row of findings."""
    what = next((text for text in (subject, title, finding_arn) if text is not None), "")
    parts = (partition_of(finding_arn), account_id, region, resource_type, resource_id, what)
    return md5("|".join(part or "" for part in parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
