"""A short e-mail about a snapshot, as text and as HTML, with the digest card and a link.

All text from outside passes :func:`plain_text.visible`, which removes the line ends that would
break a header, and is escaped in HTML.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from sre_findings.model.errors import UsageError
from sre_reports.brief import Brief, Fix, brief
from sre_reports.plain_text import shortened, visible

if TYPE_CHECKING:
    from jinja2 import Template

    from sre_findings.nightly.report import Material
    from sre_reports.pictures.cards import Card

_LONGEST_SUBJECT, _LONGEST = 150, 300  # characters
_WEB = ("https://", "http://")


def message(
    material: Material, card: Card | None, link: str, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    """Returns the e-mail for some recipients.

    ``link`` is the URL of the report, behind a login, or empty. The same snapshot for the same
    recipients has the same Message-ID. The Date is set on sending. Raises UsageError for an invalid
    address or link.
    """
    if not recipients:
        raise UsageError("the e-mail has no recipient", do="Use name@example.com, one per option.")
    summary, mail = brief(material), EmailMessage(SMTP)
    mail["Subject"] = shortened(visible(summary.subject), _LONGEST_SUBJECT)
    mail["From"] = address(sender)
    mail["To"] = [address(one) for one in recipients]
    mail["Message-ID"] = _message_id(mail, material)
    mail["Auto-Submitted"] = "auto-generated"  # suppresses out-of-office replies
    mail.set_content(_text(summary, _checked(link)))
    picture = _message_id(mail, material, "card")
    mail.add_alternative(_html(summary, link, card, picture[1:-1]), subtype="html")
    if card is not None:
        _attach(mail, card, picture)
    return mail


# What the parser of the standard library raises for some invalid text, such as ":;0".
_PARSER_ERRORS = (AttributeError, IndexError)


def address(text: str) -> Address:
    """Parses one address, with or without a name: ``SRE <sre@example.com>``.

    Raises UsageError for anything else.
    """
    try:
        parsed = SMTP.header_factory("To", text)
        found = [one for one in getattr(parsed, "addresses", ()) if one.username and one.domain]
    except (ValueError, *_PARSER_ERRORS) as error:
        raise _no_address(text) from error
    if len(found) != 1 or parsed.defects or not found[0].addr_spec.isascii():
        raise _no_address(text)
    return Address(visible(found[0].display_name), found[0].username, found[0].domain)


def _no_address(text: str) -> UsageError:
    return UsageError(
        f"{shortened(visible(text), 80)!r} is not an e-mail address",
        do="Use name@example.com, one per option.",
    )


def _checked(link: str) -> str:
    if link and not (link.startswith(_WEB) and link.isprintable() and " " not in link):
        raise UsageError(
            f"{shortened(visible(link), 80)!r} is not a link", do="Check SRE_PUBLIC_URL."
        )
    return link


def _message_id(mail: EmailMessage, material: Material, part: str = "night") -> str:
    identity = (
        material.proof.snapshot_id or "",
        material.owner or "",
        material.account or "",
        str(mail["To"]),
        part,
    )
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:32]
    return f"<{digest}@{mail['From'].addresses[0].domain}>"


def _attach(mail: EmailMessage, card: Card, picture: str) -> None:
    """Attaches the card inline, so that it is shown in place and not as an attachment."""
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)  # noqa: S101 - it was added above
    html.add_related(
        card.png, "image", "png", cid=picture, disposition="inline", filename="night.png"
    )


def _text(summary: Brief, link: str) -> str:
    """Returns the plain-text body."""
    fixes = [line for n, fix in enumerate(summary.fixes, 1) for line in _fix_lines(n, fix)]
    lines = [
        summary.verdict,
        *([summary.state.words] if summary.state.words else []),
        *(f"Not read: {_short(reason)}" for reason in summary.state.reasons[:3]),
        summary.since,
        "",
        *(f"- {number.text}" for number in summary.numbers),
        "",
        summary.plan,
        *fixes,
        "",
        summary.proof,
        *([f"Report: {link}"] if link else []),
    ]
    return "".join(f"{visible(line)}\n" for line in lines)


def _fix_lines(place: int, fix: Fix) -> list[str]:
    return [
        f"{place}. {_short(fix.what)}: {fix.clears}",
        *([f"   {_short(fix.command)}"] if fix.command else []),
    ]


def _html(summary: Brief, link: str, card: Card | None, picture: str) -> str:
    return _template().render(
        brief=summary, link=link, alt=card.alt if card else "", picture=picture if card else ""
    )


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = _short
    text = (resources.files("sre_reports") / "templates" / "mail.html").read_text(encoding="utf-8")
    return environment.from_string(text)


def _shown(value: object) -> object:
    """Removes invisible characters from every value that the template prints."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _short(text: str) -> str:
    return shortened(text, _LONGEST)
