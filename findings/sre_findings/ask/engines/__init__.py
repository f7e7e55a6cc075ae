"""What reads the tables of snapshots: DuckDB in this process, Spark, or Athena; one Protocol for
all of them."""
