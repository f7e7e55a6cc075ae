"""Blobs in an S3 bucket, with checksummed uploads and conditional commits.

The bucket's own policy keeps them private.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sre_findings.aws_errors import failure_of, first_line, sdk_errors
from sre_findings.files import draft, mapped_errors
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.objects.blob_keys import checked, checked_prefix
from sre_findings.store.objects.blobs import LARGEST, Missing, Served, Taken

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_VERIFY = "Run: sre-cli snapshots verify."
_PIECE = 1 << 20  # bytes that are copied at once


class S3Blobs:
    """A bucket and a prefix in it.

    A commit is a PUT with ``If-None-Match: *`` (S3 user guide, "Conditional writes"). With
    ``kms_key`` every blob is encrypted with it. Without, the bucket's default encryption
    applies; requesting AES256 would override it.
    """

    def __init__(
        self, bucket: str, prefix: str = "", client: S3Client | None = None, kms_key: str = ""
    ) -> None:
        self._bucket, self._prefix, self._kms_key = bucket, f"{prefix}/" if prefix else "", kms_key
        with self._mapped("cannot reach it", ""):
            self._s3 = client or _connect()

    @property
    def url(self) -> str:
        """The URL of the bucket and prefix, ``s3://bucket/prefix``."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, key: str) -> bytes:
        """See Blobs."""
        with self._mapped(f"cannot read {key}", key):
            found = self._s3.get_object(Bucket=self._bucket, Key=self._name(key))
            if found["ContentLength"] <= LARGEST:
                return found["Body"].read()
        raise StoreUnreadable(
            f"{self.url}: cannot read {key}", why=f"it is larger than {LARGEST:,} bytes"
        )

    @contextlib.contextmanager
    def write(
        self, key: str, served: Served | None = None, *, once: bool = False
    ) -> Iterator[BinaryIO]:
        """See Blobs. The file is local and is uploaded with its SHA-256 when the block ends."""
        with (
            mapped_errors(f"cannot write a temporary file for {key}"),
            tempfile.TemporaryFile() as file,
        ):
            yield cast("BinaryIO", file)
            self._put(key, cast("BinaryIO", file), served, once=once)

    def create(self, key: str, body: bytes) -> bool:
        """See Blobs."""
        try:
            self._put(key, io.BytesIO(body), None, once=True)
        except Taken:
            return False
        return True

    def _put(self, key: str, file: BinaryIO, served: Served | None, *, once: bool) -> None:
        """Uploads a file. Raises Taken if ``once`` is set and the key exists.

        S3 returns 412 if the key exists, and 409 if a concurrent request creates it.
        """
        file.seek(0)
        options: Any = _headers(served, self._kms_key) | ({"IfNoneMatch": "*"} if once else {})
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=self._name(key),
                Body=file,
                ChecksumAlgorithm="SHA256",
                **options,
            )
        except sdk_errors() as error:
            failure = failure_of(error)
            if not once or failure.status not in (409, 412):
                raise self._error(f"cannot write {key}", error) from error
            # If the response to a successful attempt was lost, the SDK's retry finds our own blob.
            if not (failure.attempts and self._holds(key, file)):
                raise Taken(key) from error

    def _holds(self, key: str, file: BinaryIO) -> bool:
        file.seek(0)
        try:
            return self.read(key) == file.read()
        except Missing:
            return False

    def keys(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        with self._mapped(f"cannot list {prefix}", prefix):
            pager = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + checked_prefix(prefix)
            )
            listed = (
                str(item.get("Key", "")) for page in pager for item in page.get("Contents", [])
            )
            found = [name.removeprefix(self._prefix) for name in listed]
        yield from sorted(found)

    def folders(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        start = self._prefix + checked_prefix(prefix)
        with self._mapped(f"cannot list {prefix}", prefix):
            pager = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=start, Delimiter="/"
            )
            listed = (
                str(item.get("Prefix", ""))
                for page in pager
                for item in page.get("CommonPrefixes", [])
            )
            found = [name.removeprefix(start).rstrip("/") for name in listed]
        yield from sorted(found)

    def delete(self, key: str) -> None:
        """See Blobs."""
        with self._mapped(f"cannot delete {key}", key):
            self._s3.delete_object(Bucket=self._bucket, Key=self._name(key))

    def copy(self, key: str, to: str) -> None:
        """See Blobs. S3 copies the object (up to 5 GB) without a download."""
        source: Any = {"Bucket": self._bucket, "Key": self._name(key)}
        options: Any = _headers(None, self._kms_key)
        with self._mapped(f"cannot copy {key}", key):
            self._s3.copy_object(
                Bucket=self._bucket,
                Key=self._name(to),
                CopySource=source,
                ChecksumAlgorithm="SHA256",
                **options,
            )

    def fetch(self, key: str, to: Path, size: int | None = None) -> Path:
        """See Blobs. The blob is streamed, and an interrupted download leaves no file at ``to``."""
        reading = f"cannot read {key}"
        with self._mapped(reading, key):
            found = self._s3.get_object(Bucket=self._bucket, Key=self._name(key))
        body, there = found["Body"], found["ContentLength"]
        if size not in (None, there):
            body.close()
            why = f"it has {there:,} bytes instead of {size:,}"
            raise StoreUnreadable(f"{self.url}: {reading}", why=why, do=_VERIFY)
        with mapped_errors(f"cannot write {to}"), draft(to) as path:
            with path.open("xb") as file, self._mapped(reading, key):
                shutil.copyfileobj(body, file, _PIECE)
            return path.replace(to)

    def link(self, key: str, seconds: int) -> str:
        """See Blobs. The link expires earlier if the credentials that sign it do."""
        with self._mapped(f"cannot make a link to {key}", key):
            place: Any = {"Bucket": self._bucket, "Key": self._name(key)}
            self._s3.head_object(**place)
            # Without the endpoint the SDK signs for the global host, which redirects, and S3 then
            # rejects the signature.
            signer = _connect(self._s3.meta.endpoint_url)
            return signer.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds)

    def _name(self, key: str) -> str:
        """Returns the object's key in the bucket."""
        return self._prefix + checked(key)

    @contextlib.contextmanager
    def _mapped(self, doing: str, key: str) -> Iterator[None]:
        try:
            yield
        except sdk_errors() as error:
            if failure_of(error).code in ("NoSuchKey", "404"):
                raise Missing(key) from error
            raise self._error(doing, error) from error

    def _error(self, doing: str, error: Exception) -> StoreUnreadable:
        do = self._allow(error) or "Check SRE_STORE, the bucket's policy and your credentials."
        return StoreUnreadable(f"{self.url}: {doing}", why=first_line(error), do=do)

    def _allow(self, error: Exception) -> str:
        """Returns the policy statement that would allow a denied request, or an empty string."""
        failure = failure_of(error)
        bucket = f"arn:{self._s3.meta.partition}:s3:::{self._bucket}" if failure.answered else ""
        listing = failure.operation == "ListObjectsV2"
        return failure.remedy("s3", bucket if listing else f"{bucket}/{self._prefix}*")


def _headers(served: Served | None, kms_key: str) -> dict[str, Any]:
    """Returns the request options of an upload: headers and encryption."""
    kept = (
        {"ContentType": served.content_type, "CacheControl": served.cache_control} if served else {}
    )
    sealed = (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key, "BucketKeyEnabled": True}
        if kms_key
        else {}
    )
    return {**kept, **sealed}


def _connect(endpoint: str | None = None) -> S3Client:
    """Returns a client with timeouts and the SDK's standard retries.

    Signature version 4 is set explicitly. By default the SDK signs some links with version 2,
    which KMS rejects.
    """
    import boto3
    import botocore.config

    options: dict[str, Any] = {
        "connect_timeout": 5,
        "read_timeout": 60,
        "signature_version": "s3v4",
        "retries": {"mode": "standard", "total_max_attempts": 5},
    }
    return boto3.client("s3", endpoint_url=endpoint, config=botocore.config.Config(**options))
