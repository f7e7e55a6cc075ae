"""The e-mail: short, with the numbers of the answers, readable without pictures, and safe."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.answers.answer import Proof
from sre_findings.model.errors import UsageError
from sre_findings.nightly.report import Material
from sre_reports.mail.email import address, message
from sre_reports.pictures.cards import Card
from sre_reports.slack.links import Links

Nights = Callable[..., Material]

SENDER, READERS = "SRE <sre@example.com>", ("a@example.com", "b@example.com")
LINK = "https://mcp.example.com/reports/20261122T010000Z/"
CARD = Card(b"\x89PNG\r\n\x1a\nnot really", 'A "card" <of> the night')
HOSTILE = (
    "</td><img src=x onerror=alert(1)>{{7*7}}\r\nBcc: evil@example.com\u202egnp.exe\x1b[31m\x00"
)
SEEN = "</td><img src=x onerror=alert(1)>{{7*7}} Bcc: evil@example.comgnp.exe[31m"


class Reader(HTMLParser):
    """The HTML as an e-mail client parses it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def over_the_wire(mail: EmailMessage) -> EmailMessage:
    return email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def hostile(night: Nights, proof: Callable[..., Proof]) -> Material:
    usual = night()
    lines: list[Any] = [dict(line, what=HOSTILE, command=HOSTILE) for line in usual.fixes.items]
    return night(
        {"proof": proof(state="partial", reasons=(HOSTILE,))},
        owner=HOSTILE,
        fixes=replace(usual.fixes, items=lines),
    )


def test_an_email_has_the_summary_in_text_and_html(night: Nights) -> None:
    mail = over_the_wire(message(night(), CARD, LINK, SENDER, READERS))
    text, html = body(mail, "plain"), Reader(body(mail, "html")).text
    for said in (
        "2 critical and 6 high findings are open.",
        "dnf upgrade kernel",
        "5 new and 2 resolved since 21 November",
        "Three updates resolve 9 of 13 open findings.",
        "Snapshot 20261122T010000Z, 6 h old, complete for all visible accounts.",
    ):
        assert said in text
        assert said in html
    for number in (
        "2 critical (up 1)",
        "4 past SLA (down 1)",
        "0 KEV",
        "5 / 2 new and resolved",
        "11 of 13 fixable",
    ):
        assert f"- {number}" in text


def test_headers_have_sender_recipients_and_subject(night: Nights) -> None:
    mail = over_the_wire(message(night(), None, "", SENDER, READERS))
    assert (mail["From"], mail["To"]) == ("SRE <sre@example.com>", "a@example.com, b@example.com")
    assert mail["Subject"] == "Inspector, 22 Nov: 2 critical, 4 past SLA"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_the_card_is_inline_with_alt_text(night: Nights) -> None:
    mail = over_the_wire(message(night(), CARD, "", SENDER, READERS))
    (image,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    (shown,) = [
        attributes for tag, attributes in Reader(body(mail, "html")).elements if tag == "img"
    ]
    assert image.get_content() == CARD.png
    assert image.get_content_disposition() == "inline"
    assert shown["src"] == f"cid:{image['Content-ID'][1:-1]}"
    assert shown["alt"] == CARD.alt
    assert mail.get_content_type() == "multipart/alternative"


def test_without_a_card_there_is_no_picture(night: Nights) -> None:
    mail = over_the_wire(message(night(), None, "", SENDER, READERS))
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert "<img" not in body(mail, "html")


def test_it_loads_nothing_and_runs_nothing(night: Nights) -> None:
    html = Reader(body(message(night(), CARD, LINK, SENDER, READERS), "html"))
    assert not {"script", "link", "iframe", "form", "object", "style"} & {
        tag for tag, _ in html.elements
    }
    places = [
        value
        for _, attributes in html.elements
        for name, value in attributes.items()
        if name in ("src", "href")
    ]
    assert [place for place in places if place and not place.startswith("cid:")] == [LINK]


def test_the_link_is_included_if_there_is_one(night: Nights) -> None:
    linked, without = (message(night(), None, link, SENDER, READERS) for link in (LINK, ""))
    assert f"Report: {LINK}" in body(linked, "plain")
    assert "http" not in body(without, "plain") + body(without, "html")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://x\r\nBcc: e", "https://x y", "file:///etc", "//x"]
)
def test_an_invalid_link_is_rejected(night: Nights, link: str) -> None:
    with pytest.raises(UsageError, match="not a link"):
        message(night(), None, link, SENDER, READERS)


@pytest.mark.parametrize(
    ("public_url", "link"),
    [
        ("https://mcp.example.com/mcp", "https://mcp.example.com/reports/a%2Fb/"),
        ("https://example.com/sre/", "https://example.com/sre/reports/a%2Fb/"),
        ("", ""),
    ],
)
def test_links_lead_to_the_server_which_requires_a_login(public_url: str, link: str) -> None:
    assert Links(public_url).report("a/b") == link


def test_text_from_outside_stays_text_and_adds_no_header(
    night: Nights, proof: Callable[..., Proof]
) -> None:
    material = hostile(night, proof)
    mail = over_the_wire(message(material, replace(CARD, alt=HOSTILE), "", SENDER, READERS))
    plain = over_the_wire(message(night({"proof": material.proof}), CARD, "", SENDER, READERS))
    assert mail.keys() == plain.keys()
    assert "Bcc" not in mail
    assert "evil@example.com" not in mail["To"]
    html, usual = Reader(body(mail, "html")), Reader(body(plain, "html"))
    assert [(tag, sorted(names)) for tag, names in html.elements] == [
        (tag, sorted(names)) for tag, names in usual.elements
    ]
    assert SEEN in html.text
    assert SEEN in body(mail, "plain")


def test_a_partial_snapshot_comes_first(night: Nights, proof: Callable[..., Proof]) -> None:
    mail = message(
        night({"proof": proof(state="partial", reasons=("eu-south-1: denied",))}),
        None,
        "",
        SENDER,
        READERS,
    )
    text, html = body(mail, "plain"), Reader(body(mail, "html")).text
    assert text.splitlines()[1:3] == ["PARTIAL: 1 reason", "Not read: eu-south-1: denied"]
    assert html.index("PARTIAL: 1 reason") < html.index("2 critical and 6 high")
    assert "PARTIAL" in mail["Subject"]


def test_the_same_snapshot_gives_the_same_message_id(
    night: Nights, proof: Callable[..., Proof]
) -> None:
    ids = [
        message(material, CARD, "", SENDER, to)["Message-ID"]
        for material, to in (
            (night(), READERS),
            (night(), READERS),
            (night(), READERS[:1]),
            (night(owner="a"), READERS),
            (night({"proof": proof(snapshot_id="other")}), READERS),
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert message(night(), CARD, "", SENDER, READERS)["Date"] is None


def test_an_email_without_recipients_is_rejected(night: Nights) -> None:
    with pytest.raises(UsageError, match="no recipient"):
        message(night(), None, "", SENDER, ())


@pytest.mark.parametrize(
    "text",
    ["", "x", "a@b.com, c@d.com", "<a@b.com>\r\nBcc: e@e.com", "a@b.com\nBcc: e@e.com", "ä@b.com", "@b.com", "a@", "a b@c.com",
     '"x\x00" <a@b.com>', "a@b.com>", "x\x1b[2J <a@b.com>", ":;0"],
)  # fmt: skip
def test_anything_but_one_address_is_rejected(text: str) -> None:
    with pytest.raises(UsageError, match="not an e-mail address"):
        address(text)


@given(st.text(max_size=30) | st.from_regex(r"[\w .\"<>(),:;@\\\[\]\r\n\x00]{0,20}@[\w.\[\]]{0,9}"))
def test_an_email_address_is_valid_in_a_header(text: str) -> None:
    try:
        found = address(text)
    except UsageError:
        return
    assert found.addr_spec.isascii()
    assert found.addr_spec.isprintable()
    assert "\n" not in str(found)


def test_the_name_of_an_address_is_kept() -> None:
    assert str(address("Müller <m@example.com>")) == "Müller <m@example.com>"
