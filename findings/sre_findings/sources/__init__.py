"""Selects the snapshot of a query, limits it to the caller's access, and caches answers."""
