"""Snapshots: the scan plan, what was read, the completeness check, rollups and retention."""
