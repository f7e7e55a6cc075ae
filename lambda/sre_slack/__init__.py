"""The Slack command on AWS Lambda.

It acknowledges a request at once, invokes itself, and answers through ``response_url``.
"""
