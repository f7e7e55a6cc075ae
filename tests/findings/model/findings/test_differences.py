"""The comparison of two resources is a partition of what each has, and has two equal sides."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from tests.support.findings import FINDING

from sre_findings.model.findings.differences import differences, occurrences
from sre_findings.model.findings.finding import Finding, Package, is_open, worst_first

PACKAGES = st.builds(
    Package,
    name=st.sampled_from(["openssl", "curl", ""]),
    version=st.sampled_from(["1.0", "2.0", ""]),
    fixed_in=st.sampled_from(["3.0", None]),
)
FINDINGS = st.lists(
    st.builds(
        partial(replace, FINDING),
        finding_arn=st.uuids().map(str),
        vulnerability_id=st.sampled_from(["CVE-1", "CVE-2", "CVE-3", None]),
        severity=st.sampled_from(["CRITICAL", "LOW", "ODD"]),
        status=st.sampled_from(["ACTIVE", "SUPPRESSED", "CLOSED", "NEW"]),
        title=st.sampled_from(["Port 22 is reachable", None]),
        packages=st.lists(PACKAGES, max_size=3),
        kev=st.sampled_from([True, False, None]),
    ),
    max_size=6,
)


@given(FINDINGS, FINDINGS)
def test_each_open_vulnerability_is_on_one_side_or_on_both(
    first: list[Finding], second: list[Finding]
) -> None:
    found = differences(first, second)
    parts = [set(found.only_first), set(found.only_second), set(found.both)]
    assert parts[0] | parts[2] == set(occurrences(first))
    assert parts[1] | parts[2] == set(occurrences(second))
    assert sum(map(len, parts)) == len(set().union(*parts))


@given(FINDINGS, FINDINGS)
def test_the_sides_change_places_with_the_resources(
    first: list[Finding], second: list[Finding]
) -> None:
    one, other = differences(first, second), differences(second, first)
    assert (one.only_first, one.only_second) == (other.only_second, other.only_first)
    severities = [
        {key: each.finding.severity for key, each in found.both.items()} for found in (one, other)
    ]
    assert severities[0] == severities[1]


@given(FINDINGS)
def test_a_resource_does_not_differ_from_itself(findings: list[Finding]) -> None:
    found = differences(findings, findings)
    assert (found.only_first, found.only_second) == ({}, {})


@given(FINDINGS)
def test_only_open_findings_are_compared_worst_first(findings: list[Finding]) -> None:
    found = occurrences(findings)
    assert all(is_open(one.finding.status) for one in found.values())
    keys = [worst_first(one.finding) for one in found.values()]
    assert keys == sorted(keys)
    named = {
        one.vulnerability_id or one.title or one.finding_arn
        for one in findings
        if is_open(one.status)
    }
    assert {name for name, _ in found} == named
