"""Blobs in an S3 bucket: checksummed uploads, conditional commits, private by the bucket's own policy."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sre_findings.files import draft
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.blobs import Missing, mapped_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PIECE = 1 << 20  # bytes


class S3Blobs:
    """A bucket and a prefix in it. A commit is a PUT with ``If-None-Match: *`` (S3 user guide, "Conditional writes")."""

    def __init__(self, bucket: str, prefix: str = "", client: S3Client | None = None) -> None:
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        with self._mapped("cannot reach it", ""):
            self._s3 = client or _connect()

    @property
    def url(self) -> str:
        """``s3://bucket/prefix``."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, key: str) -> bytes:
        """See Blobs."""
        with self._mapped(f"cannot read {key}", key):
            return self._s3.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read()

    @contextlib.contextmanager
    def write(self, key: str) -> Iterator[BinaryIO]:
        """See Blobs. The file is local until the block ends; then it is uploaded with its SHA-256."""
        with mapped_errors(f"cannot write a temporary file for {key}"), tempfile.TemporaryFile() as file:
            yield cast("BinaryIO", file)
            file.seek(0)
            with self._mapped(f"cannot write {key}", key):
                self._s3.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=file, ChecksumAlgorithm="SHA256")

    def create(self, key: str, body: bytes) -> bool:
        """See Blobs. 412 says that the key exists, 409 that another writer is just taking it."""
        import botocore.exceptions  # noqa: PLC0415

        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=body, IfNoneMatch="*", ChecksumAlgorithm="SHA256"
            )
        except botocore.exceptions.ClientError as error:
            answer: Any = error.response
            if answer["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                # An attempt whose answer was lost may have written it, and the SDK's next one have met our own blob.
                return answer["ResponseMetadata"]["RetryAttempts"] > 0 and self._holds(key, body)
            raise self._error(f"cannot write {key}", error) from error
        except botocore.exceptions.BotoCoreError as error:
            raise self._error(f"cannot write {key}", error) from error
        return True

    def _holds(self, key: str, body: bytes) -> bool:
        try:
            return self.read(key) == body
        except Missing:
            return False

    def keys(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        with self._mapped(f"cannot list {prefix}", prefix):
            pager = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
            listed = (str(item.get("Key", "")) for page in pager for item in page.get("Contents", []))
            found = [name.removeprefix(self._prefix) for name in listed]
        yield from sorted(found)

    def delete(self, key: str) -> None:
        """See Blobs."""
        with self._mapped(f"cannot delete {key}", key):
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def fetch(self, key: str, to: Path) -> Path:
        """See Blobs. A download that breaks off leaves nothing at ``to``; none is ever in memory as a whole."""
        reading = f"cannot read {key}"
        with self._mapped(reading, key):
            body = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"]
        with mapped_errors(f"cannot write {to}"), draft(to) as path:
            with path.open("xb") as file, self._mapped(reading, key):
                shutil.copyfileobj(body, file, _PIECE)
            return path.replace(to)

    @contextlib.contextmanager
    def _mapped(self, doing: str, key: str) -> Iterator[None]:
        import botocore.exceptions  # noqa: PLC0415

        try:
            yield
        except botocore.exceptions.ClientError as error:
            answer: Any = error.response
            if answer["Error"]["Code"] in ("NoSuchKey", "404"):
                raise Missing(key) from error
            raise self._error(doing, error) from error
        except botocore.exceptions.BotoCoreError as error:
            raise self._error(doing, error) from error

    def _error(self, doing: str, error: Exception) -> StoreUnreadable:
        do = "Check SRE_STORE, the bucket's policy and your credentials."
        return StoreUnreadable(f"{self.url}: {doing}", why=str(error).splitlines()[0], do=do)


def _connect() -> S3Client:
    """A client with time-outs, and the SDK's standard retries, which are right for a store."""
    import boto3  # noqa: PLC0415
    import botocore.config  # noqa: PLC0415

    options: dict[str, Any] = {
        "connect_timeout": 5,
        "read_timeout": 60,
        "retries": {"mode": "standard", "total_max_attempts": 5},
    }
    return boto3.client("s3", config=botocore.config.Config(**options))
