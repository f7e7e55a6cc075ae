"""Checks that a snapshot is unchanged: every part exists and has its checksum."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.snapshots.reader import Commit, Snapshots

_CHUNK = 1 << 20


def verify(snapshots: Snapshots, commit: Commit) -> Iterator[tuple[str, str | None]]:
    """Yields each file of the snapshot, the manifest first, with its problem or None.

    The commit contains the manifest's SHA-256, and the manifest those of the parts.
    """
    try:
        manifest = snapshots.manifest(commit)
    except StoreUnreadable as error:
        yield "manifest.json", error.why
        return
    yield "manifest.json", None
    with tempfile.TemporaryDirectory(prefix="sre-verify-") as folder:
        for part in manifest.parts:
            try:
                path = snapshots.unverified(commit.snapshot_id, part, Path(folder), commit.layout)
            except StoreUnreadable as error:
                yield part.key, error.why
                continue
            yield (
                part.key,
                None
                if _sha256(path) == part.sha256
                else "its SHA-256 is not the one in the manifest",
            )
            if path.is_relative_to(folder):
                path.unlink()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
