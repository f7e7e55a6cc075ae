"""sre-cli init."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from sre_cli import options
from sre_cli.list_option import list_option
from sre_cli.messages import tell
from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.settings import FILE, REMOTE, SETTINGS, data_folder, words

_TABLE = "dynamodb://sre"
_SECRET = "sre-ops/slack"  # noqa: S105 - the name of a secret


@click.command("init", epilog=options.exit_help)
@click.option("--store", help="Snapshot store: a folder, file:///… or s3://bucket/prefix.")
@click.option("--table", help="Table of rollups, for a bucket: dynamodb://table.")
@list_option(
    "-r", "--region", "regions", help="Scan this region by default. Repeatable or comma-separated."
)
@click.option("--owner-tag", help="Tag that contains a resource's owner.")
@click.option("--slack/--no-slack", default=None, help="Whether digests are posted to Slack.")
@click.option("--slack-secret", help="Secret in AWS Secrets Manager with Slack's bot_token.")
@click.option("--yes", is_flag=True, help="Ask nothing: use the defaults of what is not given.")
@click.option("--force", is_flag=True, help=f"Overwrite {FILE}.")
@click.pass_context
def command(ctx: click.Context, /, yes: bool, force: bool, **given: Any) -> int:
    """Write sre-ops.toml in the working directory, and check the setup.

    Asks for the store, the regions, the owner tag and Slack, unless an option gives them. An
    existing file is kept, except with --force. Then runs the checks of sre-cli doctor.

    \b
    sre-cli init
    sre-cli init --yes --region eu-west-1
    sre-cli init --yes --store s3://sre-findings/inspector --table dynamodb://sre

    \b
    Exit codes: 2 the file exists; otherwise those of sre-cli doctor.
    """
    file = Path.cwd() / FILE
    if file.exists() and not force:
        raise UsageError(f"{FILE} exists", do="Edit it, or replace it with --force.")
    _write(file, _as_toml(_settings(given, yes)), force)
    tell(f"wrote {FILE}")
    _say_overridden()
    return _check(ctx)


def _settings(given: dict[str, Any], yes: bool) -> dict[str, str]:
    """The settings of the file, by key: given, answered or by default; without empty ones."""

    def ask(value: str | None, question: str, default: str) -> str:
        if value is None:
            value = default if yes else click.prompt(question, default=default, err=True)
        return value.strip()

    store = _address(ask(given["store"], "Store: a folder or s3://bucket/prefix", _folder()))
    found = {"store": store, "table": given["table"] or ""}
    if store.startswith("s3://"):
        found["table"] = ask(given["table"], "Table of rollups", _TABLE)
    regions = ",".join(given["regions"]) or None
    found["regions"] = _regions(ask(regions, "Regions to scan, with commas, or all", "all"))
    found["owner_tag"] = ask(given["owner_tag"], "Tag that contains the owner", "team")
    if _wants_slack(given, yes):
        question = "Secret in AWS Secrets Manager with bot_token"
        found["slack_secret_id"] = ask(given["slack_secret"], question, _SECRET)
    return {key: value for key, value in found.items() if value}


def _wants_slack(given: dict[str, Any], yes: bool) -> bool:
    if given["slack"] is not None or given["slack_secret"]:
        return given["slack"] is not False
    return not yes and click.confirm("Post digests to Slack?", default=False, err=True)


def _folder() -> str:
    return str(data_folder() / "store")


def _address(store: str) -> str:
    """The store as an address or an absolute path. Raises UsageError for another scheme."""
    if "://" not in store:
        return str(Path(store).expanduser().absolute())
    if not store.startswith(("s3://", "file:///")):
        raise UsageError(f"{store!r} is not a store", do="Use a folder or s3://bucket/prefix.")
    return store


def _regions(text: str) -> str:
    """The regions with commas, "" for all. Raises UsageError for an unknown one."""
    if text.lower() == "all":
        return ""
    from sre_cli.doctor.region_names import checked_regions

    return ",".join(checked_regions(words(text)))


def _as_toml(settings: dict[str, str]) -> str:
    """The text of the file: each setting below its meaning."""
    meanings = {one.key: one.meaning for one in SETTINGS}
    # strings of JSON without control characters are strings of TOML
    lines = (f"# {meanings[key]}\n{key} = {json.dumps(value)}\n" for key, value in settings.items())
    return "\n".join(lines)


def _write(file: Path, text: str, force: bool) -> None:
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise StoreUnreadable(f"cannot write {FILE}", why=error.strerror or "") from error


def _say_overridden() -> None:
    """Names the variables that the product uses in place of the file, or of its settings."""
    keys = ("store", "table", "regions", "owner_tag", "slack_secret_id", "server")
    variables = [one.variable for one in SETTINGS if one.key in keys]
    if found := [name for name in (REMOTE, *variables) if os.environ.get(name)]:
        verb = "is set and overrides" if len(found) == 1 else "are set and override"
        tell(f"{', '.join(found)} {verb} {FILE}")


def _check(ctx: click.Context) -> int:
    from sre_cli.commands import doctor

    code: int = ctx.invoke(doctor.command)
    return code
