"""``python -m sre_cli``."""

from sre_cli.main import main

main()
