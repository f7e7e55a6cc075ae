"""Published reports: their keys, atomic publishing, and their metadata in a bucket."""

from __future__ import annotations

import re
import shutil
import signal
import string
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, BinaryIO
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.store.urls import open_blobs
from sre_reports.publishing.report_files import (
    CSV,
    PAGE,
    PARQUET,
    SUMMARY,
    TYPES,
    WHOLE,
    Shelf,
    View,
    is_day,
    key_of,
    shelf_in,
    slug,
)

NIGHT = "2026-11-22"
PAYMENTS = View("owner", "payments")
ANY = st.text(max_size=80)
SIMILAR = st.text("aAb-. /é", max_size=4)


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """No published reports, in either kind of store."""
    if request.param == "folder":
        return Shelf(open_blobs((tmp_path / "a store").as_uri()))
    request.getfixturevalue("aws")
    return Shelf(bucket())


def bucket(**options: Any) -> Any:
    boto3.client("s3").create_bucket(
        Bucket="store", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return open_blobs("s3://store/of/ours", **options)


def fill(files: Mapping[str, BinaryIO], text: str) -> None:
    for name in TYPES:
        files[name].write(f"{name}: {text}".encode())


def put(
    shelf: Shelf, text: str, night: str = NIGHT, view: View = WHOLE, *, again: bool = True
) -> None:
    with shelf.write(night, view, again=again) as files:
        fill(files, text)


def overtaken(shelf: Shelf) -> None:
    with shelf.write(NIGHT, again=False) as files:
        fill(files, "the slower")
        put(shelf, "the faster", again=False)


def fail_within(shelf: Shelf) -> None:
    with shelf.write(NIGHT) as files:
        fill(files, "second")
        raise KeyError("mine")


def all_of(shelf: Shelf, view: View = WHOLE) -> set[str]:
    """The distinct texts of a report's files without their names.

    It is one text if all files are from the same run.
    """
    found = [shelf.read(NIGHT, view, name) for name in TYPES]
    return {"" if body is None else body.decode().partition(": ")[2] for body in found}


@given(ANY, ANY)
@example("payments", "Payments")
@example("a b", "a/b")
@example("x", "")
@example("é", "e\u0301")
def test_no_two_texts_have_one_slug(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)


@given(SIMILAR, SIMILAR)
def test_slugs_are_unique_on_a_case_insensitive_file_system(one: str, other: str) -> None:
    assert (slug(one).lower() == slug(other).lower()) == (one == other)


@given(ANY)
@example("../../etc/passwd")
@example("..")
@example("~root")
@example("\ud800")
@example("a" * 300)
def test_a_slug_needs_no_escaping_and_stays_in_its_folder(text: str) -> None:
    name = slug(text)
    assert set(name) <= set(string.ascii_lowercase + string.digits + "-._")
    assert name[0] not in ".-"
    assert 0 < len(name) <= 64
    assert quote(name) == name
    assert Path("/reports", name).resolve().parent == Path("/reports")


@given(ANY)
def test_slugs_are_unique(text: str) -> None:
    assert slug(slug(text)) != slug(text) or slug(text) == text


def test_plain_names_stay_as_they_are() -> None:
    for name in ("payments", "team-a", "111122223333", "data.platform_2"):
        assert slug(name) == name
    assert re.fullmatch(r"pay-ments-eu--[0-9a-f]{16}", slug("Pay/ments EU"))


def test_every_file_has_one_key() -> None:
    assert key_of(NIGHT) == "reports/2026-11-22/index.html"
    assert key_of(NIGHT, PAYMENTS, CSV) == "reports/2026-11-22/owner/payments/findings.csv"
    assert (
        key_of(NIGHT, View("account", "111122223333"), SUMMARY)
        == "reports/2026-11-22/account/111122223333/summary.json"
    )
    assert key_of("", PAYMENTS) == "owner/payments/index.html"
    with pytest.raises(UsageError, match="is not a date"):
        key_of("2026-11-22/../..")
    with pytest.raises(UsageError, match="a report has no file"):
        key_of(NIGHT, WHOLE, "../commits/1.json")


@given(st.dates(date(2000, 1, 1)))
def test_a_date_is_written_as_iso(day: date) -> None:
    assert is_day(day.isoformat())
    assert not is_day(day.isoformat().replace("-", ""))
    assert not is_day(f" {day}")


@pytest.mark.parametrize(
    "text", ["", "owner", "2026-11-31", "2026-1-2", "2026-W47-7", "index.html", "٢٠٢٦-١١-٢٢"]
)
def test_an_invalid_date_is_rejected(text: str) -> None:
    assert not is_day(text)


def test_published_files_are_read_and_their_dates_listed(shelf: Shelf) -> None:
    assert (shelf.days(), shelf.has(NIGHT), shelf.read(NIGHT)) == ([], False, None)
    put(shelf, "first")
    put(shelf, "of payments", "2026-11-21", PAYMENTS)
    assert all_of(shelf) == {"first"}
    assert shelf.days() == ["2026-11-21", NIGHT]
    assert shelf.has(NIGHT)
    assert not shelf.has("2026-11-21")
    assert shelf.has("2026-11-21", PAYMENTS)
    assert shelf.read("2026-11-21", PAYMENTS) == b"index.html: of payments"


def test_other_files_among_the_reports_are_ignored(shelf: Shelf) -> None:
    put(shelf, "first")
    shelf.write_list("every night")
    for key in ("reports/drafts/x", "reports/2026-13-01/index.html"):
        with shelf.blobs.write(key) as file:
            file.write(b"x")
    assert shelf.days() == [NIGHT]


def test_a_report_is_replaced_only_on_request(shelf: Shelf) -> None:
    put(shelf, "first", again=False)
    with pytest.raises(
        UsageError,
        match=(
            r"the report for all resources is already published for 2026-11-22. Replace it with"
            r" --again."
        ),
    ):
        put(shelf, "second", again=False)
    assert all_of(shelf) == {"first"}
    put(shelf, "of payments", view=PAYMENTS, again=False)
    put(shelf, "third")
    assert all_of(shelf) == {"third"}
    assert all_of(shelf, PAYMENTS) == {"of payments"}


def test_the_second_of_two_concurrent_publishers_changes_nothing(shelf: Shelf) -> None:
    with pytest.raises(UsageError, match="already published for 2026-11-22"):
        overtaken(shelf)
    assert all_of(shelf) == {"the faster"}


def test_the_second_of_two_concurrent_checks_does_not_replace_the_page(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shelf, "has", lambda *_: False)
    with pytest.raises(UsageError, match="already published for 2026-11-22"):
        overtaken(shelf)
    assert shelf.read(NIGHT) == b"index.html: the faster"


def test_a_failed_report_leaves_the_previous_one(shelf: Shelf) -> None:
    put(shelf, "first")
    with pytest.raises(KeyError, match="mine"):
        fail_within(shelf)
    assert all_of(shelf) == {"first"}
    assert len(list(shelf.blobs.keys("reports/"))) == len(TYPES)


def test_the_page_is_published_after_its_data_files(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = list[str]()
    write = type(shelf.blobs).write

    def watched(self: Any, key: str, *rest: Any, **more: Any) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def inner() -> Any:
            with write(self, key, *rest, **more) as file:
                yield file
            order.append(key.rpartition("/")[2])

        return inner()

    monkeypatch.setattr(type(shelf.blobs), "write", watched)
    put(shelf, "first")
    assert sorted(order) == sorted(TYPES)
    assert order[-2:] == [SUMMARY, PAGE], "who sees a page sees its files"


def test_the_location_of_a_report_is_readable(shelf: Shelf, tmp_path: Path) -> None:
    known = {
        "s3": "s3://store/of/ours/reports/2026-11-22/index.html",
        "file": f"{tmp_path}/a store/reports/2026-11-22/index.html",
    }
    assert shelf.place(NIGHT) == known[urlsplit(shelf.blobs.url).scheme]
    listed = shelf.write_list("every night")
    assert listed == shelf.place(NIGHT).replace("2026-11-22/", "")
    assert shelf.blobs.read("reports/index.html") == b"every night"


def test_a_separate_folder_has_a_single_date(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path / "out")
    put(shelf, "first", "")
    put(shelf, "of payments", "", PAYMENTS)
    files = {
        path.relative_to(tmp_path / "out").as_posix()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert files == {*TYPES, *(f"owner/payments/{name}" for name in TYPES)}
    assert shelf.place("") == str(tmp_path / "out" / "index.html")


def test_files_in_a_bucket_have_media_types_and_cache_headers(aws: str) -> None:
    shelf = Shelf(bucket())
    put(shelf, "first")
    shelf.write_list("every night")
    wanted = {
        PAGE: "text/html; charset=utf-8",
        SUMMARY: "application/json",
        CSV: "text/csv; charset=utf-8; header=present",
        PARQUET: "application/vnd.apache.parquet",
        "../index.html": "text/html; charset=utf-8",
    }
    for name, kind in wanted.items():
        key = f"of/ours/reports/{NIGHT}/{name}".replace(f"{NIGHT}/../", "")
        url = boto3.client("s3").generate_presigned_url(
            "get_object", Params={"Bucket": "store", "Key": key}
        )
        with urlopen(url) as answer:
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Cache-Control"] == "private, no-cache"
            assert "x-amz-server-side-encryption-aws-kms-key-id" not in answer.headers


def test_a_configured_key_encrypts_every_blob(aws: str) -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"
    blobs = bucket(kms_key=key)
    put(Shelf(blobs), "first")
    blobs.create("commits/1.json", b"{}")
    for name in blobs.keys(""):
        held = boto3.client("s3").head_object(Bucket="store", Key=f"of/ours/{name}")
        assert (held["ServerSideEncryption"], held["SSEKMSKeyId"], held["BucketKeyEnabled"]) == (
            "aws:kms",
            key,
            True,
        )


def test_without_a_key_the_buckets_default_encryption_applies(s3: Any) -> None:
    s3.body = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
    put(Shelf(open_blobs("s3://store")), "first")
    assert len(s3.headers) == len(TYPES)
    assert not any(
        name.startswith("x-amz-server-side-encryption")
        for headers in s3.headers
        for name in headers
    )


def test_a_download_link_works_and_expires(aws: str) -> None:
    shelf = Shelf(bucket())
    put(shelf, "first")
    link = shelf.link(NIGHT, WHOLE, 900)
    with urlopen(link) as answer:
        assert answer.read() == b"index.html: first"
    asked = parse_qs(urlsplit(link).query)
    assert asked["X-Amz-Expires"] == ["900"]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"], (
        "the older signature cannot read what KMS encrypts"
    )


def test_a_link_uses_the_regions_own_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The global host redirects, and the signature is not valid for the host it redirects to."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    blobs = open_blobs("s3://store")
    monkeypatch.setattr(blobs._s3, "head_object", lambda **_: {})  # type: ignore[attr-defined]  # without a request to AWS
    assert urlsplit(blobs.link("a", 60)).hostname == "s3.eu-west-1.amazonaws.com"


def test_there_is_no_link_to_missing_reports_or_into_a_folder(shelf: Shelf) -> None:
    with pytest.raises(
        UsageError, match=r"no report for owner payments is published for 2026-11-22|needs a bucket"
    ):
        shelf.link(NIGHT, PAYMENTS, 900)


def test_uploads_set_no_public_acl(s3: Any) -> None:
    """No upload sets a public ACL."""
    put(Shelf(open_blobs("s3://store")), "first")
    assert not any("acl" in name for headers in s3.headers for name in headers)


PUBLISH = """
import sys
from pathlib import Path
from sre_reports.publishing.report_files import TYPES, shelf_in
shelf, number = shelf_in(Path(sys.argv[1])), int(sys.argv[2])
while True:
    number += 1
    with shelf.write("2026-11-22") as files:
        for name in TYPES:
            for _ in range(50):
                files[name].write(b"%d " % number * 1000)
    print(number, flush=True)
"""


def test_readers_see_a_whole_report_while_publishers_are_killed(
    tmp_path: Path,
) -> None:
    shelf, dice = shelf_in(tmp_path), Random(7)
    put(shelf, "0 ")
    newest = 0
    for start in range(0, 8_000, 1000):
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISH, str(tmp_path), str(start)], stdout=subprocess.PIPE
        ) as publisher:
            assert publisher.stdout
            publisher.stdout.readline()  # waits until it has started
            for _ in range(dice.randrange(40)):
                newest = max(newest, seen(shelf))
            publisher.send_signal(signal.SIGKILL)
        newest = max(newest, seen(shelf))
    assert newest > 7_000
    put(shelf, "after all")
    assert all_of(shelf) == {"after all"}, "files of the killed run are in the way"
    assert len(list(shelf.blobs.keys(""))) == len(TYPES)


def seen(shelf: Shelf) -> int:
    """The number of the run that published the report; all files must be from one run."""
    body = shelf.read(NIGHT)
    assert body is not None
    numbers = set(body.decode().split())
    assert len(numbers) == 1 or body == b"index.html: 0 "
    assert len(body.split()) == 50_000 or body == b"index.html: 0 "
    return int(body.split()[-1])


def test_readers_never_see_a_half_replaced_report(shelf: Shelf) -> None:
    put(shelf, "a" * 100_000)
    over, wrong = threading.Event(), list[bytes]()

    def read() -> None:
        while not over.is_set():
            body = shelf.read(NIGHT) or b""
            if len(set(body.removeprefix(b"index.html: "))) != 1 or len(body) != 100_012:
                wrong.append(body[:40])

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for letter in "bcdefghijklmno":
        put(shelf, letter * 100_000)
    over.set()
    for reader in readers:
        reader.join()
    assert not wrong


FULL = """
import sys
from pathlib import Path
from sre_reports.publishing.report_files import CSV, PAGE, TYPES, shelf_in
from sre_findings.model.errors import StoreUnreadable
home, large = Path(sys.argv[1]), sys.argv[2]
shelf = shelf_in(home / "store")
with shelf.write("2026-11-22") as files:
    for name in TYPES:
        files[name].write(b"first")
try:
    with shelf.write("2026-11-22") as files:
        for name in TYPES:
            files[name].write(b"second" * (200_000 if name == large else 1))
except StoreUnreadable as error:
    print(error)
print({shelf.read("2026-11-22", name=name) for name in TYPES}, len(list(home.rglob("*.*"))))
"""


@pytest.mark.parametrize("large", [PAGE, CSV])
def test_a_disk_that_fills_up_leaves_the_previous_report(tmp_path: Path, large: str) -> None:
    """Uses a real disk of one megabyte, in a mount namespace that ends with the process."""
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this machine lets nobody mount a disk of his own")
    mount = f'mount -t tmpfs -o size=1m tmpfs "{tmp_path}" && exec "$@"'
    command = [
        *namespace,
        "sh",
        "-c",
        mount,
        "sh",
        sys.executable,
        "-c",
        FULL,
        str(tmp_path),
        large,
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert "the disk is full. Free some space" in run.stdout
    assert run.stdout.splitlines()[-1] == f"{{b'first'}} {len(TYPES)}", "and no draft is left"


def test_a_full_disk_on_sync_leaves_the_previous_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File systems with delayed allocation fail at sync; no file may be replaced before that."""
    shelf = shelf_in(tmp_path)
    put(shelf, "first")
    calls = list[int]()

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == len(TYPES):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sre_findings.files.os.fsync", full)
    with pytest.raises(StoreUnreadable, match="the disk is full"):
        put(shelf, "second")
    assert all_of(shelf) == {"first"}


def test_a_changed_link_is_rejected(s3: Any) -> None:
    """S3 rejects the link, and the error is one line."""
    s3.status, s3.body = 403, b""
    with pytest.raises(StoreUnreadable, match="cannot make a link"):
        Shelf(open_blobs("s3://store")).link(NIGHT, WHOLE, 60)
    with pytest.raises(HTTPError):
        urlopen(s3.url)
