"""Files that a user names for output: replaced, followed, written directly, or refused."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from sre_findings.files import output, output_folder
from sre_findings.model.errors import StoreUnreadable, UsageError


def write(path: Path, content: bytes = b"new", mode: int | None = None) -> None:
    with output(path, mode) as file:
        file.write(content)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def stop_halfway(path: Path) -> None:
    with output(path) as file:
        file.write(b"half")
        raise ValueError("stop")


def test_a_new_file_is_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "a", mode=0o600)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert names(tmp_path) == ["a"]


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_file_is_unchanged_after_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(ValueError, match="stop"):
        stop_halfway(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_link_is_followed_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_bytes(b"old")
    (tmp_path / "middle").symlink_to("folder/file")
    (tmp_path / "link").symlink_to("middle")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder/file").read_bytes() == b"new"
    assert not (tmp_path / "folder/file").is_symlink()


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(UsageError, match="symbolic link to a file that does not exist"):
        write(tmp_path / "link")
    assert names(tmp_path) == ["link"]


@pytest.mark.parametrize("name", ["file", "link"])
def test_a_device_is_written_and_stays_a_device(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("/dev/full")
    path = tmp_path / "link" if name == "link" else Path("/dev/full")
    with pytest.raises(StoreUnreadable, match="the disk is full"):
        write(path)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
    write(Path("/dev/null"))
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"new" * 100_000)
    reader.join()
    assert read == [b"new" * 100_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_pipe_behind_dev_fd_is_written() -> None:
    reading, writing = os.pipe()
    write(Path(f"/dev/fd/{writing}"))
    os.close(writing)
    assert os.read(reading, 10) == b"new"
    os.close(reading)


def test_a_socket_and_a_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(UsageError, match="not a regular file"):
            write(tmp_path / "socket")
    with pytest.raises(UsageError, match="not a regular file"):
        write(tmp_path)


def test_a_missing_folder_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreadable, match="No such file or directory"):
        write(tmp_path / "missing" / "a")
    with pytest.raises(StoreUnreadable, match="No such file or directory"):
        output_folder(tmp_path / "missing" / "a")
    assert not names(tmp_path)


def test_a_folder_for_output_is_created_once(tmp_path: Path) -> None:
    assert output_folder(tmp_path / "a") == output_folder(tmp_path / "a") == tmp_path / "a"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="not a folder"):
        output_folder(tmp_path / "file")
