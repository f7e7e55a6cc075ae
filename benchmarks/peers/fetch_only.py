"""The lower bound: reads every page from the socket, finds its next token, and does nothing
else."""

from __future__ import annotations

import re
import sys

import urllib3

pool = urllib3.PoolManager()
token = re.compile(rb'"nextToken":"([^"]*)"')
headers = {
    "Content-Type": "application/json",
    "Authorization": "AWS4-HMAC-SHA256 Credential=F/20260101/eu-west-1/inspector2/aws4_request",
}
body = b'{"maxResults":100}'
while True:
    page = pool.request("POST", f"{sys.argv[1]}/findings/list", body=body, headers=headers).data
    found = token.search(page, len(page) - 4096 if len(page) > 4096 else 0)
    if not found or not found[1]:
        break
    body = b'{"maxResults":100,"nextToken":"' + found[1] + b'"}'
