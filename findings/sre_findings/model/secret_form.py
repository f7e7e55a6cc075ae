"""The form of each secret. A text of another form is no secret, and is refused before its use.

An empty or shortened secret is worse than none: everyone can sign with the empty key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sre_findings.model.errors import CredentialsInvalid


@dataclass(frozen=True, slots=True)
class SecretForm:
    """A kind of secret: its name in errors, its pattern, and the pattern in words."""

    what: str
    pattern: str
    words: str

    def checked(self, text: object) -> str:
        """Returns the secret. Raises CredentialsInvalid, which contains none of it, otherwise."""
        if isinstance(text, str) and re.fullmatch(self.pattern, text):
            return text
        raise CredentialsInvalid(
            f"the {self.what} is not valid",
            why=_why(text),
            do=f"It has {self.words}. Store it again, without spaces or line breaks.",
        )


def _why(text: object) -> str:
    """Returns what is wrong, without any part of the secret."""
    if not isinstance(text, str):
        return "it is not a text"
    if not text.strip():
        return "it is blank"
    spaced = any(letter.isspace() or not letter.isprintable() for letter in text)
    return "it contains spaces or control characters" if spaced else "it does not have its form"


SIGNING_SECRET = SecretForm(
    "Slack signing secret", "[0-9A-Za-z]{32,128}", "32 letters and digits or more"
)
BOT_TOKEN = SecretForm(
    "Slack bot token",
    r"(?:xoxe\.)?xoxb-[0-9A-Za-z-]{10,250}",
    "the prefix xoxb- and 10 or more letters, digits and hyphens",
)
SERVER_TOKEN = SecretForm(
    "token of the server", "[!-~]{20,8192}", "20 or more visible ASCII characters"
)
SMTP_PASSWORD = SecretForm(
    "SMTP password", r"(?=.*[^ ])[^\x00-\x1f\x7f]{1,1024}", "visible characters"
)
