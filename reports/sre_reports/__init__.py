"""Answers and findings as people and programs read them: pages, exports and sentences. Nothing here
asks or counts."""
