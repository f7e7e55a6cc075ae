"""Addresses are normalized to one form, and anything else is rejected."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from sre_findings.model.resources.addresses import address_of, addresses_text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "i-0",
        "10.0.0",
        "10.0.0.256",
        "010.0.0.1",
        "fe80::1%eth0",
        "%",
        "10.0.0.1/24",
        " 10.0.0.1",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert address_of(text) is None


def test_an_address_has_one_form() -> None:
    assert address_of("2001:DB8:0::0:1") == ip_address("2001:db8::1")
    assert addresses_text([]) is None
