"""sre-cli snapshots list|show|verify|rebuild|prune|hold|release|convert."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from sre_cli import exits, options
from sre_findings.clock import clock
from sre_findings.settings import Settings
from sre_findings.store.snapshots import Commit, Snapshots
from sre_findings.store.urls import open_blobs


@click.group("snapshots")
def command() -> None:
    """List, show, verify, hold, prune and convert snapshots, and rebuild a table from them."""


@command.command("list")
@click.option("--pruned", is_flag=True, help="Those that were pruned: when, and why.")
@options.output_option
@options.store_options
def list_(settings: Settings, output: str, pruned: bool) -> int:
    """Every committed snapshot, the newest first."""
    from sre_cli.render import render_snapshots

    if pruned:
        return _list_pruned(settings, output)
    commits = _open(settings).commits()
    if output in ("json", "ndjson"):
        rows = [commit.to_json() for commit in reversed(commits)]
        click.echo(
            "\n".join(json.dumps(row) for row in rows)
            if output == "ndjson"
            else json.dumps(rows, indent=2)
        )
    else:
        options.show(
            commits,
            output,
            lambda some, width, colour: render_snapshots(some, datetime.now(UTC), width, colour),
        )
    return exits.ANSWERED


@command.command("age")
@options.store_options
def age(settings: Settings) -> int:
    """How old the newest complete snapshot is, as a line of JSON for a log: exit 3 where there is
    none.

    hours is null without one; partial_nights counts the nights since then that have partial
    snapshots alone.
    """
    from sre_findings.model.snapshots.freshness import freshness

    now = clock(os.environ)[0]()
    found = freshness(_open(settings).commits(), now)
    line = {"at": now.isoformat(timespec="milliseconds"), "event": "age", **found.to_json()}
    click.echo(json.dumps(line))
    return exits.UNSURE if found.hours is None else exits.ANSWERED


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
    """Compare every file of a snapshot with the sums that were committed, and check that its
    findings add up with those of the night before, in every account, region and type; exit 4 where
    something differs."""
    from sre_findings.store.integrity import verify as files_of
    from sre_findings.store.reconciliation import unbalanced

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
        counts = (
            "" if wrong else f", {len(odd)} counts do not add up" if odd else ", the counts add up"
        )
        click.echo(
            f"{commit.snapshot_id}: {len(files)} files, {len(wrong) or 'none'} damaged{counts}"
        )
    return exits.UNREADABLE if broken else exits.ANSWERED


@command.command("rebuild")
@click.option(
    "--all", "every", is_flag=True, help="Count every snapshot again, those that the table has too."
)
@options.store_options
def rebuild(settings: Settings, every: bool) -> int:
    """Fill a table that was lost, or restored from a backup: count every snapshot that it lacks,
    the oldest first.

    Killed, it goes on where it was. What the snapshots do not hold stays lost: the counts of pruned
    nights, which slots and messages were done, and who asked what.
    """
    from sre_findings.store.urls import open_table
    from sre_scanner.commit import roll_up

    snapshots = _open(settings)
    written = roll_up(snapshots, open_table(settings.table), every=every)
    click.echo(
        f"{written:,} rows of {len(snapshots.commits()):,} snapshots written to {settings.table}"
    )
    return exits.ANSWERED


@command.command("prune")
@click.option(
    "--keep-nightly",
    "nightly",
    default=90,
    show_default=True,
    type=click.IntRange(0),
    help="Nights to keep.",
)
@click.option(
    "--keep-weekly",
    "weekly",
    default=52,
    show_default=True,
    type=click.IntRange(0),
    help="Weeks to keep one of.",
)
@click.option(
    "--keep-monthly",
    "monthly",
    default=60,
    show_default=True,
    type=click.IntRange(0),
    help="Months to keep one of.",
)
@click.option(
    "--yes", is_flag=True, help="Prune. Without it the table shows what would go and why."
)
@options.output_option
@options.store_options
def prune(settings: Settings, yes: bool, output: str, **keep: int) -> int:
    """Remove old snapshots: without --yes it only shows which, and why.

    Kept are the newest complete snapshot of so many nights, weeks and months, and always the
    newest, the newest complete, and those under a legal hold. A pruned snapshot is no longer found
    at once; its files go a day later, with the next prune, so that open readers can finish. The
    counts of its night stay in the table for trend and sla, and its published pages stay too; both
    say that the snapshot is gone.

    \b
    sre-cli snapshots prune
    sre-cli snapshots prune --keep-nightly 90 --keep-weekly 52 --keep-monthly 60 --yes
    """
    from sre_cli.render_fates import render_fates
    from sre_findings.model.snapshots.retention import Keep, fates
    from sre_findings.store import pruning as store

    snapshots, now = _open(settings), clock(os.environ)[0]()
    found = fates(snapshots.commits(), Keep(**keep), store.holds(snapshots.blobs))
    click.echo(render_fates(found, output))
    doomed = [one for one in found if not one.kept]
    if not yes:
        click.echo(f"{len(doomed)} would be pruned; say --yes to do it.", err=True)
        return exits.ANSWERED
    gone = list(store.prune(snapshots, doomed, now))
    swept = list(store.sweep(snapshots, now))
    click.echo(
        f"{len(gone)} pruned; the files of {len(swept)} pruned before are removed.", err=True
    )
    _mark_pages(snapshots, now)
    return exits.ANSWERED


@command.command("hold")
@click.argument("when")
@click.option("--owner", required=True, help="Who holds it: a person or a team to ask.")
@click.option("--reason", required=True, help="Why, such as a case number.")
@options.store_options
def hold(settings: Settings, when: str, owner: str, reason: str) -> int:
    """Put a legal hold on a snapshot: it is not pruned until the hold is released."""
    from sre_findings.store import pruning as store

    snapshots = _open(settings)
    commit = _choose(snapshots, when)
    store.hold(snapshots, commit, owner, reason, clock(os.environ)[0]())
    click.echo(f"{commit.snapshot_id} is held")
    return exits.ANSWERED


@command.command("release")
@click.argument("snapshot_id")
@options.store_options
def release(settings: Settings, snapshot_id: str) -> int:
    """Release the legal hold on a snapshot, named by its id."""
    from sre_findings.store import pruning as store

    store.release(_open(settings), snapshot_id)
    click.echo(f"{snapshot_id} is released")
    return exits.ANSWERED


def _mark_pages(snapshots: Snapshots, now: datetime) -> None:
    """Has the published pages of pruned snapshots say so, and the list of nights."""
    from sre_findings.store.pruning import tombstones
    from sre_reports.publishing.pruned_reports import mark_pruned
    from sre_reports.publishing.publisher import publish_list
    from sre_reports.publishing.report_files import Shelf

    shelf = Shelf(snapshots.blobs)
    if marked := mark_pruned(
        shelf, {stone.snapshot_id: stone.pruned_at for stone in tombstones(snapshots.blobs)}
    ):
        publish_list(shelf, now)
        click.echo(
            f"{marked} published {'page says' if marked == 1 else 'pages say'} that the snapshot is"
            " gone.",
            err=True,
        )


@command.command("convert")
@click.option("--yes", is_flag=True, help="Convert. Without it only what would be done is shown.")
@options.store_options
def convert(settings: Settings, yes: bool) -> int:
    """Move snapshots of an earlier layout to today's, the table first: without --yes it only shows
    which.

    The files, their sums and the manifests stay as they were committed. Questions are answered all
    the while. The old files are removed by the next run after a day, so that whoever has them open
    can finish. It may be killed and run again. Exit 4 where a snapshot is damaged: that one stays
    as it is.

    \b
    sre-cli snapshots convert
    sre-cli snapshots convert --yes
    """
    from sre_findings.engine.factory import publish
    from sre_findings.store import layout_migration as store

    snapshots, now = _open(settings), clock(os.environ)[0]()
    old = store.old_commits(snapshots)
    if not yes:
        return _show_conversion(
            [one.snapshot_id for one in old], [one.snapshot_id for one in store.waiting(snapshots)]
        )
    damaged = [commit for commit in old if not _converted(snapshots, commit, now)]
    publish(settings.engine, snapshots, snapshots.commits())
    swept = list(store.tidy(snapshots, now))
    click.echo(
        f"{len(old) - len(damaged)} converted; the old files of {len(swept)} are removed.", err=True
    )
    if waiting := store.waiting(snapshots):
        click.echo(f"The old files of {len(waiting)} stay for a day; run it again then.", err=True)
    return exits.UNREADABLE if damaged else exits.ANSWERED


def _show_conversion(old: Sequence[str], waiting: Sequence[str]) -> int:
    for one in old:
        click.echo(f"{one}: would be converted")
    for one in waiting:
        click.echo(f"{one}: converted; its old files would go a day after that")
    click.echo(f"{len(old)} would be converted; say --yes to do it.", err=True)
    return exits.ANSWERED


def _converted(snapshots: Snapshots, commit: Commit, now: datetime) -> bool:
    """Converts one snapshot and says so; False where it is damaged."""
    from sre_findings.model.errors import StoreUnreadable
    from sre_findings.store.layout_migration import convert as convert_one

    try:
        count = convert_one(snapshots, commit, now)
    except StoreUnreadable as error:
        click.echo(str(error), err=True)
        return False
    click.echo(f"{commit.snapshot_id}: {count} files")
    return True


def _list_pruned(settings: Settings, output: str) -> int:
    from sre_cli.render_fates import render_pruned
    from sre_findings.store.pruning import tombstones

    click.echo(render_pruned(tombstones(_open(settings).blobs), output))
    return exits.ANSWERED


def _open(settings: Settings) -> Snapshots:
    return Snapshots(open_blobs(settings.store, settings.kms_key))


def _choose(snapshots: Snapshots, when: str | None) -> Commit:
    """The snapshot that was meant. Raises UsageError without any."""
    from sre_findings.model.errors import UsageError
    from sre_findings.sources.as_of import choose

    commit = choose(snapshots.commits(), when, datetime.now(UTC))
    if commit is None:
        raise UsageError("there is no snapshot yet", do="Run: sre-cli scan (or sre-cli demo).")
    return commit
