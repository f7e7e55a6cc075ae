"""sre-cli snapshots list|show|verify|sign|rebuild|prune|hold|release|convert."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from sre_cli import exit_codes, options
from sre_cli.command_names import ShortNames
from sre_cli.completion_words import SNAPSHOT, completing
from sre_cli.messages import say, tell_as_is
from sre_findings.clock import clock
from sre_findings.settings import Settings
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_blobs, open_key
from sre_reports.wording import number


@click.group("snapshots", cls=ShortNames)
def command() -> None:
    """List, show, verify, sign, hold, prune and convert snapshots; rebuild a table from them."""


@command.command("list")
@click.option(
    "--pruned", is_flag=True, help="List pruned snapshots: when and why they were pruned."
)
@options.output_option
@options.store_options
def list_(settings: Settings, output: str, pruned: bool) -> int:
    """List all snapshots, newest first."""
    from sre_cli.render.snapshots import render_snapshots

    if pruned:
        return _list_pruned(settings, output)
    commits, now = _open(settings).commits(), clock(os.environ)[0]()
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
            lambda some, width, colour: render_snapshots(some, now, width, colour),
        )
    if not commits:
        options.say_where()
    return exit_codes.ANSWERED


@command.command("age")
@options.store_options
def age(settings: Settings) -> int:
    """Print the age of the newest complete snapshot.

    The output is a line of JSON for a log. Without a complete snapshot, hours is null and the exit
    code is 3. partial_nights is the number of days since then that have only partial snapshots.
    """
    from sre_findings.model.snapshots.freshness import freshness

    now = clock(os.environ)[0]()
    found = freshness(_open(settings).commits(), now)
    line = {"at": now.isoformat(timespec="milliseconds"), "event": "age", **found.to_json()}
    click.echo(json.dumps(line))
    return exit_codes.UNSURE if found.hours is None else exit_codes.ANSWERED


@command.command("show")
@click.argument("when", required=False, shell_complete=completing(SNAPSHOT))
@options.store_options
def show(settings: Settings, when: str | None) -> int:
    """Print the manifest of a snapshot as JSON.

    It has the plan, the result of each region, and the completeness check.

    WHEN is an id, a date, yesterday or -7d. Default: the newest snapshot.
    """
    snapshots = _open(settings)
    click.echo(json.dumps(snapshots.manifest(_choose(snapshots, when)).to_json(), indent=2))
    return exit_codes.ANSWERED


@command.command("verify")
@click.argument("when", required=False, shell_complete=completing(SNAPSHOT))
@click.option("--all", "every", is_flag=True, help="Verify every snapshot.")
@options.store_options
def verify(settings: Settings, when: str | None, every: bool) -> int:
    """Verify the files and the counts of a snapshot.

    Compares the files with their checksums, and checks that the findings add up with those of the
    snapshot before, in every account, region and resource type. Exit code 4 if something is wrong.

    With --all, also verifies that no snapshot was replaced, or removed without being pruned, and
    with SRE_SIGNING_KEY the signatures.
    """
    from sre_cli import snapshot_integrity

    snapshots = SnapshotWriter(open_blobs(settings.store, settings.kms_key))
    chosen: Sequence[Commit] = snapshots.commits() if every else [_choose(snapshots, when)]
    broken = sum(snapshot_integrity.verified(snapshots, commit) for commit in chosen)
    if every:
        broken += snapshot_integrity.unsigned(snapshots, settings.signing_key)
        broken += snapshot_integrity.broken_links(snapshots)
    return exit_codes.UNREADABLE if broken else exit_codes.ANSWERED


@command.command("sign")
@click.option(
    "--yes", "--force", is_flag=True, help="Sign. Without it, only show what would be signed."
)
@options.store_options
def sign(settings: Settings, yes: bool) -> int:
    """Sign the snapshots that have no valid signature, with SRE_SIGNING_KEY.

    Needed once when the key is set for a store with snapshots, or replaced. Run snapshots verify
    --all before: a signature says that you trust what is in the store now.

    \b
    sre-cli snapshots sign
    sre-cli snapshots sign --yes
    """
    from sre_cli import snapshot_integrity

    snapshot_integrity.sign(settings, yes=yes)
    return exit_codes.ANSWERED


@command.command("rebuild")
@click.option("--all", "every", is_flag=True, help="Count all snapshots, not only missing ones.")
@options.store_options
def rebuild(settings: Settings, every: bool) -> int:
    """Rebuild a lost table from the snapshots.

    Also completes a table that was restored from a backup: counts the snapshots that the table does
    not have, oldest first. If it is killed, run it again. Data that is not in the snapshots stays
    lost: the counts of pruned snapshots, finished slots, posted messages, and the audit log.
    """
    from sre_findings.store.urls import open_table
    from sre_scanner.commit import roll_up

    snapshots = _open(settings)
    written = roll_up(snapshots, open_table(settings.table), every=every)
    rows, commits = number(written, "row"), number(len(snapshots.commits()), "snapshot")
    say(f"{rows} of {commits} written to {settings.table}")
    return exit_codes.ANSWERED


@command.command("prune")
@click.option(
    "--keep-nightly",
    "nightly",
    default=90,
    show_default=True,
    type=click.IntRange(0),
    help="Keep one snapshot of this many days.",
)
@click.option(
    "--keep-weekly",
    "weekly",
    default=52,
    show_default=True,
    type=click.IntRange(0),
    help="Keep one snapshot of this many weeks.",
)
@click.option(
    "--keep-monthly",
    "monthly",
    default=60,
    show_default=True,
    type=click.IntRange(0),
    help="Keep one snapshot of this many months.",
)
@click.option(
    "--yes",
    "--force",
    is_flag=True,
    help="Prune. Without it, only show what would be pruned and why.",
)
@options.output_option
@options.store_options
def prune(settings: Settings, yes: bool, output: str, **keep: int) -> int:
    """Remove old snapshots. Without --yes, only shows which, and why.

    Keeps the newest complete snapshot of each of the last days, weeks and months, and always the
    newest, the newest complete, and those with a legal hold. A pruned snapshot cannot be queried
    any more; its files are removed by the first prune after a day, so that open readers can finish.
    Its counts stay in the table for trend and sla, and its published reports stay too; both say
    that the snapshot was pruned.

    \b
    sre-cli snapshots prune
    sre-cli snapshots prune --keep-nightly 90 --keep-weekly 52 --keep-monthly 60 --yes
    """
    from sre_cli.render.snapshots import render_fates
    from sre_findings.model.snapshots.retention import Keep, fates
    from sre_findings.store.snapshots import pruning as store

    snapshots, now = _open(settings), clock(os.environ)[0]()
    found = fates(snapshots.commits(), Keep(**keep), store.holds(snapshots.blobs))
    click.echo(render_fates(found, output))
    unkept = [one for one in found if not one.kept]
    if not yes:
        tell_as_is(f"{number(len(unkept), 'snapshot')} would be pruned; use --yes to do it.")
        return exit_codes.ANSWERED
    pruned = list(store.prune(snapshots, unkept, now))
    swept = list(store.sweep(snapshots, now))
    removed = f"removed the files of {len(swept)} pruned earlier"
    tell_as_is(f"{number(len(pruned), 'snapshot')} pruned; {removed}.")
    _mark_pages(snapshots, now)
    return exit_codes.ANSWERED


@command.command("hold")
@click.argument("when", shell_complete=completing(SNAPSHOT))
@click.option("--owner", required=True, help="Owner of the hold: a person or team to contact.")
@click.option("--reason", required=True, help="Reason, such as a case number.")
@options.store_options
def hold(settings: Settings, when: str, owner: str, reason: str) -> int:
    """Put a legal hold on a snapshot.

    It is not pruned until the hold is released.
    """
    from sre_findings.store.snapshots import pruning as store

    snapshots = _open(settings)
    commit = _choose(snapshots, when)
    store.hold(snapshots, commit, owner, reason, clock(os.environ)[0]())
    click.echo(f"{commit.snapshot_id} is held")
    return exit_codes.ANSWERED


@command.command("release")
@click.argument("snapshot_id", shell_complete=completing(SNAPSHOT))
@options.store_options
def release(settings: Settings, snapshot_id: str) -> int:
    """Release the legal hold on a snapshot."""
    from sre_findings.store.snapshots import pruning as store

    store.release(_open(settings), snapshot_id)
    click.echo(f"{snapshot_id} is released")
    return exit_codes.ANSWERED


def _mark_pages(snapshots: SnapshotWriter, now: datetime) -> None:
    """Marks the published reports of pruned snapshots, in the reports and in their index."""
    from sre_findings.store.snapshots.pruning import tombstones
    from sre_reports.publishing.pruned_reports import mark_pruned
    from sre_reports.publishing.publisher import publish_list
    from sre_reports.publishing.report_files import Shelf

    shelf = Shelf(snapshots.blobs)
    pruned = {stone.snapshot_id: stone.pruned_at for stone in tombstones(snapshots.blobs)}
    if marked := mark_pruned(shelf, pruned):
        publish_list(shelf, now)
        tell_as_is(f"{number(marked, 'published report')} marked as pruned.")


@command.command("convert")
@click.option(
    "--yes", "--force", is_flag=True, help="Convert. Without it, only show what would be converted."
)
@options.store_options
def convert(settings: Settings, yes: bool) -> int:
    """Convert snapshots of an earlier layout. Without --yes, only shows which.

    Files, checksums and manifests are not changed, and queries can run meanwhile. The first run
    after a day removes the old files, so that open readers can finish. If it is killed, run it
    again. A damaged snapshot is not converted; the exit code is then 4.

    \b
    sre-cli snapshots convert
    sre-cli snapshots convert --yes
    """
    from sre_findings.engine.factory import publish
    from sre_findings.store.snapshots import layout_migration as store

    snapshots, now = _open(settings), clock(os.environ)[0]()
    old = store.old_commits(snapshots)
    if not yes:
        return _show_conversion(
            [one.snapshot_id for one in old], [one.snapshot_id for one in store.waiting(snapshots)]
        )
    damaged = [commit for commit in old if not _converted(snapshots, commit, now)]
    publish(settings.engine, snapshots, snapshots.commits())
    swept = list(store.tidy(snapshots, now))
    converted = number(len(old) - len(damaged), "snapshot")
    tell_as_is(f"{converted} converted; removed the old files of {len(swept)}.")
    if waiting := store.waiting(snapshots):
        tell_as_is(f"The old files of {len(waiting)} are kept for a day; then run it again.")
    return exit_codes.UNREADABLE if damaged else exit_codes.ANSWERED


def _show_conversion(old: Sequence[str], waiting: Sequence[str]) -> int:
    for one in old:
        click.echo(f"{one}: would be converted")
    for one in waiting:
        click.echo(f"{one}: converted; its old files would be removed a day after that")
    tell_as_is(f"{number(len(old), 'snapshot')} would be converted; use --yes to do it.")
    return exit_codes.ANSWERED


def _converted(snapshots: SnapshotWriter, commit: Commit, now: datetime) -> bool:
    """Converts one snapshot and prints the result. Returns False if it is damaged."""
    from sre_findings.model.errors import StoreUnreadable
    from sre_findings.store.snapshots.layout_migration import convert as convert_one

    try:
        count = convert_one(snapshots, commit, now)
    except StoreUnreadable as error:
        tell_as_is(str(error))
        return False
    click.echo(f"{commit.snapshot_id}: {number(count, 'file')}")
    return True


def _list_pruned(settings: Settings, output: str) -> int:
    from sre_cli.render.snapshots import render_pruned
    from sre_findings.store.snapshots.pruning import tombstones

    click.echo(render_pruned(tombstones(_open(settings).blobs), output))
    return exit_codes.ANSWERED


def _open(settings: Settings) -> SnapshotWriter:
    return SnapshotWriter(
        open_blobs(settings.store, settings.kms_key), key=open_key(settings.signing_key)
    )


def _choose(snapshots: SnapshotWriter, when: str | None) -> Commit:
    """Returns the snapshot of ``when``, or the newest. Raises UsageError if there is none."""
    from sre_findings.sources.snapshot_selection import choose

    return choose(snapshots.commits(), when, datetime.now(UTC))
