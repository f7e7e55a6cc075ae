"""Flags override the environment, the file and the defaults; an invalid setting is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sre_findings.model.errors import UsageError
from sre_findings.settings import FILE, load, span


def test_flags_go_over_the_environment_over_the_file_over_the_defaults(tmp_path: Path) -> None:
    assert load({}, tmp_path).owner_tag == "team"
    assert load({}, tmp_path).max_age == timedelta(hours=26)
    (tmp_path / FILE).write_text('owner_tag = "squad"\nmax_age = "3d"\nstore = "/file"\n')
    assert load({}, tmp_path).owner_tag == "squad"
    settings = load({"SRE_MAX_AGE": "90m", "SRE_STORE": "/environment"}, tmp_path)
    assert (settings.max_age, settings.store) == (timedelta(minutes=90), "/environment")
    assert load({"SRE_STORE": "/environment"}, tmp_path, store="/flag").store == "/flag"


def test_the_default_store_is_in_the_users_data_and_its_table_beside_it(tmp_path: Path) -> None:
    settings = load({}, tmp_path)
    assert settings.store.endswith("sre-operations-assistant/store")
    assert settings.table == f"sqlite:///{settings.store}/table.db"
    assert load({"SRE_STORE": "file:///a/b"}, tmp_path).table == "sqlite:////a/b/table.db"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 'red'", "colour"),
        ("store = 1", "an unknown setting"),
        ("store =", "cannot be read"),
        ("max_age = 'soon'", "duration"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=words):
        load({}, tmp_path)


def test_a_bucket_needs_a_table_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SRE_TABLE is not set"):
        load({"SRE_STORE": "s3://bucket/prefix"}, tmp_path)
    assert (
        load({"SRE_STORE": "s3://b", "SRE_TABLE": "dynamodb://t"}, tmp_path).table == "dynamodb://t"
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("90m", 5400), ("26h", 93600), ("3 d", 259200)]
)
def test_lengths_of_time_are_read(text: str, seconds: int) -> None:
    assert span(text) == timedelta(seconds=seconds)
