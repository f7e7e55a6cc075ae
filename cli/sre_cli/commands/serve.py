"""sre-cli serve."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import click

from sre_cli import exit_codes, options
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings

LOG = "Log format: text, or JSON with metrics in CloudWatch's format.  [env: SRE_LOG]"


@click.command("serve", epilog=options.exit_help)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 selects a free one.",
)
@click.option("--no-auth", is_flag=True, help="Disable authentication. Only on a loopback address.")
@click.option(
    "--stdio",
    is_flag=True,
    help="Serve one client on stdin and stdout, as desktop agents expect.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    help="Also accept this Host header. Repeatable.  [env: SRE_ALLOWED_HOSTS]",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    help="Accept this Origin header. Repeatable.  [env: SRE_ALLOWED_ORIGINS]",
)
@click.option(
    "--log", type=click.Choice(("text", "json")), default="text", envvar="SRE_LOG", help=LOG
)
@click.option("--profile", help="AWS profile for live queries and context.")
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
    """Run the MCP server for AI agents, over HTTP at POST /mcp, or over stdio.

    On SIGTERM it finishes running requests, then exits. docs/mcp.md documents the tools and the
    configuration of clients.

    \b
    sre-cli serve --no-auth
    sre-cli serve --stdio
    SRE_TOKENS=file:///etc/sre/tokens.json sre-cli serve --host 0.0.0.0 --allow-host mcp.example.com
    """
    from sre_mcp.auth.guard import open_guard
    from sre_mcp.collector import shipping
    from sre_mcp.transports import HttpSettings, serve_http, serve_stdio
    from sre_mcp.trusted_names import Names

    _log_to_stderr(log)
    sources = options.sources_here(settings, asked["profile"])
    if stdio:
        with shipping(os.environ):
            serve_stdio(sources)
        return exit_codes.ANSWERED
    guard = (
        None if no_auth else open_guard(settings.tokens, settings.oidc, settings.public_url or None)
    )
    if guard is None and not no_auth:
        do = (
            "Set SRE_TOKENS (sre-cli tokens new creates a token), or use --no-auth on a loopback"
            " address, or --stdio."
        )
        raise UsageError("no tokens are configured", why="no client could sign in", do=do)
    ours = urlsplit(settings.public_url).netloc
    names = Names(
        (*settings.allowed_hosts, *hosts, *filter(None, [ours])),
        (*settings.allowed_origins, *origins),
    )
    with shipping(os.environ):
        http = HttpSettings(asked["host"], asked["port"], names, settings.link_age)
        serve_http(sources, http, guard)
    return exit_codes.ANSWERED


def _log_to_stderr(form: str) -> None:
    """Sends the log to stderr, because stdout is used by the protocol."""
    from sre_mcp.logs import JsonFormatter, TextFormatter, Throttle

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    text = TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler = logging.getLogger().handlers[0]
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    handler.addFilter(Throttle())
    for name in ("sre_mcp", "sre_findings"):
        logging.getLogger(name).setLevel(logging.INFO)
