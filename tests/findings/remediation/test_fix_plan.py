"""The fix plan: few upgrades, KEV and then risk first; each line resolves exactly what it promises."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.findings.severity import OTHER, rank
from sre_findings.remediation.fix_plan import (
    CODE,
    FUNCTION,
    IMAGE,
    INSTANCE,
    Line,
    Need,
    Package,
    plan,
)
from sre_findings.remediation.version_order import newest, scheme_of
from sre_findings.rows.values import NOT_AVAILABLE

UBUNTU = "UBUNTU_22_04"


def need(*packages: str, key: int = 0, risk: float = 1, **changes: Any) -> Need:
    """Findings of Ubuntu instances that need packages: ``need("curl 8", key=1)``.

    Each package is written as name and version.
    """
    wanted = tuple(Package("OS", *text.split(" ", 1)) for text in packages)
    usual = Need(key, INSTANCE, UBUNTU, wanted, 1, 0, (0, 0, 0, 1, 0, 0, 0), risk)
    return replace(usual, **changes)


def names(line: Line) -> str:
    return " ".join(package.name for package in line.packages)


# --- properties, compared with a direct implementation of the rules

Upgrade = tuple[str, str, str]  # kind, platform, name
VERSIONS = st.sampled_from(["1", "2", "9", "10"])
PACKAGES = st.builds(Package, st.just("OS"), st.sampled_from("abcde"), VERSIONS)
UNFIXED = st.builds(
    Package, st.just("OS"), st.sampled_from("abcde"), st.sampled_from(["", NOT_AVAILABLE])
)
WANTED = st.one_of(
    st.lists(PACKAGES, max_size=3), st.lists(st.one_of(PACKAGES, UNFIXED), max_size=3)
).map(tuple)
COUNTS = st.tuples(*[st.integers(0, 3)] * 7)
NEEDS = st.lists(
    st.builds(
        Need,
        st.just(0),
        st.sampled_from([INSTANCE, IMAGE]),
        st.sampled_from([UBUNTU, "DEBIAN_12"]),
        WANTED,
        st.integers(1, 9),
        st.integers(0, 2),
        COUNTS,
        st.sampled_from([0, 0.1, 0.2, 0.3, 1, 1.5, 10]),
    ),
    max_size=9,
).map(lambda needs: [replace(one, key=key) for key, one in enumerate(needs)])


def removable(needs: Iterable[Need]) -> list[Need]:
    return [
        one
        for one in needs
        if one.packages and not {package.fixed_in for package in one.packages} & {"", NOT_AVAILABLE}
    ]


def wants(one: Need) -> frozenset[Upgrade]:
    return frozenset((one.kind, one.platform, package.name) for package in one.packages)


def best_candidate(open_needs: Sequence[Need], done: frozenset[Upgrade]) -> frozenset[Upgrade]:
    """The next line according to the rules, found by trying every candidate."""

    def merit(candidate: frozenset[Upgrade]) -> tuple[int, int, int, list[tuple[str, str, str]]]:
        gone = [one for one in open_needs if wants(one) <= done | candidate]
        risk = sum(round(one.risk * 10) for one in gone)
        named = sorted((name, platform, kind) for kind, platform, name in candidate)
        return -sum(one.kev for one in gone), -risk, len(candidate), named

    return min((wants(one) - done for one in open_needs), key=merit)


def taken(line: Line) -> frozenset[Upgrade]:
    return frozenset((line.kind, line.platform, package.name) for package in line.packages)


@given(NEEDS)
def test_every_line_is_the_best_candidate_given_the_lines_before(needs: list[Need]) -> None:
    left, done = removable(needs), frozenset[Upgrade]()
    for line in plan(needs):
        expected = best_candidate(left, done)
        assert taken(line) == expected
        done |= expected
        left = [one for one in left if not wants(one) <= done]
    assert left == []


def test_equal_upgrades_are_ordered_by_name_and_platform() -> None:
    ubuntu = need("a 1", "b 1", key=0, risk=0, kev=1)
    debian = need("a 2", "b 1", key=1, risk=0, kev=1, platform="DEBIAN_12")
    assert [line.platform for line in plan([ubuntu, debian])] == ["DEBIAN_12", UBUNTU]


@given(NEEDS)
def test_the_plan_is_the_smallest_set_of_upgrades_for_all_fixable_findings(
    needs: list[Need],
) -> None:
    upgrades = [
        (line.kind, line.platform, package.manager, package.name)
        for line in plan(needs)
        for package in line.packages
    ]
    needed = {
        (one.kind, one.platform, package.manager, package.name)
        for one in removable(needs)
        for package in one.packages
    }
    assert sorted(upgrades) == sorted(needed)


@given(NEEDS)
def test_carrying_out_the_lines_removes_exactly_what_each_one_promises(needs: list[Need]) -> None:
    """Every package starts at version 0. Versions are small numbers that Python compares."""
    installed = defaultdict[Upgrade, int](int)
    closed = set[int]()
    for line in plan(needs):
        for package in line.packages:
            installed[line.kind, line.platform, package.name] = int(package.fixed_in)
        now = {
            one.key
            for one in removable(needs)
            if all(
                installed[one.kind, one.platform, package.name] >= int(package.fixed_in)
                for package in one.packages
            )
        }
        assert now - closed == set(line.needs)
        closed = now
    assert closed == {one.key for one in removable(needs)}


@given(NEEDS)
def test_the_promises_of_the_lines_are_disjoint_and_add_up(needs: list[Need]) -> None:
    by_key = {one.key: one for one in needs}
    seen = [key for line in plan(needs) for key in line.needs]
    assert sorted(seen) == [one.key for one in removable(needs)]
    for line in plan(needs):
        parts = [by_key[key] for key in line.needs]
        assert list(line.needs) == sorted(line.needs)
        assert {(one.kind, one.platform) for one in parts} == {(line.kind, line.platform)}
        assert line.findings == sum(one.findings for one in parts)
        assert line.kev == sum(one.kev for one in parts)
        assert line.counts == tuple(sum(one.counts[place] for one in parts) for place in range(7))
        assert line.risk == pytest.approx(sum(one.risk for one in parts))


@given(NEEDS, st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_same_needs_give_the_same_plan_in_any_order(
    needs: list[Need], random: Random, count: int
) -> None:
    whole = plan(needs)
    random.shuffle(needs)
    assert plan(iter(needs)) == whole
    assert plan(needs, count) == whole[:count]


# --- the rules, one by one


def test_a_package_goes_once_to_the_newest_version_that_any_finding_wants() -> None:
    (line,) = plan(
        [need("curl 7.9-1", key=1), need("curl 7.10-1", key=2), need("curl 7.10-1~rc1", key=3)]
    )
    assert line.packages == (Package("OS", "curl", "7.10-1"),)
    assert line.needs == (1, 2, 3)


def test_findings_that_name_a_package_twice_want_its_newest_version_once() -> None:
    (line,) = plan([need("curl 9", "curl 10")])
    assert line.packages == (Package("OS", "curl", "10"),)


def test_a_finding_goes_only_with_the_last_of_its_packages() -> None:
    first, second = plan(
        [
            need("a 1", key=1, risk=5),
            need("a 1", "b 1", key=2, risk=1),
            need("c 1", key=3, risk=5.5),
        ]
    )
    assert (names(first), first.needs) == ("a b", (1, 2))
    assert (names(second), second.needs) == ("c", (3,))


def test_what_is_left_of_a_bundle_is_a_candidate_of_its_own() -> None:
    lines = plan(
        [
            need("a 1", key=1, risk=9),
            need("a 1", "b 1", key=2, risk=0),
            need("b 1", "c 1", key=3, risk=0),
        ]
    )
    assert [(names(line), line.needs) for line in lines] == [("a", (1,)), ("b", (2,)), ("c", (3,))]


def test_kev_findings_decide_then_risk_then_fewer_packages_then_names() -> None:
    needs = [need("d 1"), need("c 1", "e 1"), need("b 1", kev=1), need("a 1", risk=2), need("a1 1")]
    assert [names(line) for line in plan(needs)] == ["b", "a", "a1", "d", "c e"]


def test_one_kev_finding_counts_more_than_any_risk() -> None:
    kernel = need("kernel 6", risk=1e9)
    assert [names(line) for line in plan([kernel, need("sudo 1", kev=1, risk=1e-6)])] == [
        "sudo",
        "kernel",
    ]


def test_versions_that_cannot_be_compared_stay_upgrades_of_their_own() -> None:
    lines = plan(
        [
            need("a 2", key=1, risk=3),
            need("a 10", key=2),
            need("a latest", key=3),
            need("a latest", key=4),
        ]
    )
    assert [(line.packages[0].fixed_in, line.needs) for line in lines] == [
        ("10", (1, 2)),
        ("latest", (3, 4)),
    ]


def test_an_unknown_platform_promises_nothing_across_versions() -> None:
    lines = plan([need("a 1-1", key=1, platform=""), need("a 2-1", key=2, platform="")])
    assert [(line.packages[0].fixed_in, line.needs) for line in lines] == [
        ("1-1", (1,)),
        ("2-1", (2,)),
    ]


def test_the_same_name_of_another_manager_platform_or_kind_is_another_upgrade() -> None:
    pip = need(packages=(Package("PIP", "requests", "2"),))
    needs = [
        need("requests 1"),
        pip,
        need("requests 1", platform="DEBIAN_12"),
        need("requests 1", kind=IMAGE),
    ]
    assert len(plan(needs)) == 4


@pytest.mark.parametrize("unfixed", ["", NOT_AVAILABLE])
def test_what_has_no_fixed_version_is_in_no_line(unfixed: str) -> None:
    partly = need(packages=(Package("OS", "a", "1"), Package("OS", "b", unfixed)))
    assert plan([partly, need(), need("a 1", key=7)]) == plan([need("a 1", key=7)])


def test_no_needs_and_no_lines_asked_give_an_empty_plan() -> None:
    assert plan([]) == []
    assert plan([need("a 1")], 0) == []


@pytest.mark.parametrize(
    ("name", "boots"),
    [
        ("kernel", True),
        ("kernel6.12", True),
        ("kernel-core", True),
        ("kernel-uek", True),
        ("kernel-default", True),
        ("kernel-modules-extra", True),
        ("linux-image-aws", True),
        ("linux-image-4.15.0-1057-aws", True),
        ("linux-modules-5.15.0-1057-aws", True),
        ("linux-generic-hwe-22.04", True),
        ("kernel-headers", False),
        ("kernel-default-devel", False),
        ("kernel-rt-devel", False),
        ("kernel-tools", False),
        ("kernel-livepatch-5.10.130-118.517", False),
        ("linux-aws-headers-5.15.0", False),
        ("linux-firmware", False),
        ("linux-libc-dev", False),
        ("util-linux", False),
        ("curl", False),
    ],
)
def test_only_a_kernel_of_an_instance_wants_a_boot(name: str, boots: bool) -> None:
    assert [line.reboot for line in plan([need(f"{name} 1")])] == [boots]
    assert [line.reboot for line in plan([need(f"{name} 1", kind=IMAGE)])] == [False]
    assert [line.reboot for line in plan([need(packages=(Package("NPM", name, "1"),))])] == [False]
    assert [line.reboot for line in plan([need(f"{name} 1", "zsh 1")])] == [boots]


# --- real findings, in large numbers

KINDS = {
    "AWS_EC2_INSTANCE": INSTANCE,
    "AWS_ECR_CONTAINER_IMAGE": IMAGE,
    "AWS_LAMBDA_FUNCTION": FUNCTION,
}


def recorded_need(key: int, finding: Mapping[str, Any]) -> Need | None:
    resource = finding["resources"][0]
    details = finding.get("packageVulnerabilityDetails")
    if not isinstance(details, dict):
        return None
    platform = next(
        (kind["platform"] for kind in resource.get("details", {}).values() if kind.get("platform")),
        "",
    )
    packages = {Package(one["packageManager"], one["name"], one.get("fixedInVersion") or "")
                for one in details.get("vulnerablePackages", [])}  # fmt: skip
    place = rank(str(finding["severity"]))
    counts = tuple(int(place == other) for other in range(OTHER + 1))
    kind = KINDS.get(resource["type"], CODE)
    return Need(
        key, kind, platform, tuple(sorted(packages)), 1, 0, counts, float(10 ** (OTHER - place))
    )


def test_the_plan_of_the_recorded_findings_removes_every_one_that_names_a_fix(
    real_findings: list[Path],
) -> None:
    findings = [
        json.loads(line) for path in real_findings for line in path.read_text().splitlines()
    ]
    needs = [one for key, finding in enumerate(findings) if (one := recorded_need(key, finding))]
    lines = plan(needs)
    assert sum(line.findings for line in lines) == len(removable(needs)) > 150
    assert len(lines) < 60
    upgraded = {(line.kind, line.platform, package.manager, package.name): package.fixed_in
                for line in lines for package in line.packages}  # fmt: skip
    assert len(upgraded) == sum(len(line.packages) for line in lines)
    for one in removable(needs):
        for package in one.packages:
            best = upgraded[one.kind, one.platform, package.manager, package.name]
            assert (
                newest([best, package.fixed_in], scheme_of(package.manager, one.platform)) == best
            )
    assert [line for line in lines if line.platform == "AMAZON_LINUX" and line.reboot] == lines[:1]


@pytest.mark.timeout(60)  # half a second; trying every candidate at every line takes hours
def test_twenty_thousand_needs_over_three_thousand_packages_are_planned_at_once() -> None:
    random = Random(20_261_122)
    packages = [
        Package("OS", f"package-{number}", f"{number}.{random.randrange(9)}-1")
        for number in range(3000)
    ]
    needs = [
        need(
            key=key,
            packages=tuple(random.sample(packages, random.choice((1, 1, 1, 2, 3, 5)))),
            risk=random.random(),
        )
        for key in range(20_000)
    ]
    lines = plan(needs)
    assert sum(line.findings for line in lines) == 20_000
    assert len({package for line in lines for package in line.packages}) == sum(
        len(line.packages) for line in lines
    )
