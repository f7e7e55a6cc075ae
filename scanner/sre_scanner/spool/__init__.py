"""The findings of a shard on disk: narrow rows, shared texts, order and owners."""
