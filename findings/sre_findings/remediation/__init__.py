"""The fix plan: what to upgrade, in which order, and with which command. Pure functions."""
