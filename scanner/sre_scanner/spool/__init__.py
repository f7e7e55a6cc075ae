"""The findings of a shard on disk: narrow rows, their shared texts, their order and their
owners."""
