from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3
import pytest

from sre_findings.model.errors import UsageError
from sre_findings.settings import load

PLACE = "s3://settings/config/sre-ops.toml"


@pytest.fixture
def bucket(aws: str) -> Any:
    client: Any = boto3.client("s3")
    client.create_bucket(
        Bucket="settings", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return client


def put(bucket: Any, **files: str) -> None:
    for name, text in files.items():
        bucket.put_object(
            Bucket="settings", Key=f"config/{name.replace('_', '.')}", Body=text.encode()
        )


def settings(tmp_path: Path, **environ: str) -> Any:
    return load(
        {**os.environ, "SRE_SETTINGS": PLACE, "SRE_STORE": "file:///nowhere", **environ}, tmp_path
    )


def test_a_container_finds_its_settings_and_the_files_that_they_name_in_a_bucket(
    bucket: Any, tmp_path: Path
) -> None:
    bucket.put_object(
        Bucket="settings",
        Key="config/sre-ops.toml",
        Body=b'owner_tag = "squad"\nowners = "owners.toml"\nregions = "eu-west-1,us-east-1"\n',
    )
    put(bucket, owners_toml="[[owner]]\n")
    found = settings(tmp_path)
    assert (found.owner_tag, found.regions) == ("squad", ("eu-west-1", "us-east-1"))
    assert found.owners.read_text() == "[[owner]]\n"
    put(bucket, owners_toml="[[owner]]\nname = 'new'\n")
    assert settings(tmp_path).owners.read_text() == "[[owner]]\nname = 'new'\n"


def test_the_environment_goes_over_the_file_in_the_bucket(bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(
        Bucket="settings", Key="config/sre-ops.toml", Body=b'owner_tag = "squad"\nmax_age = "30h"\n'
    )
    found = settings(tmp_path, SRE_OWNER_TAG="team")
    assert (found.owner_tag, found.max_age.total_seconds()) == ("team", 30 * 3600)


@pytest.mark.parametrize("name", ["../owners.toml", "/etc/passwd", "a/b.toml", ".hidden"])
def test_a_file_that_is_not_beside_the_settings_is_refused(
    bucket: Any, tmp_path: Path, name: str
) -> None:
    bucket.put_object(
        Bucket="settings", Key="config/sre-ops.toml", Body=f'owners = "{name}"\n'.encode()
    )
    with pytest.raises(UsageError, match="owners names"):
        settings(tmp_path)


def test_what_is_not_there_is_named(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"s3://settings/config/sre-ops\.toml cannot be read"):
        settings(tmp_path)
    bucket.put_object(
        Bucket="settings", Key="config/sre-ops.toml", Body=b'owners = "owners.toml"\n'
    )
    with pytest.raises(UsageError, match=r"s3://settings/config/owners\.toml cannot be read"):
        settings(tmp_path)


def test_a_place_that_is_no_file_in_a_bucket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a file in a bucket"):
        settings(tmp_path, SRE_SETTINGS="/etc/sre-ops.toml")
