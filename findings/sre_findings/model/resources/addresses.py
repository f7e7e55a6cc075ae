"""IP addresses, and how snapshots store them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(text: str) -> Address | None:
    """Parses an IP address; None for any other text.

    An address with a zone (``fe80::1%eth0``) gives None, because it is valid only on its own host.
    """
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def addresses_text(addresses: Sequence[str]) -> str | None:
    """The value of the column ``addresses``: a JSON list of strings, or None if it is empty."""
    return json.dumps(addresses, separators=(",", ":")) if addresses else None
