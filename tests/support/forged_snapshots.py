"""A snapshot whose files were changed by a writer who also corrects every checksum."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sre_findings.store.objects.blobs import Blobs
from sre_findings.store.snapshots.keys import commit_key, manifest_key, part_key
from sre_findings.store.snapshots.reader import Commit


def reseal(blobs: Blobs, commit: Commit) -> None:
    """Writes the checksums of the files as they are now into the manifest and the commit."""
    manifest = json.loads(blobs.read(manifest_key(commit.snapshot_id)))
    parts = [part for shard in manifest["shards"] for part in shard["parts"]]
    for part in (*parts, *manifest["history"]):
        body = blobs.read(part_key(commit.snapshot_id, part["key"]))
        part.update(bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
    _write(blobs, manifest_key(commit.snapshot_id), manifest)
    values = json.loads(blobs.read(commit_key(commit.sequence)))
    body = blobs.read(manifest_key(commit.snapshot_id))
    values["manifest_sha256"] = hashlib.sha256(body).hexdigest()
    _write(blobs, commit_key(commit.sequence), values)


def _write(blobs: Blobs, key: str, values: dict[str, Any]) -> None:
    with blobs.write(key) as file:
        file.write(json.dumps(values).encode())
