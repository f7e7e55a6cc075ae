"""How mails leave: over SMTP, or by Amazon SES. The one seam where the errors of both become ours.

A password or a mail never goes over a wire that others can read: without TLS there is no sending,
save to this machine.
"""

from __future__ import annotations

import contextlib
import ipaddress
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import localtime
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from sre_findings import aws_errors
from sre_findings.aws_errors import Failure, failure_of, first_line, sdk_errors
from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    SreError,
    Unreachable,
    UsageError,
)
from sre_reports.plain_text import shortened, visible

SECONDS = 20.0  # for each answer of the other side
_WHAT = "the mail was not sent"
_SYNTAX = "Use smtp://user@host:587, smtps://user@host or ses://region."
_REFUSALS = (
    "MessageRejected",
    "MailFromDomainNotVerifiedException",
    "BadRequestException",
    "NotFoundException",
    "AccountSuspendedException",
    "SendingPausedException",
)


class Sender(Protocol):
    """Something that takes mails."""

    def send(self, mail: EmailMessage) -> None:
        """Hands it over, once; the mail's Date becomes now. Raises SreError that says what to
        do."""
        ...


def open_sender(url: str, password: str = "") -> Sender:
    """The sender that SRE_SMTP names, with SRE_SMTP_PASSWORD. Raises UsageError. Nothing is
    connected yet."""
    parts, port = _split(url)
    if parts.scheme == "ses" and parts.hostname and not (parts.username or port):
        return Ses(parts.hostname)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise UsageError("SRE_SMTP is no place for mails", do=_SYNTAX)
    direct = parts.scheme == "smtps"
    return Smtp(
        parts.hostname,
        port or (465 if direct else 587),
        direct,
        unquote(parts.username or ""),
        password,
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    """What is wrong with it is said without showing it: a password may stand there."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError("SRE_SMTP is no URL", do=_SYNTAX) from error
    if parts.password is not None:
        raise UsageError("SRE_SMTP holds a password", do="Set it as SRE_SMTP_PASSWORD.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError("SRE_SMTP is no place for mails", do=_SYNTAX)
    return parts, port


def _dated(mail: EmailMessage) -> EmailMessage:
    del mail["Date"]
    mail["Date"] = localtime()
    return mail


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server: ``direct`` TLS from the first byte, or STARTTLS, which only this machine may
    lack."""

    host: str
    port: int
    direct: bool
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, mail: EmailMessage) -> None:
        """See Sender. Raises Rejected also where only some of the recipients were refused: the
        others have it."""
        with (
            _smtp_errors(f"{self.host}:{self.port}"),
            contextlib.closing(self._connected()) as server,
        ):
            refused = server.send_message(_dated(mail))
            # it was taken: how the farewell goes changes nothing
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        if refused:
            told = (
                f"of the recipients, {', '.join(sorted(refused))} were refused; the others have it"
            )
            raise Rejected("the mail was sent in part", why=told, do="Check these addresses.")

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.direct:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            self._greet(server, context)
        except BaseException:
            server.close()
            raise
        return server

    def _greet(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        server.ehlo_or_helo_if_needed()
        if not self.direct and (server.has_extn("starttls") or not on_this_machine(self.host)):
            server.starttls(context=context)
            server.ehlo()
        if self.user:
            server.login(self.user, self.password)


def on_this_machine(host: str) -> bool:
    """Whether what goes there crosses no wire."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.contextmanager
def _smtp_errors(place: str) -> Iterator[None]:
    do = "Check SRE_SMTP, and that this machine may reach it."
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise CredentialsInvalid(
            _WHAT, why=_said(error), do="Check the user in SRE_SMTP, and SRE_SMTP_PASSWORD."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise Rejected(
            _WHAT, why=f"{place} refused {', '.join(sorted(error.recipients))}", do="Check --email."
        ) from error
    except smtplib.SMTPResponseException as error:
        raise _answered(error)(
            _WHAT, why=_said(error), do="Check SRE_MAIL_FROM, and what the server allows."
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected(
            _WHAT,
            why=f"{place}: {error}",
            do="Use a server with STARTTLS and your kind of login, or smtps://.",
        ) from error
    except ssl.SSLCertVerificationError as error:
        why = f"the certificate of {place} is not trusted: {error.verify_message}"
        raise Unreachable(
            _WHAT, why=why, do="Set SSL_CERT_FILE to the authority that signed it."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(
            _WHAT, why=f"{place}: {visible(str(error)) or type(error).__name__}", do=do
        ) from error


def _answered(error: smtplib.SMTPResponseException) -> type[SreError]:
    """A code of 4xx may pass by itself, one of 5xx does not."""
    return Unreachable if error.smtp_code < 500 else Rejected


def _said(error: smtplib.SMTPResponseException) -> str:
    """The server's own words, made safe to show: they come from outside."""
    text = (
        error.smtp_error.decode(errors="replace")
        if isinstance(error.smtp_error, bytes)
        else error.smtp_error
    )
    return f"{error.smtp_code} {shortened(visible(text), 200)}"


@dataclass(frozen=True, slots=True)
class Ses:
    """Amazon SES in a region, with the credentials of the caller; it needs ses:SendEmail and
    ses:SendRawEmail."""

    region: str

    def send(self, mail: EmailMessage) -> None:
        """See Sender."""
        addresses = [one.addr_spec for one in mail["To"].addresses]
        with _ses_errors(self.region):
            self._client().send_email(
                FromEmailAddress=mail["From"].addresses[0].addr_spec,
                Destination={"ToAddresses": addresses},
                Content={"Raw": {"Data": _dated(mail).as_bytes()}},
            )

    def _client(self) -> Any:
        """Asked once: a mail whose answer was lost may have gone, and two of a night are worse than
        an error."""
        import boto3
        import botocore.config

        config = botocore.config.Config(
            connect_timeout=5, read_timeout=SECONDS, retries={"total_max_attempts": 1}
        )
        return boto3.client("sesv2", region_name=self.region, config=config)


@contextlib.contextmanager
def _ses_errors(region: str) -> Iterator[None]:
    try:
        yield
    except sdk_errors() as error:
        failure = failure_of(error)
        if failure.kind == aws_errors.NO_CREDENTIALS:
            raise CredentialsInvalid(_WHAT, why=failure.message, do=aws_errors.LOG_IN) from error
        do = f"Check that SES can be reached in {region}."
        if failure.answered:
            do = (
                "Check SRE_MAIL_FROM is verified in SES, and ses:SendEmail and ses:SendRawEmail of"
                " your role."
            )
        why = shortened(visible(first_line(error)), 300)
        raise _kind(failure)(_WHAT, why=why, do=do) from error


def _kind(failure: Failure) -> type[SreError]:
    kinds = {aws_errors.DENIED: AccessDenied, aws_errors.CREDENTIALS: CredentialsInvalid}
    refused = Rejected if failure.code in _REFUSALS else Unreachable
    return kinds.get(failure.kind, refused)
