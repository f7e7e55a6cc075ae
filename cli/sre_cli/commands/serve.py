"""sre-cli serve."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import click

from sre_cli import exits, options
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings

LOG = "Lines for people, or for machines, with metrics as CloudWatch reads them.  [env: SRE_LOG]"


@click.command("serve", epilog=options.exit_help)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0 takes any free port.",
)
@click.option("--no-auth", is_flag=True, help="Ask for no token. On the loopback only.")
@click.option(
    "--stdio",
    is_flag=True,
    help="Serve one client on stdin and stdout instead, as desktop agents start it.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    help="Answer to this Host too (again for more).  [env: SRE_ALLOWED_HOSTS]",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    help="Answer pages of this Origin (again for more).  [env: SRE_ALLOWED_ORIGINS]",
)
@click.option(
    "--log", type=click.Choice(("text", "json")), default="text", envvar="SRE_LOG", help=LOG
)
@click.option("--profile", help="The AWS profile for asking live or for context.")
@options.store_options
def command(
    settings: Settings,
    no_auth: bool,
    stdio: bool,
    log: str,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    **asked: Any,
) -> int:
    """Answer agents: the MCP server, over HTTP at POST /mcp, or over stdio.

    It stops at SIGTERM, after what it was asked is answered. docs/mcp.md has its tools, and
    configurations for clients.

    \b
    sre-cli serve --no-auth
    sre-cli serve --stdio
    SRE_TOKENS=file:///etc/sre/tokens.json sre-cli serve --host 0.0.0.0 --allow-host mcp.example.com
    """
    from sre_mcp.app import Names
    from sre_mcp.auth.guard import open_guard
    from sre_mcp.collector import shipping
    from sre_mcp.transports import HttpSettings, serve_http, serve_stdio

    _log_to_stderr(log)
    sources = options.sources_here(settings, asked["profile"])
    if stdio:
        with shipping(os.environ):
            serve_stdio(sources)
        return exits.ANSWERED
    guard = (
        None if no_auth else open_guard(settings.tokens, settings.oidc, settings.public_url or None)
    )
    if guard is None and not no_auth:
        do = (
            "Set SRE_TOKENS (sre-cli tokens new makes one), or use --no-auth on the loopback, or"
            " --stdio."
        )
        raise UsageError("no tokens are set up", why="nobody could be let in", do=do)
    ours = urlsplit(settings.public_url).netloc
    names = Names(
        (*settings.allowed_hosts, *hosts, *filter(None, [ours])),
        (*settings.allowed_origins, *origins),
    )
    with shipping(os.environ):
        http = HttpSettings(asked["host"], asked["port"], names, settings.link_age)
        serve_http(sources, http, guard)
    return exits.ANSWERED


def _log_to_stderr(form: str) -> None:
    """What happens, a line each. stdout belongs to the protocol."""
    from sre_mcp.logs import JsonFormatter, TextFormatter

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    text = TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger().handlers[0].setFormatter(JsonFormatter() if form == "json" else text)
    for name in ("sre_mcp", "sre_findings"):
        logging.getLogger(name).setLevel(logging.INFO)
