"""The accounts of earlier snapshots, which a scan must not forget."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sre_findings.inspector.listing import ACCOUNT_ID
from sre_findings.store.snapshots.reader import Commit, Snapshots

KnownAccounts = dict[str, tuple[str, ...]]
"""Accounts by region, sorted."""


def known_accounts(
    snapshots: Snapshots, latest: Commit | None, organization: Collection[str] = ()
) -> tuple[KnownAccounts, Sequence[str]]:
    """Returns the accounts of the newest snapshot and of those before it, and notes about others.

    ``organization`` has the accounts that Organizations lists, and is empty if it was not read. An
    account that is not in it has left, so nothing of it is missing; a note names it.
    """
    if latest is None:
        return {}, ()
    manifest = snapshots.manifest(latest)
    found = {region: {*some} for region, some in manifest.plan.known_accounts.items()}
    for cell in manifest.certificate.cells:
        if ACCOUNT_ID.fullmatch(cell.account_id):  # not "*", nor what a garbled response named
            found.setdefault(cell.region, set()).add(cell.account_id)
    every = {account for some in found.values() for account in some}
    left = {account for account in every if organization and account not in organization}
    return (
        {region: tuple(sorted(some - left)) for region, some in sorted(found.items())},
        [f"account {one} is no longer in the organization" for one in sorted(left)],
    )
