"""Where findings are kept: snapshots in a folder or a bucket, rollups and operations in a table."""
