"""Our signature is botocore's, to the letter."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_slack.sigv4 import Keys, Place, signed

keys = st.text("ABCDEFGHabcdefgh0123456789/+=", min_size=1, max_size=40)
names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True) | st.just("arn%3Aaws%3Alambda%3Ax")
hosts = st.sampled_from(
    ("https://lambda.eu-west-1.amazonaws.com", "http://127.0.0.1:4566", "https://lambda.cn-north-1.amazonaws.com.cn")
)
qualifiers = st.sampled_from(("%24LATEST", "7", "live"))


@settings(max_examples=200)
@given(hosts, names, qualifiers, st.binary(max_size=200), keys, keys, st.just("") | keys)
def test_it_is_botocores(host: str, name: str, qualifier: str, body: bytes, access: str, secret: str, session: str) -> None:
    url = f"{host}/2015-03-31/functions/{name}/invocations?Qualifier={qualifier}"
    headers = {"Content-Type": "application/json", "X-Amz-Invocation-Type": "Event"}
    now = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
    request = AWSRequest("POST", url, dict(headers), body)
    with patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)):
        SigV4Auth(Credentials(access, secret, session or None), "lambda", "eu-west-1").add_auth(request)
    ours = signed(url, body, headers, Keys(access, secret, session), Place("eu-west-1", "lambda"), now)
    assert ours == dict(request.headers.items())


def test_a_key_is_told_to_nobody() -> None:
    assert re.findall("hidden", repr(Keys("AKID", "hidden", "hidden"))) == []
