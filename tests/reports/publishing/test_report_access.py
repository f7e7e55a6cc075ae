"""Addresses of published reports, and the access that each requires.

Only valid forms within the reports folder are accepted.
"""

from __future__ import annotations

import posixpath
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sre_findings.model.access import ALL, EVERYTHING, Access
from sre_reports.publishing.report_access import Address, address
from sre_reports.publishing.report_files import (
    PAGE,
    ROOT,
    TYPES,
    is_day,
    slug,
)

ACCOUNTS, OWNERS = ("111122223333", "444455556666"), ("payments", "Team Ä/../b", "")
PARTS = st.sampled_from(
    [
        "2026-11-22",
        "owner",
        "account",
        "payments",
        "111122223333",
        "..",
        ".",
        "",
        "/",
        "\\",
        "%2e",
        "\0",
        *TYPES,
    ]
)
ACCESSES = st.builds(
    Access,
    st.frozensets(st.sampled_from([*ACCOUNTS, ALL])),
    st.frozensets(st.sampled_from([*OWNERS[:2], ALL])),
)


NEAR = st.tuples(st.just("2026-11-22"), st.sampled_from(["owner", "account"]), PARTS, PARTS).map(
    "/".join
)


@given(st.one_of(st.lists(PARTS, max_size=7).map("/".join), NEAR, st.text(max_size=60)))
def test_every_address_is_a_file_within_the_reports(path: str) -> None:
    found = address(path)
    if found is not None:
        assert posixpath.normpath(found.key) == found.key
        assert found.key.startswith(ROOT)
        assert posixpath.basename(found.key) in TYPES
        assert found.key == ROOT + path or found.key == ROOT + path + PAGE


@given(st.dates(min_value=date(1000, 1, 1)), st.text(max_size=80), st.sampled_from(sorted(TYPES)))
@example(date(2026, 11, 22), "a..b", "index.html")
def test_every_page_that_can_be_published_has_an_address(
    night: date, owner: str, name: str
) -> None:
    for folder in ("", f"owner/{slug(owner)}/", "account/111122223333/"):
        found = address(f"{night}/{folder}{name}")
        assert found
        assert found.key == f"{ROOT}{night}/{folder}{name}"


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_two_owners_share_a_folder(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)


@given(ACCESSES)
def test_a_report_requires_access_to_all_its_findings(access: Access) -> None:
    everywhere = [
        (account, owner)
        for account in (*ACCOUNTS, "999999999999")
        for owner in (*OWNERS[:2], "search", None)
    ]
    pages = {
        Address("2026-11-22", "", "", PAGE): everywhere,
        Address("", "", "", PAGE): everywhere,
        **{
            Address("2026-11-22", "owner", slug(owner), PAGE): [
                pair for pair in everywhere if pair[1] == owner
            ]
            for owner in OWNERS[:2]
        },
        **{
            Address("2026-11-22", "account", account, PAGE): [
                pair for pair in everywhere if pair[0] == account
            ]
            for account in ACCOUNTS
        },
    }
    for page, told in pages.items():
        assert page.is_open_to(access) == all(access.allows(*pair) for pair in told), page
        assert page.is_open_to(EVERYTHING)


@pytest.mark.parametrize(
    "text", ["", "2026-11-31", "20261122", "2026-W47-7", " 2026-11-22", "2026-11-22\n"]
)
def test_an_invalid_date_is_rejected(text: str) -> None:
    assert not is_day(text)
