"""Findings as CSV with the columns of Inspector's own reports."""
