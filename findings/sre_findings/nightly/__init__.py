"""Everything that the report and the digest of one snapshot show, read at once."""
