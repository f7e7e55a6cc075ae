"""sre-cli snapshots list|show|verify."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from sre_cli import exits, options
from sre_findings.settings import Settings
from sre_findings.store.open import open_blobs
from sre_findings.store.snapshots import Commit, Snapshots


@click.group("snapshots")
def command() -> None:
    """List, show and verify snapshots."""


@command.command("list")
@options.output_option
@options.store_options
def list_(settings: Settings, output: str) -> int:
    """Every committed snapshot, the newest first."""
    from sre_cli.render import render_snapshots  # noqa: PLC0415 - after --help

    commits = _open(settings).commits()
    if output in ("json", "ndjson"):
        rows = [commit.to_json() for commit in reversed(commits)]
        click.echo("\n".join(json.dumps(row) for row in rows) if output == "ndjson" else json.dumps(rows, indent=2))
    else:
        options.show(commits, output, lambda some, width, colour: render_snapshots(some, datetime.now(UTC), width, colour))
    return exits.ANSWERED


@command.command("show")
@click.argument("when", required=False)
@options.store_options
def show(settings: Settings, when: str | None) -> int:
    """The manifest of a snapshot as JSON: its plan, what each shard saw, and the certificate.

    WHEN is an id, a date, yesterday or -7d; without it the newest.
    """
    snapshots = _open(settings)
    click.echo(json.dumps(snapshots.manifest(_choose(snapshots, when)).to_json(), indent=2))
    return exits.ANSWERED


@command.command("verify")
@click.argument("when", required=False)
@click.option("--all", "every", is_flag=True, help="Verify every snapshot.")
@options.store_options
def verify(settings: Settings, when: str | None, every: bool) -> int:
    """Compare every file of a snapshot with the sums that were committed, and check that its findings add up with those of the
    night before, in every account, region and type; exit 4 where something differs."""
    from sre_findings.store.balance import unbalanced  # noqa: PLC0415 - after --help
    from sre_findings.store.verify import verify as files_of  # noqa: PLC0415

    snapshots = _open(settings)
    chosen: Sequence[Commit] = snapshots.commits() if every else [_choose(snapshots, when)]
    broken = 0
    for commit in chosen:
        files = list(files_of(snapshots, commit))
        wrong = [(key, why) for key, why in files if why]
        broken += len(wrong)
        for key, why in wrong:
            click.echo(f"{commit.snapshot_id}/{key}: {why}", err=True)
        odd = [] if wrong else list(unbalanced(snapshots, commit))
        broken += len(odd)
        for key, why in odd:
            click.echo(f"{commit.snapshot_id}/{key}: {why}", err=True)
        counts = "" if wrong else f", {len(odd)} counts do not add up" if odd else ", the counts add up"
        click.echo(f"{commit.snapshot_id}: {len(files)} files, {len(wrong) or 'none'} damaged{counts}")
    return exits.UNREADABLE if broken else exits.ANSWERED


def _open(settings: Settings) -> Snapshots:
    return Snapshots(open_blobs(settings.store, settings.kms_key))


def _choose(snapshots: Snapshots, when: str | None) -> Commit:
    """The snapshot that was meant. Raises UsageError without any."""
    from sre_findings.ask.when import choose  # noqa: PLC0415
    from sre_findings.model.errors import UsageError  # noqa: PLC0415

    commit = choose(snapshots.commits(), when, datetime.now(UTC))
    if commit is None:
        raise UsageError("there is no snapshot yet", do="Run: sre-cli scan (or sre-cli demo).")
    return commit
