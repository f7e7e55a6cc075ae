"""Sending e-mails to a real server on the loopback, with and without TLS, and to moto's SES."""

from __future__ import annotations

import datetime as dt
import email
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    Unreachable,
    UsageError,
)
from sre_reports.mail import transport as module
from sre_reports.mail.transport import (
    Ses,
    Smtp,
    on_this_machine,
    open_sender,
)

HERE = "127.0.0.1"


class Inbox:
    """The e-mails that a server accepted.

    It rejects recipients named ``no``, and tests can set each response.
    """

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.said = "250 taken"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address.startswith("no"):
            return "550 no such reader"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.said.startswith("250"):
            self.mails.append(envelope)
        return self.said


class Server(Controller):
    """A mail server on a free port, which is known only once the server listens."""

    def __init__(self, inbox: Inbox, **options: Any) -> None:
        self.listening = socket.create_server((HERE, 0))
        super().__init__(inbox, hostname=HERE, port=self.listening.getsockname()[1], **options)

    def _create_server(self) -> Any:
        return self.loop.create_server(
            self._factory_invoker, sock=self.listening, ssl=self.ssl_context
        )


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = (data.login, data.password) == (b"sre@example.com", b"right")
    return AuthResult(success=right, handled=False)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def serve(inbox: Inbox) -> Iterator[Callable[..., int]]:
    """Starts a mail server for the inbox and returns its port."""
    running: list[Server] = []

    def start(**options: Any) -> int:
        controller = Server(inbox, **options)
        controller.start()
        running.append(controller)
        return controller.port

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HERE)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HERE))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, *plain)
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the product treat the loopback as another machine."""
    monkeypatch.setattr(module, "on_this_machine", lambda host: False)


def a_mail(*recipients: str) -> EmailMessage:
    mail = EmailMessage(SMTP)
    mail["Subject"], mail["From"], mail["To"] = (
        "Nächte",
        "SRE <sre@example.com>",
        ", ".join(recipients or ("a@example.com",)),
    )
    mail.set_content("Hello")
    return mail


def test_an_email_is_sent_with_a_date(inbox: Inbox, serve: Callable[..., int]) -> None:
    open_sender(f"smtp://{HERE}:{serve()}").send(a_mail("a@example.com", "b@example.com"))
    (taken,) = inbox.mails
    assert (taken.mail_from, taken.rcpt_tos) == (
        "sre@example.com",
        ["a@example.com", "b@example.com"],
    )
    assert isinstance(taken.content, bytes)
    assert b"\r\nDate: " in taken.content


def test_with_starttls_the_user_logs_in_after_it(
    inbox: Inbox, serve: Callable[..., int], tls: ssl.SSLContext, trusted: None, far: None
) -> None:
    port = serve(tls_context=tls, require_starttls=True, authenticator=login, auth_required=True)
    open_sender(f"smtp://sre%40example.com@{HERE}:{port}", "right").send(a_mail())
    assert len(inbox.mails) == 1


def test_smtps_is_tls_from_the_first_byte(
    inbox: Inbox, serve: Callable[..., int], tls: ssl.SSLContext, trusted: None
) -> None:
    port = serve(ssl_context=tls, server_hostname=HERE)
    open_sender(f"smtps://{HERE}:{port}").send(a_mail())
    assert len(inbox.mails) == 1


def test_without_starttls_nothing_goes_to_another_machine(
    inbox: Inbox, serve: Callable[..., int], far: None
) -> None:
    port = serve(authenticator=login, auth_require_tls=False)
    with pytest.raises(Rejected, match="STARTTLS"):
        open_sender(f"smtp://sre%40example.com@{HERE}:{port}", "right").send(a_mail())
    assert inbox.mails == []


def test_an_untrusted_certificate_prevents_sending(
    inbox: Inbox, serve: Callable[..., int], tls: ssl.SSLContext
) -> None:
    port = serve(tls_context=tls, require_starttls=True)
    with pytest.raises(Unreachable, match=r"not trusted.*SSL_CERT_FILE"):
        open_sender(f"smtp://{HERE}:{port}").send(a_mail())
    assert inbox.mails == []


def test_a_wrong_password_is_not_shown(serve: Callable[..., int]) -> None:
    port = serve(authenticator=login, auth_require_tls=False)
    with pytest.raises(CredentialsInvalid, match="SRE_SMTP_PASSWORD") as raised:
        open_sender(f"smtp://sre%40example.com@{HERE}:{port}", "wr0ng").send(a_mail())
    assert "wr0ng" not in str(raised.value)


def test_rejected_recipients_are_named(inbox: Inbox, serve: Callable[..., int]) -> None:
    sender = open_sender(f"smtp://{HERE}:{serve()}")
    with pytest.raises(Rejected, match=r"not sent.*no@example\.com"):
        sender.send(a_mail("no@example.com"))
    with pytest.raises(Rejected, match=r"to some recipients only.*no@example\.com"):
        sender.send(a_mail("a@example.com", "no@example.com"))
    assert [taken.rcpt_tos for taken in inbox.mails] == [["a@example.com"]]


@pytest.mark.parametrize(
    ("said", "kind"), [("554 \x1b[31mspam", Rejected), ("451 later", Unreachable)]
)
def test_a_rejection_quotes_the_server_safely(
    inbox: Inbox, serve: Callable[..., int], said: str, kind: type[Exception]
) -> None:
    inbox.said = said
    with pytest.raises(kind, match=said[:3]) as raised:
        open_sender(f"smtp://{HERE}:{serve()}").send(a_mail())
    assert "\x1b" not in str(raised.value)


def test_a_refused_connection_names_the_server() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9: .*SRE_SMTP"):
        open_sender(f"smtp://{HERE}:9").send(a_mail())


@pytest.mark.parametrize("text", ["220 hello\r\n", ""])
def test_a_server_that_disconnects_or_hangs_is_unreachable(
    text: str, monkeypatch: pytest.MonkeyPatch, hang_up: Callable[[bytes, bool], int]
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.2)
    with pytest.raises(Unreachable, match="not sent"):
        open_sender(f"smtp://{HERE}:{hang_up(text.encode(), bool(text))}").send(a_mail())


@pytest.fixture
def hang_up() -> Iterator[Callable[[bytes, bool], int]]:
    """Runs a server that sends something, then disconnects or hangs. Returns its port."""
    stop, threads, listening = (
        threading.Event(),
        list[threading.Thread](),
        socket.create_server((HERE, 0)),
    )

    def answer(text: bytes, close: bool) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(text)
            if not close:
                stop.wait()

    def start(text: bytes, close: bool) -> int:
        threads.append(threading.Thread(target=answer, args=(text, close)))
        threads[0].start()
        return int(listening.getsockname()[1])

    yield start
    stop.set()
    for thread in threads:
        thread.join()
    listening.close()


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("smtp://mail.example.com", Smtp("mail.example.com", 587, direct=False)),
        (
            "smtps://me@mail.example.com",
            Smtp("mail.example.com", 465, direct=True, user="me", password="secret"),
        ),
        (
            "smtp://me%40x@[::1]:2525",
            Smtp("::1", 2525, direct=False, user="me@x", password="secret"),
        ),
        ("ses://eu-west-1", Ses("eu-west-1")),
    ],
)
def test_the_url_selects_the_sender(url: str, sender: object) -> None:
    found = open_sender(url, "secret" if "me" in url else "")
    assert found == sender
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    "url",
    ["", "mail.example.com", "http://x", "smtp://", "smtp://x:port", "smtp://x:99999", "smtp://x/y", "smtp://x?tls=no", "ses://",
     "ses://me@eu-west-1", "ses://eu-west-1:1"],
)  # fmt: skip
def test_an_invalid_sender_url_is_rejected(url: str) -> None:
    with pytest.raises(UsageError, match="SRE_SMTP"):
        open_sender(url)


def test_a_password_in_the_url_is_rejected_and_not_shown() -> None:
    with pytest.raises(UsageError, match="SRE_SMTP_PASSWORD") as raised:
        open_sender("smtp://me:hunter2@mail.example.com")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False),
     ("localhost.example.com", False), ("127.0.0.1.example.com", False)],
)  # fmt: skip
def test_this_machine_is_the_loopback_and_nothing_else(host: str, here: bool) -> None:
    assert on_this_machine(host) is here


def test_ses_takes_the_mail_as_it_is(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", aws)
    boto3.client("sesv2", region_name="eu-west-1").create_email_identity(
        EmailIdentity="sre@example.com"
    )
    open_sender("ses://eu-west-1").send(a_mail("a@example.com", "B <b@example.com>"))
    with urlopen(f"{aws}/moto-api/data.json") as answer:
        (sent,) = json.load(answer)["ses"]["RawMessage"]
    assert sent["source"] == "sre@example.com"
    assert set(sent["destinations"]) >= {"a@example.com", "b@example.com"}
    raw = email.message_from_string(sent["raw_data"], policy=default)
    assert (raw["Subject"], raw.get_content().strip()) == ("Nächte", "Hello")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", AccessDenied),
        ("ExpiredTokenException", CredentialsInvalid),
        ("MessageRejected", Rejected),
        ("TooManyRequestsException", Unreachable),
    ],
)
def test_an_error_of_ses_is_reported_and_not_retried(
    code: str, kind: type[Exception], answers: Callable[..., str]
) -> None:
    asked = answers(code)
    with pytest.raises(kind, match=r"SRE_MAIL_FROM"):
        open_sender("ses://eu-west-1").send(a_mail())
    assert len(asked) == 1


@pytest.fixture
def answers(
    monkeypatch: pytest.MonkeyPatch, running: Any
) -> Iterator[Callable[[str], list[HttpRequest]]]:
    """Runs an SES on the loopback that responds with an error. Returns its requests."""
    server = HttpServer()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", server.url)

    def refuse(code: str) -> list[HttpRequest]:
        error = HttpResponse(400, b"{}", {"X-Amzn-ErrorType": code})
        server.responses[:] = [error]
        return server.requests

    with running(server):
        yield refuse


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    # boto3 keeps the credentials of its previous session
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with pytest.raises(CredentialsInvalid, match="AWS_PROFILE"):
        open_sender("ses://eu-west-1").send(a_mail())


def test_an_unreachable_ses_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://{HERE}:9")
    with pytest.raises(Unreachable, match="eu-west-1"):
        open_sender("ses://eu-west-1").send(a_mail())
