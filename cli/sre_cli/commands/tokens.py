"""sre-cli tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sre_cli import options
from sre_cli.command_names import ShortNames
from sre_cli.exit_codes import ANSWERED
from sre_cli.list_option import list_option
from sre_cli.messages import tell

_SCOPES = ("findings:read", "live:query", "operations:read", "claims:write")


@click.group("tokens", cls=ShortNames)
def command() -> None:
    """Create access tokens for the server."""


@command.command("new", epilog=options.exit_help)
@click.option("--name", required=True, help="Name of the client: ci, payments-bot.")
@list_option(
    "--account",
    "accounts",
    help="Account that the client may see, or * for all. Repeatable or comma-separated.",
)
@list_option(
    "--owner",
    "owners",
    help="Owner that the client may see, or * for all. Repeatable or comma-separated.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(_SCOPES),
    default=("findings:read",),
    show_default=True,
    help="What the client may do. Repeatable.",
)
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 366),
    help="Days until it expires.",
)
@click.option(
    "--acts-for",
    type=click.Choice(("slack",)),
    help="Act for the users of this chat; the access of each user applies.",
)
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add the entry to this file, with mode 0600.",
)
def new(path: Path | None, **wished: Any) -> int:
    """Create a token and its entry for the tokens document.

    The token is printed only once. A client without accounts or without owners sees
    nothing. The entry has only a hash of the token. It belongs in the document in SRE_TOKENS: a
    file, to which --to adds it, or a secret. The server needs no restart.

    \b
    sre-cli tokens new --name ci --account 111122223333 --owner payments --to tokens.json
    sre-cli tokens new --name on-call --account '*' --owner '*' --days 30 \\
        --scope findings:read --scope live:query
    """
    from datetime import UTC, datetime

    from sre_mcp.auth.token_creation import TokenRequest, add_entry, create_token

    token, entry = create_token(TokenRequest(**wished), datetime.now(UTC))
    if path:
        add_entry(entry, path)
        added = f"added {entry['name']} to {path}"
        tell(f"{added}; save the token now, it is not shown again")
    else:
        # to be copied: not wrapped
        click.echo(f'sre-cli: add this to "tokens": {json.dumps(entry)}', err=True)
    click.echo(token)
    return ANSWERED
