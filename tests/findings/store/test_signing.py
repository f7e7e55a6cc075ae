"""With a signing key, only snapshots that the key vouches for are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.findings.store.test_pruning import NOW, add_night, doomed, ids, store

from sre_findings.model.access import EVERYTHING
from sre_findings.model.errors import AccessDenied, SreError, StoreUnreadable, UsageError
from sre_findings.store.access_views import SeenSnapshots
from sre_findings.store.objects.blobs import Blobs
from sre_findings.store.snapshots.chain import breaks
from sre_findings.store.snapshots.keys import commit_key, tombstone_key
from sre_findings.store.snapshots.pruning import GRACE, prune, sweep, tombstones
from sre_findings.store.snapshots.reader import Snapshots
from sre_findings.store.snapshots.signing import SigningKey, sign, unsigned
from sre_findings.store.snapshots.writer import SnapshotWriter


def kms_key(spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> SigningKey:
    made = boto3.client("kms").create_key(KeySpec=spec, KeyUsage=usage)
    return SigningKey(made["KeyMetadata"]["Arn"])


@pytest.fixture
def key(aws: str, monkeypatch: pytest.MonkeyPatch) -> SigningKey:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", aws)
    return kms_key()


@pytest.fixture
def requests(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the calls to KMS."""
    made, kms = list[str](), key._kms

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(kms, name)

        def call(**arguments: Any) -> Any:
            made.append(name)
            return real(**arguments)

        return call

    for name in ("sign", "verify", "get_public_key"):
        monkeypatch.setattr(kms, name, counted(name))
    return made


@pytest.fixture
def signed(key: SigningKey, tmp_path: Path) -> SnapshotWriter:
    """Four signed snapshots, with the numbers 1 to 4."""
    return store(tmp_path, key=key)


def edit(blobs: Blobs, key: str, change: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads(blobs.read(key))
    change(values)
    with blobs.write(key) as file:
        file.write(json.dumps(values).encode())


def test_signed_snapshots_are_read_with_one_request(
    signed: SnapshotWriter, requests: list[str], key: SigningKey
) -> None:
    assert [one.sequence for one in signed.commits()] == [1, 2, 3, 4]
    assert signed.latest() == signed.commits()[-1]
    assert requests == ["verify"]
    assert list(breaks(signed.blobs)) == []
    assert Snapshots(signed.blobs).commits() == signed.commits()
    assert "signature" not in signed.commits()[0].to_json()


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.update(claim="x"),
        lambda values: values.pop("signature"),
        lambda values: values.update(signature="x"),
        lambda values: values["signature"].update(value="AAAA"),
        lambda values: values["signature"].update(value="not base64"),
        lambda values: values["signature"].update(algorithm="RSASSA_PSS_SHA_256"),
        lambda values: values["signature"].update(algorithm="none"),
    ],
)
def test_a_newest_snapshot_that_was_changed_is_refused(
    signed: SnapshotWriter, change: Callable[[dict[str, Any]], object]
) -> None:
    edit(signed.blobs, commit_key(4), change)
    for look in (signed.latest, signed.commits):
        with pytest.raises(
            StoreUnreadable, match=r"commits/000000000004.json is not trusted: it.*snapshots sign"
        ) as raised:
            look()
        assert "\n" not in str(raised.value)


def test_a_client_with_limited_access_gets_no_untrusted_snapshot_either(
    signed: SnapshotWriter, key: SigningKey
) -> None:
    seen = SeenSnapshots(signed.blobs, EVERYTHING, key=key)
    assert len(seen.commits()) == 4
    edit(signed.blobs, commit_key(4), lambda values: values.pop("signature"))
    for look in (seen.latest, seen.commits):
        with pytest.raises(StoreUnreadable, match="is not trusted"):
            look()


def test_a_new_snapshot_vouches_for_no_untrusted_one(
    signed: SnapshotWriter, tmp_path: Path
) -> None:
    edit(signed.blobs, commit_key(4), lambda values: values.update(claim="x"))
    before = sorted(signed.blobs.keys("commits/"))
    with pytest.raises(StoreUnreadable, match=r"commits/000000000004.json is not trusted"):
        add_night(signed, 4)
    assert sorted(signed.blobs.keys("commits/")) == before


def test_an_older_snapshot_that_was_changed_is_refused(signed: SnapshotWriter) -> None:
    edit(signed.blobs, commit_key(2), lambda values: values.update(claim="x"))
    assert signed.latest() is not None
    with pytest.raises(StoreUnreadable, match=r"commits/000000000002.json is not trusted"):
        signed.commits()


def test_a_signature_of_another_key_is_not_accepted(signed: SnapshotWriter) -> None:
    edit(signed.blobs, commit_key(4), lambda values: values.update(claim="x"))
    sign(signed.blobs, commit_key(4), kms_key())
    with pytest.raises(StoreUnreadable, match="its signature is not one of SRE_SIGNING_KEY"):
        signed.latest()


def test_snapshots_before_the_key_are_trusted_if_a_signed_one_follows_them(
    key: SigningKey, tmp_path: Path
) -> None:
    plain = store(tmp_path, nights=2)
    snapshots = SnapshotWriter(plain.blobs, key=key)
    with pytest.raises(StoreUnreadable, match="it is not signed, and SRE_SIGNING_KEY is set"):
        snapshots.commits()
    sign(plain.blobs, commit_key(2), key)
    assert ids(snapshots) == ids(plain)
    assert [name for name, _ in unsigned(plain.blobs, key)] == [commit_key(1)]
    assert list(breaks(plain.blobs)) == []


def test_pruning_signs_its_records_and_leaves_only_trusted_snapshots(
    signed: SnapshotWriter, key: SigningKey
) -> None:
    doomed_ones = [one for one in doomed(signed) if one.snapshot_id != ids(signed)[0]]
    list(prune(signed, doomed_ones, NOW))
    assert [one.sequence for one in signed.commits()] == [1, 4]
    assert list(unsigned(signed.blobs, key)) == []
    assert list(breaks(signed.blobs)) == []
    assert len(tombstones(signed.blobs)) == 2
    list(sweep(signed, NOW + GRACE + timedelta(seconds=1)))
    edit(signed.blobs, tombstone_key(2), lambda values: values.update(why="x"))
    assert [name for name, _ in unsigned(signed.blobs, key)] == [tombstone_key(2)]


def test_an_rsa_key_signs_too(key: SigningKey, tmp_path: Path) -> None:
    rsa = kms_key("RSA_2048")
    assert len(store(tmp_path, nights=1, key=rsa).commits()) == 1


def test_a_key_that_cannot_sign_or_does_not_exist_is_one_line(
    key: SigningKey, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="SRE_SIGNING_KEY is not a key for signatures"):
        store(tmp_path / "a", nights=1, key=kms_key("RSA_2048", "ENCRYPT_DECRYPT"))
    missing = SigningKey(key.name.rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000")
    with pytest.raises(
        SreError, match=r"the signing key cannot be read: .*Check SRE_SIGNING_KEY"
    ) as e:
        store(tmp_path / "b", nights=1, key=missing)
    assert "\n" not in str(e.value)
    assert Snapshots(store(tmp_path / "c", nights=1).blobs).latest() is not None
    assert list((tmp_path / "b" / "commits").glob("*")) == []


def test_a_missing_permission_is_named(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", http.url)
    denied = {"__type": "AccessDeniedException", "message": "no"}
    http.reply(
        reply(400, json.dumps(denied).encode(), {"Content-Type": "application/x-amz-json-1.1"})
    )
    key = SigningKey("arn:aws:kms:eu-west-1:111122223333:key/a")
    with pytest.raises(AccessDenied, match="kms:GetPublicKey"):
        key.signed({})
