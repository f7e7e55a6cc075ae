"""The columns of a snapshot's tables, their field IDs and their types in each engine."""
