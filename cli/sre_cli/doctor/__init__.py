"""The checks of ``sre-cli doctor``."""
