"""The channels file: every error names its line, and no digest goes to the wrong channel."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import UsageError
from sre_reports.digest.delivery.channels import (
    NOWHERE,
    Route,
    chosen,
    load,
    parse_routes,
)

GOOD = """\
channels:
  - channel: C0123456789
    owners: [payments, search, payments]
    page: true
  - channel: G0123456789   # a private channel
    owners: ["*"]
  - {channel: C9999999999, owners: data}
"""


def test_channels_come_in_order_with_their_owners(tmp_path: Path) -> None:
    path = tmp_path / "channels.yaml"
    path.write_text(GOOD)
    assert load(path) == [
        Route("C0123456789", ("payments", "search"), page=True),
        Route("G0123456789", ("*",)),
        Route("C9999999999", ("data",)),
    ]
    assert chosen(path, None) == load(path)
    assert chosen(path, "C9999999999") == [Route("C9999999999", ("data",))]
    with pytest.raises(
        UsageError,
        match="has no channel 'C8888888888': it has C0123456789, G0123456789, C9999999999",
    ):
        chosen(path, "C8888888888")


def test_without_a_file_the_channel_gets_all_resources(tmp_path: Path) -> None:
    assert chosen(None, "C0123456789") == [Route("C0123456789", ("*",), page=False)]
    with pytest.raises(UsageError, match=r"SRE_SLACK_CHANNELS.*--channel"):
        chosen(None, None)
    assert chosen(None, None, unsent=True) == [NOWHERE]
    with pytest.raises(UsageError, match="'#general' is not a channel id"):
        chosen(None, "#general")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the file must have keys: channels"),
        ("channels:\n", "line 1: channels must be a list"),
        ("channels: []\n", "line 1: channels must be a list"),
        ("chanels: []\n", "line 1: 'chanels' is not a key of the file"),
        ("channels:\n  - owners: [a]\n", "line 2: channel is missing"),
        ("channels:\n  - channel: C0123456789\n", "line 2: owners is missing"),
        ("channels:\n  - channel: '#general'\n    owners: [a]\n", "line 2: channel '#general' is not a channel id"),
        ("channels:\n  - channel: C0123456789\n    owners: []\n", "line 3: owners must not be empty"),
        ("channels:\n  - channel: C0123456789\n    owners: ['']\n", "line 3: owners must be text"),
        ("channels:\n  - channel: C0123456789\n    owners: [a, '*']\n", "line 3: owners contains both \\* and names"),
        ("channels:\n  - channel: C0123456789\n    owners: a\n    page: maybe\n", "line 4: page must be true or false"),
        ("channels:\n  - channel: C0123456789\n    owner: a\n", "line 3: 'owner' is not a key of a channel"),
        ("channels:\n" + "  - {channel: C0123456789, owners: a}\n" * 2, "line 3: channel C0123456789 is given twice"),
        ("channels:\n  - C0123456789\n", "line 2: a channel must have keys"),
    ],
)  # fmt: skip
def test_an_error_names_its_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^channels.yaml, {said}"):
        parse_routes(text.encode(), "channels.yaml")


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: f"channels:\n  - {text}".encode(errors="ignore"))
)
def test_any_invalid_file_is_a_usage_error(content: bytes) -> None:
    with contextlib.suppress(UsageError):
        parse_routes(content, "channels.yaml")
