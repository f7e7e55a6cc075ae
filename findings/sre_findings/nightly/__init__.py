"""The data of the report and the digest of one snapshot, read in one pass."""
