"""What to upgrade, in which order, and with which command. Pure functions over rows of findings."""
