"""One shard of a scan: one region, from its listings to its parts and its record."""
