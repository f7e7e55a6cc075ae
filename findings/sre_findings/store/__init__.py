"""The store: snapshots in a folder or bucket, and rollups and operations in a table."""
