"""Answers as Slack messages: pure, and without a library, for the Lambda that sends them starts
with it."""
