"""Short names of commands: an unambiguous prefix (``vuln``) or a common short form (``ttf``)."""

from __future__ import annotations

import click

from sre_cli.help_text import HelpContext

SHORT_FORMS = {"vulns": "vulnerabilities", "ttf": "time-to-fix"}


class ShortNames(click.Group):
    """A group in which a command can be called by any prefix that no other command shares."""

    context_class = HelpContext

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolves the command as click does, by its full name.

        Raises UsageError with the candidates if several commands have this prefix.
        """
        names = self.list_commands(ctx)
        meant = meanings(args[0], names)
        if len(meant) > 1 and not ctx.resilient_parsing:
            raise click.UsageError(f"{args[0]!r} is ambiguous: {', '.join(meant)}.", ctx)
        found = super().resolve_command(ctx, [*meant, *args[1:]] if len(meant) == 1 else args)
        if found[1]:
            found[1].context_class = HelpContext
        return found


def meanings(typed: str, names: list[str]) -> list[str]:
    """Returns the commands that ``typed`` can mean; one if it is a full name or a short form."""
    if typed in names:
        return [typed]
    if SHORT_FORMS.get(typed) in names:
        return [SHORT_FORMS[typed]]
    return [name for name in names if typed and name.startswith(typed)]
