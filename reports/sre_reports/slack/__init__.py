"""Answers as Slack messages.

Pure functions that use only the standard library, to start fast on AWS Lambda.
"""
