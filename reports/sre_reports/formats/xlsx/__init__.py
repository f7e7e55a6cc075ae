"""Findings as an Excel workbook."""
