"""What a shard has read, kept on disk as narrow rows, then put in order with one owner per
resource."""
