"""The AWS identity of the caller, and this machine's clock compared with that of AWS.

Both come from one call that needs no permission.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from sre_cli.doctor.aws_calls import ALLOWED, DENIED, NO_CREDENTIALS, NOT_ASKED, Aws, Reply
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, WARNING, Check
from sre_findings.model.errors import CredentialsInvalid

SKEW = timedelta(seconds=30)  # a larger difference is a warning
REFUSED_SKEW = timedelta(minutes=5)  # AWS and Slack refuse signed requests beyond this
_WHO = "sts:GetCallerIdentity"
_ROLE = re.compile(
    r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<name>[\w+=,.@-]+)/"
)
_SIGN_IN = "Run: aws sso login, or check AWS_PROFILE and the task's role."
_CLOCK = "Turn on time synchronisation (chronyd or systemd-timesyncd), then run this again."
_NETWORK = "Check the network and the STS endpoint."


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal whose permissions are checked."""

    arn: str
    account: str

    @property
    def partition(self) -> str:
        """The partition: aws, aws-cn or aws-us-gov."""
        return self.arn.split(":")[1] if self.arn.count(":") >= 5 else "aws"

    @property
    def principal(self) -> str:
        """The ARN of the role or user that has the policies; for a session, its role.

        The role's path is missing, because ARNs of sessions do not have it.
        """
        if match := _ROLE.match(self.arn):
            return f"arn:{match['partition']}:iam::{match['account']}:role/{match['name']}"
        return self.arn


@dataclass(frozen=True, slots=True)
class Account:
    """The caller, and the checks of identity and clock, in this order.

    The caller is None if it is unknown, and UNNAMED if STS must not be called, because the
    permissions can still be checked with calls.
    """

    caller: Caller | None
    checks: tuple[Check, ...]


UNNAMED = Caller("arn:aws:sts::000000000000:assumed-role/unknown/unknown", "000000000000")
_NOT_USED = "not used: no AWS credentials found, and store and table are on this machine"


def identify(aws: Aws, region: str, now: Callable[[], datetime], *, needed: bool) -> Account:
    """Calls STS.

    Without credentials, the identity is off, or failed if the store or the table ``needed`` them.
    """
    try:
        found = aws.has_credentials()
    except CredentialsInvalid as error:
        return Account(None, (Check("identity", FAILED, error.reason, error.do), _no_clock()))
    if not found and not needed:
        clock_off = Check("clock", OFF, "not compared: AWS is not used")
        return Account(None, (Check("identity", OFF, _NOT_USED), clock_off))
    before = now()
    reply = aws.call(_WHO, region)
    caller = UNNAMED if reply.outcome == NOT_ASKED else _caller(reply)
    return Account(caller, (_identity(reply), clock(reply.date, before, now())))


def reader(aws: Aws, region: str) -> Check:
    """Checks whether the role that reads Inspector can be assumed."""
    reply = aws.call(_WHO, region)
    if reply.outcome == ALLOWED:
        return Check("reader", OK, str(reply.values["Arn"]))
    if reply.outcome == DENIED and reply.permission:
        trust = "The reader must trust this role too, with SRE_READER_EXTERNAL_ID."
        return Check("reader", FAILED, reply.words, f"{reply.permission.remedy}. {trust}")
    state = FAILED if reply.outcome == NO_CREDENTIALS else UNKNOWN
    return Check("reader", state, reply.words, "Check SRE_READER_ROLE.")


def _caller(reply: Reply) -> Caller | None:
    if reply.outcome != ALLOWED:
        return None
    return Caller(str(reply.values["Arn"]), str(reply.values["Account"]))


def _identity(reply: Reply) -> Check:
    if caller := _caller(reply):
        return Check("identity", OK, caller.arn)
    if reply.outcome == NOT_ASKED:
        return Check("identity", OFF, f"STS was {reply.words}")
    if reply.outcome == NO_CREDENTIALS:
        rejected = f"AWS does not accept the credentials: {reply.words}"
        return Check("identity", FAILED, rejected, _SIGN_IN)
    if reply.outcome == DENIED and reply.permission:
        return Check("identity", FAILED, reply.words, reply.permission.remedy)
    return Check("identity", UNKNOWN, f"STS did not answer: {reply.words}", _NETWORK)


def clock(date: str, before: datetime, after: datetime) -> Check:
    """Compares this machine's clock with the Date header of a response.

    Its request was sent at ``before``, and the response was received at ``after``. A Date has whole
    seconds: a difference within them and the duration of the call is no skew.
    """
    try:
        server_time = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return _no_clock()
    ahead, behind = before - server_time - timedelta(seconds=1), server_time - after
    skew = max(ahead, behind, timedelta(0))
    if skew < SKEW:
        return Check("clock", OK, "within seconds of AWS's clock")
    way = f"{skew.total_seconds():,.0f} s {'fast' if ahead > behind else 'slow'}"
    if skew < REFUSED_SKEW:
        return Check("clock", WARNING, way, _CLOCK)
    refused = f"{way}: AWS and Slack refuse requests that are more than five minutes off"
    return Check("clock", FAILED, refused, _CLOCK)


def _no_clock() -> Check:
    return Check("clock", UNKNOWN, "no response to compare with")
