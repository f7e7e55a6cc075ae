"""sre-cli completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash:  eval "$(sre-cli completion bash)"
    zsh:   eval "$(sre-cli completion zsh)"
    fish:  sre-cli completion fish | source
    """
    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(ctx.find_root().command, {}, "sre-cli", "_SRE_CLI_COMPLETE").source())
    return 0
