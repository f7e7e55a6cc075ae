"""IP addresses, and the form in which a snapshot keeps them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(text: str) -> Address | None:
    """The address that a text is, None for any other text. Zones (``fe80::1%eth0``) mean nothing
    beyond their host."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def addresses_text(addresses: Sequence[str]) -> str | None:
    """What stands in the column ``addresses``: a JSON list of texts, or nothing."""
    return json.dumps(addresses, separators=(",", ":")) if addresses else None
