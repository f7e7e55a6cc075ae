"""Engines that read the tables of snapshots: DuckDB in this process, Spark, or Athena.

All stand behind one Protocol, and enforce row-level access.
"""
