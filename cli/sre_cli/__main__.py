"""``python -m sre_cli``: the command line, for who runs it by its interpreter."""

from sre_cli.main import main

main()
