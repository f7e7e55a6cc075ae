"""Answers as Slack messages: pure functions, standard library only, to start fast on AWS Lambda."""
