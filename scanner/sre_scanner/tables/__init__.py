"""The rows of each table, and the Parquet parts that they are written to."""
