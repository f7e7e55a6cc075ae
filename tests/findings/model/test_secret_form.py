"""The form of secrets: what cannot be a secret is refused, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sre_findings.model.errors import CredentialsInvalid
from sre_findings.model.secret_form import (
    BOT_TOKEN,
    SERVER_TOKEN,
    SIGNING_SECRET,
    SMTP_PASSWORD,
    SecretForm,
)
from sre_findings.settings import load

GOOD = {
    SIGNING_SECRET: "0123456789abcdef" * 2,
    BOT_TOKEN: "xoxb-1234567890-of-a-bot",
    SERVER_TOKEN: "sre_" + "a" * 43,
    SMTP_PASSWORD: "correct horse battery staple",
}
BLANK = ("", " ", "\n", "\t \r\n", "\0", "\u200b", "\u00a0")


@pytest.mark.parametrize(("form", "text"), GOOD.items())
def test_a_secret_of_its_form_is_returned(form: SecretForm, text: str) -> None:
    assert form.checked(text) == text


@pytest.mark.parametrize("form", GOOD)
@pytest.mark.parametrize("text", [*BLANK, None, 0, [], {}, b"0123456789abcdef" * 2])
def test_a_blank_or_other_value_is_not_a_secret(form: SecretForm, text: object) -> None:
    if form is SMTP_PASSWORD and text in ("\u200b", "\u00a0"):
        return  # a password of a mail server can have any visible or invisible letters
    with pytest.raises(CredentialsInvalid, match=form.what):
        form.checked(text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (form, found)
        for form, text in GOOD.items()
        for found in (f"{text}\n", f"\n{text}", f"{text}\0", text[:16] + "\r" + text[16:])
    ]
    + [(form, text[:9]) for form, text in GOOD.items() if form is not SMTP_PASSWORD]
    + [(SIGNING_SECRET, "x" * 31), (SIGNING_SECRET, "é" * 32), (BOT_TOKEN, "xoxp-" + "1" * 20)],
)
def test_a_malformed_secret_is_refused_without_any_of_it(form: SecretForm, text: str) -> None:
    with pytest.raises(CredentialsInvalid) as raised:
        form.checked(text)
    assert text.strip()[:9] not in str(raised.value)


@pytest.mark.parametrize("variable", ["SRE_TOKEN", "SRE_SMTP_PASSWORD", "SRE_SLACK_BOT_TOKEN"])
def test_a_blank_secret_in_the_environment_is_refused_at_start(
    variable: str, tmp_path: Path
) -> None:
    with pytest.raises(CredentialsInvalid, match="it is blank"):
        load({variable: "\n"}, tmp_path)
    assert load({variable: ""}, tmp_path).slack_bot_token == ""
