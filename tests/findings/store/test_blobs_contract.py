"""One contract for every store: a folder and a bucket behave alike."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.request import urlopen

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.store.objects.blobs import Blobs, FolderBlobs, Missing, Served, Taken
from sre_findings.store.objects.s3 import S3Blobs
from sre_findings.store.urls import open_blobs

BODY = b"\x00bytes\xff" * 1000


def bucket(name: str = "store") -> None:
    boto3.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )


@pytest.fixture(params=["folder", "bucket", "bucket with prefix"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """Every kind of store, opened as from SRE_STORE."""
    if request.param == "folder":
        return open_blobs((tmp_path / "a store").as_uri())
    request.getfixturevalue("aws")
    bucket()
    if request.param == "bucket":
        return open_blobs("s3://store")
    boto3.client("s3").put_object(Bucket="store", Key="a/prefix-of-another/x", Body=b"not ours")
    return open_blobs("s3://store/a/prefix/")


def put(blobs: Blobs, key: str, body: bytes = BODY) -> None:
    with blobs.write(key) as file:
        file.write(body)


def fail_within(blobs: Blobs, key: str) -> None:
    with blobs.write(key) as file:
        file.write(BODY)
        raise KeyError("mine")


def test_what_was_written_is_read(blobs: Blobs) -> None:
    put(blobs, "a/b/c.parquet")
    assert blobs.read("a/b/c.parquet") == BODY
    put(blobs, "empty", b"")
    assert blobs.read("empty") == b""


def test_a_blob_of_many_writes_is_one(blobs: Blobs) -> None:
    with blobs.write("a") as file:
        for number in range(300):
            file.write(bytes([number % 256]) * 10_000)
    assert blobs.read("a") == b"".join(bytes([number % 256]) * 10_000 for number in range(300))


def test_a_blob_is_invisible_until_its_block_ends(blobs: Blobs, tmp_path: Path) -> None:
    with blobs.write("a/b") as file:
        file.write(BODY)
        file.flush()
        assert list(blobs.keys("")) == []
        for look in (lambda: blobs.read("a/b"), lambda: blobs.fetch("a/b", tmp_path / "copy")):
            with pytest.raises(Missing):
                look()
    assert list(blobs.keys("")) == ["a/b"]


def test_a_block_that_fails_leaves_nothing_and_its_own_error_comes_out(
    blobs: Blobs, tmp_path: Path
) -> None:
    with pytest.raises(KeyError, match="mine"):
        fail_within(blobs, "a/b")
    assert list(blobs.keys("")) == []
    assert [path for path in (tmp_path / "a store").rglob("*") if path.is_file()] == []


def test_writing_again_replaces_the_whole(blobs: Blobs) -> None:
    put(blobs, "a")
    put(blobs, "a", b"short")
    assert blobs.read("a") == b"short"


def test_a_rewrite_that_fails_keeps_what_was_there(blobs: Blobs) -> None:
    put(blobs, "a", b"first")
    with pytest.raises(KeyError, match="mine"):
        fail_within(blobs, "a")
    assert blobs.read("a") == b"first"


def test_create_writes_once_and_never_over(blobs: Blobs) -> None:
    assert blobs.create("commits/1.json", b"first")
    assert not blobs.create("commits/1.json", b"second")
    assert blobs.read("commits/1.json") == b"first"
    assert list(blobs.keys("")) == ["commits/1.json"]


def test_create_does_not_replace_what_was_written(blobs: Blobs) -> None:
    put(blobs, "a", b"first")
    assert not blobs.create("a", b"first"), "not even with the same bytes"


def write_once(blobs: Blobs, key: str, body: bytes) -> bool:
    try:
        with blobs.write(key, once=True) as file:
            file.write(body)
    except Taken:
        return False
    return True


def test_a_file_that_is_written_once_is_never_written_over(blobs: Blobs) -> None:
    assert write_once(blobs, "a", BODY)
    assert not write_once(blobs, "a", b"second")
    assert blobs.read("a") == BODY
    assert list(blobs.keys("")) == ["a"]


def test_of_several_that_write_once_at_once_exactly_one_wins(blobs: Blobs, race: Any) -> None:
    won = race(4, lambda number: write_once(blobs, "a", b"%d" % number))
    assert won.count(True) == 1
    assert blobs.read("a") == b"%d" % won.index(True)


def test_what_is_being_written_can_be_read_back(blobs: Blobs) -> None:
    with blobs.write("a", Served("text/plain", "private, no-cache")) as file:
        file.write(BODY)
        file.seek(0)
        assert file.read() == BODY
    assert blobs.read("a") == BODY


def test_a_copy_has_the_same_bytes_under_a_second_key_and_lives_on_alone(blobs: Blobs) -> None:
    put(blobs, "a/b", BODY)
    put(blobs, "c", b"something else")
    for _ in range(2):
        blobs.copy("a/b", "c")
        assert list(blobs.keys("")) == ["a/b", "c"]
    blobs.delete("a/b")
    assert blobs.read("c") == BODY
    with pytest.raises(Missing):
        blobs.copy("a/b", "d")
    assert list(blobs.keys("")) == ["c"]


def test_folders_are_the_names_right_below_a_prefix(blobs: Blobs) -> None:
    for key in ("a/b/c/d", "a/b/e", "a/f/g", "a/h", "ab/c", "i/j"):
        put(blobs, key, b"")
    assert list(blobs.folders("a/")) == ["b", "f"]
    assert list(blobs.folders("a/b/")) == ["c"]
    assert list(blobs.folders("")) == ["a", "ab", "i"]
    assert list(blobs.folders("nothing/")) == []


def test_a_link_reads_one_blob_and_nothing_else(aws: str) -> None:
    bucket()
    blobs = open_blobs("s3://store/deep")
    put(blobs, "a b/\u00e9.html")
    link = blobs.link("a b/\u00e9.html", 60)
    with urlopen(link) as answer:
        assert answer.read() == BODY
    assert "X-Amz-Expires=60&" in link
    with pytest.raises(Missing):
        blobs.link("a b", 60)


def test_a_folder_has_no_links(tmp_path: Path) -> None:
    put(FolderBlobs(tmp_path), "a")
    with pytest.raises(UsageError, match="needs a bucket"):
        FolderBlobs(tmp_path).link("a", 60)


def test_of_eight_threads_that_create_at_once_exactly_one_wins(blobs: Blobs, race: Any) -> None:
    for attempt in range(5):
        key = f"commits/{attempt}.json"
        won = race(8, lambda number, key=key: blobs.create(key, b"%d" % number))
        assert won.count(True) == 1
        assert blobs.read(key) == b"%d" % won.index(True)


def test_keys_come_in_the_order_of_their_bytes_and_only_with_the_prefix(blobs: Blobs) -> None:
    keys = ["a/b", "a/b.c", "a/c/d", "ab", "a/B", "b/\u00e9", "b/\uffee", "b/\U0001f600", "b/z"]
    for key in keys:
        put(blobs, key, b"")
    assert list(blobs.keys("")) == sorted(keys, key=str.encode)
    assert list(blobs.keys("a/")) == ["a/B", "a/b", "a/b.c", "a/c/d"]
    assert list(blobs.keys("a/b")) == ["a/b", "a/b.c"]
    assert list(blobs.keys("a")) == ["a/B", "a/b", "a/b.c", "a/c/d", "ab"]
    assert list(blobs.keys("nothing/")) == list(blobs.keys("zz")) == []


def test_an_empty_store_has_no_keys(blobs: Blobs) -> None:
    assert list(blobs.keys("")) == list(blobs.keys("commits/")) == []


def test_more_keys_than_one_answer_holds_are_all_listed(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [f"many/{number:04d}" for number in range(25)]
    for key in wanted:
        put(blobs, key, b"")
    if isinstance(blobs, S3Blobs):
        pager = blobs._s3.get_paginator("list_objects_v2")
        few = lambda **query: pager.paginate(**query, PaginationConfig={"PageSize": 10})  # noqa: E731 - a short fake
        monkeypatch.setattr(
            blobs._s3, "get_paginator", lambda _: type("Pager", (), {"paginate": staticmethod(few)})
        )
    assert list(blobs.keys("many/")) == wanted


def test_delete_removes_and_deleting_again_is_no_error(blobs: Blobs) -> None:
    put(blobs, "a/b/c", b"")
    put(blobs, "a/d", b"")
    blobs.delete("a/b/c")
    blobs.delete("a/b/c")
    assert list(blobs.keys("")) == ["a/d"]
    with pytest.raises(Missing):
        blobs.read("a/b/c")
    put(blobs, "a/b", b"now a file")
    assert blobs.read("a/b") == b"now a file"


def test_a_deleted_key_can_be_created_again(blobs: Blobs) -> None:
    assert blobs.create("a", b"1")
    blobs.delete("a")
    assert blobs.create("a", b"2")


@pytest.mark.parametrize("key", ["a", "a/b/c", "there/not"])
def test_what_is_not_there_is_missing(blobs: Blobs, tmp_path: Path, key: str) -> None:
    put(blobs, "there", b"")
    with pytest.raises(Missing, match=key):
        blobs.read(key)
    with pytest.raises(Missing):
        blobs.fetch(key, tmp_path / "copies" / "copy")
    assert not (tmp_path / "copies").exists()


def test_fetch_gives_a_whole_local_file(blobs: Blobs, tmp_path: Path) -> None:
    put(blobs, "a/b")
    to = tmp_path / "deep" / "down" / "copy"
    path = blobs.fetch("a/b", to)
    assert path.read_bytes() == BODY
    assert path == to or not to.exists(), "a folder gives its own"
    assert [file.name for file in (tmp_path / "deep").rglob("*") if file.is_file()] == (
        [to.name] if path == to else []
    )
    assert blobs.fetch("a/b", to).read_bytes() == BODY


def test_a_blob_of_another_size_is_not_copied(blobs: Blobs, tmp_path: Path) -> None:
    put(blobs, "a/b")
    to = tmp_path / "copies" / "copy"
    assert blobs.fetch("a/b", to, len(BODY)).read_bytes() == BODY
    shutil.rmtree(to.parent, ignore_errors=True)
    if isinstance(blobs, S3Blobs):
        with pytest.raises(StoreUnreadable, match="it has 7,000 bytes instead of 8") as raised:
            blobs.fetch("a/b", to, 8)
        assert "\n" not in str(raised.value)
    assert not to.parent.exists()


def test_the_url_opens_the_same_store(blobs: Blobs) -> None:
    put(blobs, "a")
    assert open_blobs(blobs.url).read("a") == BODY


@given(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
        lambda t: t not in ".."
    )
)
def test_any_folder_has_a_url_that_leads_back_to_it(name: str) -> None:
    folder = FolderBlobs(Path("/a") / name)
    assert open_blobs(folder.url).url == folder.url
    assert "\n" not in folder.url


def test_a_plain_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_blobs("store").url == (tmp_path / "store").as_uri()
    assert open_blobs(str(tmp_path)).url == tmp_path.as_uri()


@pytest.mark.parametrize(
    "url", ["", "s3://", "file://host/path", "file:relative", "http://x/y", "gs://bucket/x"]
)
def test_what_is_no_store_is_a_usage_error(url: str) -> None:
    with pytest.raises(
        UsageError, match=r"is not a store. Use file:///a/folder or s3://bucket/prefix."
    ):
        open_blobs(url)


CREATE = """
from sre_findings.store.objects.blobs import FolderBlobs
print([n for n in range(30) if FolderBlobs(Path(argv[1])).create(f"commits/{n}", argv[2].encode())])
"""


def test_of_several_processes_that_create_at_once_exactly_one_wins(
    tmp_path: Path, processes: Any
) -> None:
    won = [
        json.loads(said)
        for said in processes(CREATE, [[str(tmp_path), str(number)] for number in range(4)])
    ]
    for n in range(30):
        (winner,) = [number for number, results in enumerate(won) if n in results]
        assert (tmp_path / "commits" / str(n)).read_bytes() == b"%d" % winner
    assert not list(tmp_path.rglob(".draft-*"))


def every_way(blobs: Blobs, to: Path) -> dict[str, Callable[[], Any]]:
    return {
        "read": lambda: blobs.read("a/b"),
        "write": lambda: put(blobs, "a/b"),
        "create": lambda: blobs.create("a/b", BODY),
        "keys": lambda: list(blobs.keys("a/")),
        "folders": lambda: list(blobs.folders("a/")),
        "delete": lambda: blobs.delete("a/b"),
        "copy": lambda: blobs.copy("a/b", "a/c"),
        "fetch": lambda: blobs.fetch("a/b", to),
    }


def unreadable(ways: dict[str, Callable[[], Any]], told: str, do: str) -> None:
    for name, way in ways.items():
        with pytest.raises(StoreUnreadable, match=told) as raised:
            way()
        line = str(raised.value)
        assert do in line, name
        assert "\n" not in line, name


def test_a_full_disk_says_that_it_is_one_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FolderBlobs(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    ways = {
        name: way for name, way in every_way(blobs, tmp_path).items() if name in ("write", "create")
    }
    unreadable(
        ways, f"cannot write {tmp_path}/a/b: the disk is full", "Free some space, then run it again"
    )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_copy_for_which_there_is_no_room_is_told_and_leaves_nothing(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket()
    blobs = open_blobs("s3://store")
    put(blobs, "a/b")

    def full(_: object, file: BinaryIO, size: int) -> None:
        file.write(bytes(size))
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(
        StoreUnreadable, match=f"cannot write {tmp_path}/copy: the disk is full. Free some space"
    ):
        blobs.fetch("a/b", tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_an_upload_for_which_there_is_no_room_on_the_way_is_told(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket()
    blobs = open_blobs("s3://store")

    def full() -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(
        StoreUnreadable, match="cannot write a temporary file for a/b: the disk is full"
    ):
        put(blobs, "a/b")
    assert list(blobs.keys("")) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.objects.blobs import FolderBlobs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
usual = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
try:
    with FolderBlobs(Path(sys.argv[1])).write("a/b") as file:
        for _ in range(1000):
            file.write(b"x" * 1000)
except StoreUnreadable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, usual)
"""


def test_a_disk_that_takes_no_more_in_the_middle_of_a_file_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert (
        told.stdout
        == f"cannot write {tmp_path}/a/b: File too large. Check the path and its permissions.\n"
    )
    assert told.stderr == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_store_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    ways = every_way(FolderBlobs(tmp_path / "file"), tmp_path / "to")
    del ways["read"], ways["fetch"]  # reading one key finds nothing below a file
    unreadable(ways, str(tmp_path / "file"), "Check the path and its permissions.")


def test_a_folder_that_may_not_be_read_is_told_and_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FolderBlobs(tmp_path)
    put(blobs, "a/b")

    def denied(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    for target, name in (
        (os, "scandir"),
        (io, "open"),
        (os, "stat"),
        (os, "unlink"),
        (Path, "hardlink_to"),
    ):
        monkeypatch.setattr(target, name, denied)
    unreadable(
        every_way(blobs, tmp_path / "to"),
        "Permission denied",
        "Check the path and its permissions.",
    )


def test_a_folder_within_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, scan = FolderBlobs(tmp_path), os.scandir
    put(blobs, "a/b/c")

    def denied_below(path: Any) -> Any:
        if str(path).endswith("b"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied_below)
    with pytest.raises(StoreUnreadable, match="Permission denied"):
        list(blobs.keys("a/"))


def test_a_bucket_that_does_not_exist_is_told(aws: str, tmp_path: Path) -> None:
    ways = every_way(open_blobs("s3://nobody/prefix"), tmp_path / "to")
    unreadable(
        ways,
        r"s3://nobody/prefix: cannot .*NoSuchBucket",
        "Check SRE_STORE, the bucket's policy and your credentials.",
    )


def test_a_bucket_that_denies_is_told(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", http.url)
    denied = b"<Error><Code>AccessDenied</Code><Message>Access Denied\nby policy</Message></Error>"
    http.reply(reply(403, denied, {"Content-Type": "application/xml"}))
    ways = every_way(open_blobs("s3://store"), tmp_path / "to")
    actions = {"read": "GetObject", "fetch": "GetObject", "delete": "DeleteObject"} | dict.fromkeys(
        ("write", "create", "copy"), "PutObject"
    )
    for name, way in ways.items():
        lists = name in ("keys", "folders")
        line = (
            f'"Action": "s3:{actions.get(name, "ListBucket")}", "Resource":'
            f' "arn:aws:s3:::store{"" if lists else "/*"}"'
        )
        unreadable({name: way}, r"s3://store: cannot .*AccessDenied", line)


def test_a_bucket_that_cannot_be_reached_is_told(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", refused)
    monkeypatch.setattr("botocore.retryhandler.delay_exponential", lambda *_: 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    unreadable(
        every_way(open_blobs("s3://store"), tmp_path / "to"), "Could not connect", "Check SRE_STORE"
    )


@pytest.mark.parametrize("url", ["s3://store", "dynamodb://table"])
def test_settings_of_aws_that_are_wrong_are_told_as_the_stores(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sre_findings.store.urls import open_table

    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(
        StoreUnreadable, match=r"The config profile \(nobody\) could not be found. Check SRE_"
    ):
        open_blobs(url) if url.startswith("s3") else open_table(url)


def test_a_commit_whose_answer_was_lost_on_the_way_is_ours_and_not_lost(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK repeats the PUT and finds the object of its first attempt.

    If that counted as another process's commit, the scan would discard its own.
    """
    import botocore.exceptions

    bucket()
    blobs = open_blobs("s3://store")
    assert isinstance(blobs, S3Blobs)
    session = blobs._s3._endpoint.http_session  # type: ignore[attr-defined]  # botocore's internals are untyped
    send, sent = session.send, list[str]()

    def lose_the_first_answer(request: Any) -> Any:
        answer = send(request)
        sent.append(request.method)
        if len(sent) == 1:
            raise botocore.exceptions.ConnectionClosedError(endpoint_url=request.url)
        return answer

    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr(session, "send", lose_the_first_answer)
    assert blobs.create("commits/1.json", b"ours")
    assert sent == ["PUT", "PUT", "GET"]
    sent.clear()
    assert not blobs.create("commits/1.json", b"another's")
    assert blobs.read("commits/1.json") == b"ours"


def test_a_writer_that_collides_with_another_one_has_not_won(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", http.url)
    http.reply(
        reply(
            409,
            b"<Error><Code>ConditionalRequestConflict</Code></Error>",
            {"Content-Type": "application/xml"},
        )
    )
    assert not open_blobs("s3://store").create("a", b"")
    assert http.requests[0].headers["if-none-match"] == "*"


def test_a_writer_whose_rival_is_gone_again_has_not_won_either(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", http.url)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    answers = ((500, "InternalError"), (412, "PreconditionFailed"), (404, "NoSuchKey"))
    xml = {"Content-Type": "application/xml"}
    http.reply(
        *(
            reply(status, f"<Error><Code>{code}</Code></Error>".encode(), xml)
            for status, code in answers
        )
    )
    assert not open_blobs("s3://store").create("a", b"ours")
    assert len(http.requests) == 3


def test_uploads_carry_their_sha256(aws: str) -> None:
    bucket()
    blobs = open_blobs("s3://store")
    put(blobs, "a")
    blobs.create("b", BODY)
    for key in ("a", "b"):
        found = boto3.client("s3").get_object_attributes(
            Bucket="store", Key=key, ObjectAttributes=["Checksum"]
        )
        assert "ChecksumSHA256" in found["Checksum"]
