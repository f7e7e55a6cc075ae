"""Findings and answers in formats that other programs read, one module or folder per format."""
