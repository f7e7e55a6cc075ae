"""The well-known names of vulnerabilities."""

from __future__ import annotations

import re

import pytest

from sre_findings.model.findings.nicknames import _IDS, id_of


@pytest.mark.parametrize("typed", ["log4shell", "Log4Shell", "LOG4SHELL", " log4-shell "])
def test_a_name_is_found_however_it_is_written(typed: str) -> None:
    assert id_of(typed) == "CVE-2021-44228"


@pytest.mark.parametrize("typed", ["", "log4j", "log4shell2", "CVE-2021-44228"])
def test_other_texts_are_no_names(typed: str) -> None:
    assert id_of(typed) is None


def test_each_name_means_one_id() -> None:
    assert all(re.fullmatch(r"CVE-\d{4}-\d{4,}", one) for one in _IDS.values())
    assert len(set(_IDS.values())) == len(_IDS)
