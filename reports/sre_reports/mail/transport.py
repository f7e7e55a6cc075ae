"""Sends e-mails over SMTP or Amazon SES, and maps the errors of both.

Passwords and e-mails are sent only over TLS, except to this machine.
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

SECONDS = 20.0  # timeout of each response
_WHAT = "the e-mail was not sent"
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
    """Sends e-mails."""

    def send(self, mail: EmailMessage) -> None:
        """Sends the e-mail once, with the current Date. Raises SreError with a remedy."""
        ...


def open_sender(url: str, password: str = "") -> Sender:
    """Returns the sender for SRE_SMTP and SRE_SMTP_PASSWORD. Does not connect yet.

    Raises UsageError for an invalid URL.
    """
    parts, port = _split(url)
    if parts.scheme == "ses" and parts.hostname and not (parts.username or port):
        return Ses(parts.hostname)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise UsageError("SRE_SMTP is not a mail transport", do=_SYNTAX)
    direct = parts.scheme == "smtps"
    return Smtp(
        parts.hostname,
        port or (465 if direct else 587),
        direct,
        unquote(parts.username or ""),
        password,
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    """Splits the URL. Errors do not show it, because it may contain a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError("SRE_SMTP is not a URL", do=_SYNTAX) from error
    if parts.password is not None:
        raise UsageError("SRE_SMTP contains a password", do="Set it as SRE_SMTP_PASSWORD.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError("SRE_SMTP is not a mail transport", do=_SYNTAX)
    return parts, port


def _dated(mail: EmailMessage) -> EmailMessage:
    del mail["Date"]
    mail["Date"] = localtime()
    return mail


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server with TLS from the start (``direct``) or with STARTTLS.

    STARTTLS is optional only on this machine.
    """

    host: str
    port: int
    direct: bool
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, mail: EmailMessage) -> None:
        """Sends the e-mail; see Sender.

        Also raises Rejected if some recipients were rejected; the others have received the e-mail.
        """
        with (
            _smtp_errors(f"{self.host}:{self.port}"),
            contextlib.closing(self._connected()) as server,
        ):
            refused = server.send_message(_dated(mail))
            # The e-mail was accepted, so errors of QUIT do not matter.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        if refused:
            note = f"the server rejected {', '.join(sorted(refused))}; the other recipients have it"
            raise Rejected(
                "the e-mail was sent to some recipients only", why=note, do="Check these addresses."
            )

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
    """Returns whether the host is this machine, so that nothing goes over a network."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.contextmanager
def _smtp_errors(place: str) -> Iterator[None]:
    do = "Check SRE_SMTP, and that this machine can reach it."
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise CredentialsInvalid(
            _WHAT, why=_reply(error), do="Check the user in SRE_SMTP, and SRE_SMTP_PASSWORD."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise Rejected(
            _WHAT,
            why=f"{place} rejected {', '.join(sorted(error.recipients))}",
            do="Check --email.",
        ) from error
    except smtplib.SMTPResponseException as error:
        raise _answered(error)(
            _WHAT, why=_reply(error), do="Check SRE_MAIL_FROM, and the rules of the server."
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected(
            _WHAT,
            why=f"{place}: {error}",
            do="Use a server that supports STARTTLS and your login, or smtps://.",
        ) from error
    except ssl.SSLCertVerificationError as error:
        why = f"the certificate of {place} is not trusted: {error.verify_message}"
        raise Unreachable(
            _WHAT, why=why, do="Set SSL_CERT_FILE to the certificate of its authority."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(
            _WHAT, why=f"{place}: {visible(str(error)) or type(error).__name__}", do=do
        ) from error


def _answered(error: smtplib.SMTPResponseException) -> type[SreError]:
    """Returns the error type: codes of 4xx are temporary, codes of 5xx are final."""
    return Unreachable if error.smtp_code < 500 else Rejected


def _reply(error: smtplib.SMTPResponseException) -> str:
    """Returns the server's message with visible characters only."""
    text = (
        error.smtp_error.decode(errors="replace")
        if isinstance(error.smtp_error, bytes)
        else error.smtp_error
    )
    return f"{error.smtp_code} {shortened(visible(text), 200)}"


@dataclass(frozen=True, slots=True)
class Ses:
    """Amazon SES in a region, with the default credentials.

    Needs ses:SendEmail and ses:SendRawEmail.
    """

    region: str

    def send(self, mail: EmailMessage) -> None:
        """Sends the e-mail; see Sender."""
        addresses = [one.addr_spec for one in mail["To"].addresses]
        with _ses_errors(self.region):
            self._client().send_email(
                FromEmailAddress=mail["From"].addresses[0].addr_spec,
                Destination={"ToAddresses": addresses},
                Content={"Raw": {"Data": _dated(mail).as_bytes()}},
            )

    def _client(self) -> Any:
        """Returns the client, which does not retry.

        An e-mail whose response was lost may have been sent, and an error is better than a
        duplicate.
        """
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
                "Check that SRE_MAIL_FROM is verified in SES, and that your role allows"
                " ses:SendEmail and ses:SendRawEmail."
            )
        why = shortened(visible(first_line(error)), 300)
        raise _kind(failure)(_WHAT, why=why, do=do) from error


def _kind(failure: Failure) -> type[SreError]:
    kinds = {aws_errors.DENIED: AccessDenied, aws_errors.CREDENTIALS: CredentialsInvalid}
    refused = Rejected if failure.code in _REFUSALS else Unreachable
    return kinds.get(failure.kind, refused)
