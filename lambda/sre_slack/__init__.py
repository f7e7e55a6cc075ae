"""Slack's slash command on AWS Lambda: acknowledge at once, invoke itself, answer by
``response_url``."""
