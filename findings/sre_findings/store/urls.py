"""Opens the store or the table at a URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sre_findings.model.errors import UsageError
from sre_findings.store.objects.blobs import Blobs, FolderBlobs
from sre_findings.store.records.table import SqliteTable, Table

if TYPE_CHECKING:
    from sre_findings.store.snapshots.signing import SigningKey


def open_blobs(url: str, kms_key: str = "") -> Blobs:
    """Returns the store at ``file:///…`` or ``s3://bucket/prefix``.

    Objects written to a bucket are encrypted with ``kms_key``, if set. Raises UsageError for
    any other URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        from sre_findings.store.objects.s3 import S3Blobs

        return S3Blobs(parts.netloc, parts.path.strip("/"), kms_key=kms_key)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FolderBlobs(Path(unquote(parts.path)))
    if not parts.scheme and url:
        return FolderBlobs(Path(url).absolute())
    raise UsageError(f"{url!r} is not a store", do="Use file:///a/folder or s3://bucket/prefix.")


def open_key(name: str) -> SigningKey | None:
    """Returns the key that signs snapshots, or None for an empty name. No request is made yet."""
    if not name:
        return None
    from sre_findings.store.snapshots.signing import SigningKey

    return SigningKey(name)


def open_table(url: str) -> Table:
    """Returns the table at a URL.

    The URL is ``sqlite:///relative``, ``sqlite:////absolute`` or ``dynamodb://table``. Raises
    UsageError for any other.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "dynamodb" and rest.strip("/"):
        from sre_findings.store.records.dynamodb import DynamoTable

        return DynamoTable(rest.strip("/"))
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return SqliteTable(Path(rest[1:]))
    raise UsageError(
        f"{url!r} is not a table", do="Use sqlite:////absolute/file.db or dynamodb://table."
    )
