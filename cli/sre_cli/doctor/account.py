"""Who asks AWS, and whether this machine's clock is AWS's: both from one call that needs no
permission."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from sre_cli.doctor.calls import ALLOWED, DENIED, NO_CREDENTIALS, NOT_ASKED, Aws, Said
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, WARNING, Check
from sre_findings.model.errors import CredentialsInvalid

SKEW, REFUSED_SKEW = timedelta(seconds=30), timedelta(minutes=5)
"""From the first a clock is worth mending; from the second AWS and Slack refuse what was signed
with it."""
_ROLE = re.compile(
    r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<name>[\w+=,.@-]+)/"
)
_SIGN_IN = "Run: aws sso login, or check AWS_PROFILE and the task's role."
_CLOCK = "Turn on time synchronisation (chronyd or systemd-timesyncd), then look again."


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose permissions are looked at."""

    arn: str
    account: str

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov."""
        return self.arn.split(":")[1] if self.arn.count(":") >= 5 else "aws"

    @property
    def principal(self) -> str:
        """The role or user whose policies decide; of a session that is its role. A role's path is
        not in its sessions' ARNs."""
        if match := _ROLE.match(self.arn):
            return f"arn:{match['partition']}:iam::{match['account']}:role/{match['name']}"
        return self.arn


@dataclass(frozen=True, slots=True)
class Account:
    """The caller, where one is known, and the checks of identity and clock."""

    caller: Caller | None
    checks: tuple[Check, ...]


NOT_USED = (
    "not used: no AWS credentials were found, and the store and the table are on this machine"
)


def look(aws: Aws, region: str, now: Callable[[], datetime], *, needed: bool) -> Account:
    """Asks STS. Without credentials AWS is ``off`` where nothing needs it, and ``failed`` where the
    store or table do."""
    try:
        found = aws.has_credentials()
    except CredentialsInvalid as error:
        return Account(None, (Check("identity", FAILED, error.reason, error.do), _no_clock()))
    if not found and not needed:
        return Account(
            None,
            (
                Check("identity", OFF, NOT_USED),
                Check("clock", OFF, "not compared: AWS is not used"),
            ),
        )
    before = now()
    said = aws.ask("sts:GetCallerIdentity", region)
    return Account(_caller(said), (_identity(said), clock(said.date, before, now())))


def reader(aws: Aws, region: str) -> Check:
    """Whether the role that reads Inspector can be taken."""
    said = aws.ask("sts:GetCallerIdentity", region)
    if said.outcome == ALLOWED:
        return Check("reader", OK, str(said.values["Arn"]))
    if said.outcome == DENIED and said.permission:
        trust = "The reader must trust this role too, with SRE_READER_EXTERNAL_ID."
        return Check("reader", FAILED, said.words, f"{said.permission.remedy}. {trust}")
    return Check(
        "reader",
        FAILED if said.outcome == NO_CREDENTIALS else UNKNOWN,
        said.words,
        "Check SRE_READER_ROLE.",
    )


def _caller(said: Said) -> Caller | None:
    return (
        Caller(str(said.values["Arn"]), str(said.values["Account"]))
        if said.outcome == ALLOWED
        else None
    )


def _identity(said: Said) -> Check:
    if caller := _caller(said):
        return Check("identity", OK, caller.arn)
    if said.outcome == NOT_ASKED:
        return Check("identity", OFF, f"STS was {said.words}")
    if said.outcome == NO_CREDENTIALS:
        return Check(
            "identity", FAILED, f"AWS does not accept the credentials: {said.words}", _SIGN_IN
        )
    if said.outcome == DENIED and said.permission:
        return Check("identity", FAILED, said.words, said.permission.remedy)
    return Check(
        "identity",
        UNKNOWN,
        f"STS did not answer: {said.words}",
        "Check the network, and the endpoint of STS.",
    )


def clock(date: str, before: datetime, after: datetime) -> Check:
    """This machine's clock against the Date of an answer that was asked for between ``before`` and
    ``after``.

    A Date has whole seconds: what lies within them and the time of the call is no skew.
    """
    try:
        theirs = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return _no_clock()
    ahead, behind = before - theirs - timedelta(seconds=1), theirs - after
    skew = max(ahead, behind, timedelta(0))
    if skew < SKEW:
        return Check("clock", OK, "within seconds of AWS's")
    way = f"{skew.total_seconds():,.0f} s {'fast' if ahead > behind else 'slow'}"
    if skew < REFUSED_SKEW:
        return Check("clock", WARNING, way, _CLOCK)
    return Check(
        "clock",
        FAILED,
        f"{way}: AWS and Slack refuse what is signed more than five minutes off",
        _CLOCK,
    )


def _no_clock() -> Check:
    return Check("clock", UNKNOWN, "there was no answer to compare with")
