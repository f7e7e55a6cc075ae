"""Snapshots: where their files are, how they are read, written, checked, moved and pruned."""
