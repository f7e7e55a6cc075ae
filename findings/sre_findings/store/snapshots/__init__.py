"""Snapshots: file keys, and reading, writing, checking, migrating and pruning snapshots."""
