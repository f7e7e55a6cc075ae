"""Files that a user names for input: an endless, blocking or hostile one is a line of error."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from sre_findings.config import suppressions
from sre_findings.files import LARGEST, user_file
from sre_findings.model.errors import SreError, StoreUnreadable, UsageError
from sre_findings.model.resources.owners import parse_owners
from sre_findings.model.sla.policy import parse_policy
from sre_findings.model.snapshots.scan_plan import parse_expectation
from sre_findings.service.factory import open_policy
from sre_findings.settings import FILE, load, open_owners
from sre_findings.store.objects.blobs import FolderBlobs
from sre_reports.digest.delivery import channels
from sre_schedules.schedule_file import load as load_schedules

READERS: dict[str, Callable[[Path], Any]] = {
    "suppressions": suppressions.load,
    "channels": channels.load,
    "schedules": lambda path: load_schedules(path, lambda: None),  # type: ignore[arg-type]  # the time is never asked
    "owners": lambda path: open_owners(load({"SRE_OWNERS": str(path)}, path.parent)),
    "policy": lambda path: open_policy(load({"SRE_POLICY": str(path)}, path.parent)),
    "settings": lambda path: load({}, linked(path)),
}


def linked(path: Path) -> Path:
    """A folder whose settings file is this file."""
    folder = path.parent / "settings"
    folder.mkdir()
    (folder / FILE).symlink_to(path)
    return folder


def of_kind(folder: Path, kind: str) -> Path:
    """A file of this kind: a device, a pipe that nobody writes to, or a large file."""
    path = folder / kind
    match kind:
        case "endless":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "large":
            with path.open("wb") as file:
                file.truncate(LARGEST + 1)
        case "folder":
            path.mkdir()
    return path


KINDS = ["endless", "pipe", "large", "folder", "missing"]
# no settings file means the defaults, and schedules can be a folder
READABLE = {("settings", "missing"), ("schedules", "folder")}


@pytest.mark.parametrize(("name", "kind"), sorted(set(product(READERS, KINDS)) - READABLE))
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str, kind: str) -> None:
    path = of_kind(tmp_path, kind)
    with pytest.raises(UsageError) as refused:
        READERS[name](path)
    assert "cannot be read" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b" " * LARGEST)
    assert len(user_file(tmp_path / "a")) == LARGEST


@pytest.mark.parametrize("parse", [parse_policy, parse_owners, parse_expectation])
@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 50_000,
        "a" + ".a" * 200_000 + " = 1",
        "[" + "a." * 200_000 + "a]",
        "a = " + "9" * 100_000,
        "a = [" + "1," * 100_000,
    ],
    ids=["arrays", "tables", "dotted key", "dotted table", "digits", "open"],
)
def test_deep_and_long_toml_is_one_line(parse: Callable[..., Any], text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text, "team") if parse is parse_owners else parse(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " * 50_000, "- " * 100_000, "{a: " * 50_000])
def test_deep_yaml_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text)
    for name in ("suppressions", "channels", "schedules"):
        with pytest.raises(UsageError):
            READERS[name](tmp_path / "a")


@pytest.mark.parametrize("kind", ["pipe", "large"])
def test_a_record_of_a_store_that_is_no_file_is_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_findings.store.objects.blobs.LARGEST", LARGEST)
    of_kind(tmp_path, kind)
    with pytest.raises(SreError) as refused:
        FolderBlobs(tmp_path).read(kind)
    assert isinstance(refused.value, StoreUnreadable)
