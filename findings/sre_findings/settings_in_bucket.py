"""A settings file in a bucket, with the files that it names. Containers use it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sre_findings.aws_errors import first_line, sdk_errors
from sre_findings.model.errors import UsageError

LARGEST = 4 << 20  # maximum bytes per file
_PLACE = re.compile(r"s3://([a-z0-9.-]{3,63})/(?:(.+)/)?([^/]+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def fetch(
    place: str,
    cache: Path,
    named: Iterable[str],
    read: Callable[[Path], Mapping[str, str]],
    client: Any = None,
) -> Path:
    """Downloads a settings file such as ``s3://bucket/config/sre-ops.toml`` and returns its path.

    Also downloads the files that its keys in ``named`` refer to. Nothing is cached, so a change
    takes effect with the next task. Raises UsageError if a file is missing or invalid.
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        raise UsageError(
            f"SRE_SETTINGS={place!r} is not a file in a bucket",
            do="Use s3://bucket/config/sre-ops.toml.",
        )
    bucket, prefix, name = match[1], f"{match[2]}/" if match[2] else "", match[3]
    folder = cache / hashlib.sha256(f"{bucket}/{prefix}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    client = client or _connect()
    file = _copied(client, bucket, prefix, name, folder)
    values = read(file)
    for key in named:
        if values.get(key):
            _copied(client, bucket, prefix, _plain(key, values[key]), folder)
    return file


def _plain(key: str, name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"{key} names {name!r}",
            why="its file must be in the folder of the settings",
            do="Use a name such as owners.toml.",
        )
    return name


def _copied(client: Any, bucket: str, prefix: str, name: str, folder: Path) -> Path:
    where = f"s3://{bucket}/{prefix}{name}"
    try:
        content = client.get_object(Bucket=bucket, Key=prefix + name)["Body"].read(LARGEST + 1)
    except sdk_errors() as error:
        do = "Check SRE_SETTINGS, that the file is there, and s3:GetObject of the role."
        raise UsageError(f"{where} cannot be read", why=first_line(error), do=do) from error
    if len(content) > LARGEST:
        raise UsageError(f"{where} is larger than {LARGEST:,} bytes")
    # Settings cannot name such a file. The process ID keeps concurrent downloads apart.
    draft = folder / f"..{os.getpid()}.{name}"
    draft.write_bytes(content)
    return draft.replace(folder / name)


def _connect() -> Any:
    import boto3
    import botocore.config

    retries: Any = {"mode": "standard", "total_max_attempts": 5}
    return boto3.client(
        "s3", config=botocore.config.Config(connect_timeout=5, read_timeout=20, retries=retries)
    )
