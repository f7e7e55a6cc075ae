"""Turns answers and findings into reports, exports, e-mails and messages.

Nothing here queries or counts.
"""
