"""sre-cli tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sre_cli import options
from sre_cli.exits import ANSWERED

_SCOPES = ("findings:read", "live:query", "operations:read")


@click.group("tokens")
def command() -> None:
    """Make tokens for callers of the server."""


@command.command("new", epilog=options.exit_help)
@click.option("--name", required=True, help="Who holds it: ci, payments-bot.")
@click.option(
    "--account",
    "accounts",
    multiple=True,
    help="An account that its holder sees (again for more); * for all.",
)
@click.option(
    "--owner",
    "owners",
    multiple=True,
    help="An owner that its holder sees (again for more); * for all.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(_SCOPES),
    default=("findings:read",),
    show_default=True,
    help="What its holder may do (again for more).",
)
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 366),
    help="How long it is valid.",
)
@click.option(
    "--acts-for",
    type=click.Choice(("slack",)),
    help="It asks for people of this chat, who see no more than they may.",
)
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add the entry to this file, mode 0600.",
)
def new(path: Path | None, **wished: Any) -> int:
    """Make a token, shown this once, and the entry that knows it by its hash.

    Without accounts, or without owners, its holder sees nothing. The entry goes into the document
    that SRE_TOKENS names: a file, to which --to adds it, or a secret. The server needs no restart.

    \b sre-cli tokens new --name ci --account 111122223333 --owner payments --to tokens.json sre-cli
    tokens new --name on-call --account '*' --owner '*' --scope findings:read --scope live:query
    --days 30
    """
    from datetime import UTC, datetime

    from sre_mcp.auth.token_creation import TokenRequest, add_entry, create_token

    token, entry = create_token(TokenRequest(**wished), datetime.now(UTC))
    if path:
        add_entry(entry, path)
        click.echo(
            f"sre-cli: added {entry['name']} to {path}; the token is shown this once", err=True
        )
    else:
        click.echo(f'sre-cli: add this to "tokens": {json.dumps(entry)}', err=True)
    click.echo(token)
    return ANSWERED
