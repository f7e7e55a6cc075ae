"""Answers and findings as reports, exports, e-mails and messages. Nothing here queries or
counts."""
