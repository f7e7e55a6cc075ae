"""What ``snapshots verify`` and ``snapshots sign`` check, print and write."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sre_cli.messages import tell_as_is
from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.settings import Settings
from sre_findings.store.snapshots import signing
from sre_findings.store.snapshots.chain import breaks
from sre_findings.store.snapshots.integrity import verify as files_of
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.reconciliation import unbalanced
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_blobs, open_key
from sre_reports.wording import number


def verified(snapshots: SnapshotWriter, commit: Commit) -> int:
    """Prints the damaged files and wrong counts of a snapshot, and returns their number."""
    files = list(files_of(snapshots, commit))
    damaged = [(key, why) for key, why in files if why]
    odd = [] if damaged else _odd_counts(snapshots, commit)
    for key, why in (*damaged, *odd):
        tell_as_is(f"{commit.snapshot_id}/{key}: {why}")
    total = f"{number(len(files), 'file')}, {len(damaged) or 'none'} damaged"
    click.echo(f"{commit.snapshot_id}: {total}{_balance(damaged, odd)}")
    return len(damaged) + len(odd)


def broken_links(snapshots: SnapshotWriter) -> int:
    """Prints what is wrong with the chain of commits, and returns the number of such lines."""
    broken = list(breaks(snapshots.blobs))
    for key, why in broken:
        tell_as_is(f"{key}: {why}")
    result = f"{number(len(broken), 'break')}" if broken else "whole"
    click.echo(f"chain of snapshots: {result}")
    return len(broken)


def unsigned(snapshots: SnapshotWriter, name: str) -> int:
    """Prints the files without a valid signature of the key, and returns their number.

    Returns 0 without a key: any writer could have made a signature with a key of their own.
    """
    if (key := open_key(name)) is None:
        return 0
    found = list(signing.unsigned(snapshots.blobs, key))
    for file, why in found:
        tell_as_is(f"{file}: {why}")
    click.echo(f"signatures: {len(found) or 'none'} missing or wrong")
    return len(found)


def sign(settings: Settings, *, yes: bool) -> None:
    """Signs every file without a valid signature and prints its name; lists them without ``yes``.

    Raises UsageError if no key is set.
    """
    if (key := open_key(settings.signing_key)) is None:
        raise UsageError("SRE_SIGNING_KEY is not set", do="See docs/operations.md.")
    blobs = open_blobs(settings.store, settings.kms_key)
    found = [name for name, _ in signing.unsigned(blobs, key)]
    for name in found:
        if yes:
            signing.sign(blobs, name, key)
        click.echo(f"{name}: {'signed' if yes else 'would be signed'}")
    done = "signed" if yes else "would be signed; use --yes to do it"
    tell_as_is(f"{number(len(found), 'file')} {done}.")


def _odd_counts(snapshots: SnapshotWriter, commit: Commit) -> list[tuple[str, str]]:
    """Returns the counts that do not add up; a damaged earlier snapshot is one of them."""
    try:
        return list(unbalanced(snapshots, commit))
    except StoreUnreadable as error:
        return [("states", f"cannot be compared: {error}")]


def _balance(damaged: Sequence[object], odd: Sequence[object]) -> str:
    """Returns whether the counts of a snapshot add up; empty if it is damaged and not checked."""
    if damaged:
        return ""
    if not odd:
        return ", the counts add up"
    return f", {number(len(odd), 'count does', 'counts do')} not add up"
