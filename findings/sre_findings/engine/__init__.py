"""Engines that read the tables of snapshots: DuckDB in this process, Spark and Athena.

They implement one protocol and enforce row-level access.
"""
