"""The rows of each table, and the Parquet parts that hold them."""
